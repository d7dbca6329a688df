// Tells what has come since the page was made: a pill on pages of alerts, a number beside
// "Alerts" and in the title on all. Nothing on the page moves by itself; new rows come when
// a person asks for them, by the pill or by ".". Of all tabs one listens to the stream and
// tells the others, because browsers open only few connections to one server.

const WAIT_MS = 1_000;
const AGAIN_MS = [5_000, 15_000, 60_000];
const NAMES = ["alert", "decision", "reset"];
const ONE_LISTENS = "jikimi-news";
const pill = document.getElementById("news");
const badge = document.getElementById("fresh");
const fresh = new Map();
let { place: standing = "", newest = "Infinity" } = document.body.dataset;
let last = standing;
let channel = null;
let isRemade = false;
let stream = null;
let tries = 0;

const alertsOf = (place) => Number(place.split("-")[0]);

function isOfThisList(alert) {
  const { ofState = "open", ofSeverity = "", ofSubject = "" } = document.querySelector(".list")?.dataset ?? {};
  return ["open", "all"].includes(ofState)
    && ["", alert.severity].includes(ofSeverity)
    && ["", alert.subject].includes(ofSubject);
}

function tell() {
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = fresh.size ? `(${fresh.size}) ${title}` : title;
  badge.textContent = `+${fresh.size}`;
  badge.hidden = fresh.size === 0;
  if (!pill) return;
  const n = [...fresh.values()].filter((one) => isOfThisList(one.alert)).length;
  const words = pill.querySelector("[data-said]");
  const said = isRemade ? words.dataset.remade : words.dataset.said.replace("{n}", n);
  pill.querySelector("a").hidden = n === 0 && !isRemade;
  if (words.textContent !== said) words.textContent = said;
}

function heard({ name, id, data }) {
  if (name === "reset") isRemade = true;
  if (name === "decision" && data.state !== "open") fresh.delete(data.alert_id);
  // Another tab may tell what this page already holds.
  if (name === "alert" && data.state === "open" && !(standing && alertsOf(id) <= alertsOf(standing))) {
    const isNew = data.revision === 1 || Date.parse(data.created_at) > Number(newest);
    if (isNew || fresh.has(data.alert_id)) fresh.set(data.alert_id, { id, alert: data });
  }
  document.dispatchEvent(new CustomEvent("news", { detail: { name, data } }));
  tell();
}

function rest() {
  stream?.close();
  stream = null;
}

function listen(isLeader) {
  rest();
  const query = new URLSearchParams({ follow: isLeader });
  if (last) query.set("since", last);
  stream = new EventSource(`/api/events?${query}`);
  for (const name of NAMES) {
    stream.addEventListener(name, (event) => {
      last = event.lastEventId;
      const message = { name, id: last, data: JSON.parse(event.data) };
      heard(message);
      if (isLeader) channel.postMessage(message);
    });
  }
  stream.addEventListener("place", (event) => {
    last = event.lastEventId;
    tries = 0;
    if (!isLeader) rest();
  });
  stream.addEventListener("error", () => {
    // When the line breaks the browser comes back by itself; when it is refused, we do.
    if (stream?.readyState !== EventSource.CLOSED) return;
    rest();
    const wait = AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)];
    tries += 1;
    if (isLeader) setTimeout(() => stream ?? listen(true), wait);
  });
}

function lead() {
  listen(true);
  return new Promise(() => {});
}

async function start() {
  channel = new BroadcastChannel(ONE_LISTENS);
  channel.addEventListener("message", ({ data }) => {
    last = data.id;
    heard(data);
  });
  if (navigator.locks) {
    await navigator.locks.request(ONE_LISTENS, { ifAvailable: true }, (lock) => lock && lead());
    // Another tab listens: ask for what came before it could tell us, and wait for its end.
    if (standing) listen(false);
    navigator.locks.request(ONE_LISTENS, lead);
  } else {
    // Without https browsers have no locks: whoever is looked at listens.
    const attend = () => (document.hidden ? rest() : listen(true));
    document.addEventListener("visibilitychange", attend);
    attend();
  }
}

if (badge) {
  document.addEventListener("alert-shown", tell);
  document.addEventListener("list-shown", ({ detail }) => {
    ({ place: standing, newest } = detail);
    isRemade = false;
    for (const [alert, one] of fresh) {
      if (alertsOf(one.id) <= alertsOf(standing)) fresh.delete(alert);
    }
    tell();
  });
  setTimeout(start, WAIT_MS);
}
