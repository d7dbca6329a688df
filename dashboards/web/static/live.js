// Brings the numbers of the live view up to date; rows stay where they are.
const EVERY_MS = 5000;
const label = document.getElementById("pause");
const box = label.querySelector("input");
const at = document.getElementById("at");
const number = new Intl.NumberFormat(document.documentElement.lang);

label.hidden = false;

async function update() {
  if (!box.checked || document.hidden) return;
  let told;
  try {
    const answer = await fetch("/live.json");
    if (!answer.ok) return;
    told = await answer.json();
  } catch {
    return; // It is away for a moment; what stands here keeps its time.
  }
  at.textContent = at.dateTime = told.at;
  const found = new Map(told.subjects.map((one) => [one.id, one]));
  for (const row of document.querySelectorAll("tr[data-subject]")) {
    const one = found.get(row.dataset.subject);
    if (!one) continue;
    for (const cell of row.querySelectorAll("[data-of]")) {
      cell.textContent = number.format(one[cell.dataset.of]);
    }
    row.querySelector("path").setAttribute("d", one.bars);
  }
}

setInterval(update, EVERY_MS);
