// Asks now and then whether alerts have come, and offers to show them. Nothing on the
// page moves by itself: what a person is reading stays where it is.

const EVERY_MS = 20_000;
const pill = document.getElementById("news");
let known = null;

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/pulse", { headers: { accept: "application/json" } });
    if (!answer.ok || answer.redirected) return;
    const { newest } = await answer.json();
    known ??= newest;
    pill.hidden = newest <= known;
  } catch {
    // The server is away; the page stays as it is.
  }
}

if (pill) {
  look();
  setInterval(look, EVERY_MS);
}
