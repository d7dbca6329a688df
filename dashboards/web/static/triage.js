// Alerts on a wide screen: moving through the list shows each alert beside it, and
// deciding goes on to the next one. Rows stay where they are until a person asks for new
// ones. Without this file, and on a phone, links and forms do the same page by page.

const REST_MS = 120;
const wide = matchMedia("(min-width: 821px)");
const list = document.querySelector(".list");
const toast = document.getElementById("toast");
let asked = null;
let timer = 0;

const detail = () => document.querySelector(".detail");
const rows = () => [...list.querySelectorAll("[data-row]")];

// The pages forbid turning text into markup; a request may still answer with a document,
// whose scripts never run.
function ask(method, address, body) {
  asked?.abort();
  const request = new XMLHttpRequest();
  asked = method === "GET" ? request : null;
  return new Promise((tell, fail) => {
    request.open(method, address);
    request.responseType = "document";
    request.onload = () => tell({
      ok: request.status < 400,
      page: request.responseXML,
      url: request.responseURL,
      redirected: new URL(request.responseURL).pathname !== new URL(address).pathname,
    });
    request.onerror = () => fail(new Error("no answer"));
    request.send(body);
  });
}

function markCurrent(row) {
  for (const other of rows()) other.removeAttribute("aria-current");
  row?.setAttribute("aria-current", "true");
}

function updateCounts(page) {
  for (const fresh of page.querySelectorAll("[data-count]")) {
    const shown = document.querySelector(`[data-count="${CSS.escape(fresh.dataset.count)}"]`);
    if (shown) shown.textContent = fresh.textContent;
  }
}

function put(page, address) {
  const fresh = page.querySelector(".detail");
  if (!fresh) return false;
  detail().replaceWith(document.adoptNode(fresh));
  document.body.className = page.body.className;
  document.title = page.title;
  history.replaceState(null, "", address);
  for (const back of document.querySelectorAll(".prefs [name=back]")) {
    back.value = location.pathname + location.search;
  }
  document.dispatchEvent(new Event("alert-shown"));
  return true;
}

async function show(row) {
  clearTimeout(timer);
  markCurrent(row);
  detail().inert = true;
  const answer = await ask("GET", row.href).catch(() => null);
  // Logged out, or the alert is gone: let the page itself say so.
  if (!answer?.ok || answer.redirected || !put(answer.page, row.href)) {
    location.assign(row.href);
  }
}

function say(text, undo) {
  toast.querySelector("p").textContent = text;
  toast.querySelector("form")?.remove();
  if (undo) toast.append(document.adoptNode(undo));
  toast.hidden = false;
}

function next(row) {
  const all = rows();
  const at = all.indexOf(row);
  const waits = (other) => other !== row && !("decided" in other.dataset);
  return all.slice(at + 1).find(waits) ?? all.slice(0, at).reverse().find(waits);
}

async function send(form, button) {
  clearTimeout(timer);
  detail().inert = true;
  const body = new URLSearchParams(new FormData(form, button));
  const answer = await ask("POST", form.action, body).catch(() => null);
  if (!answer) refuse(toast.dataset.away);
  else if (answer.page?.querySelector(".detail")) settled(answer, answer.page, form);
  // A refusal is a page with one sentence; the session may also be over.
  else if (answer.ok) location.assign(answer.url);
  else refuse(answer.page?.querySelector("h1")?.textContent ?? toast.dataset.away);
}

function refuse(text) {
  say(text);
  detail().inert = false;
}

function settled(answer, page, form) {
  const path = new URL(form.action).pathname.replace(/\/[^/]*$/, "");
  const row = rows().find((one) => new URL(one.href).pathname === path);
  const verdict = page.querySelector("[data-state]");
  updateCounts(page);
  if (!answer.ok || !row) {
    put(page, row?.href ?? path);
    return;
  }
  const note = row.querySelector("[data-row-state]");
  note.textContent = verdict.dataset.state;
  const open = verdict.hasAttribute("data-open");
  row.toggleAttribute("data-decided", !open);
  const box = row.parentElement.querySelector("[data-choose]");
  if (box) box.value = `${box.value.split(":", 1)[0]}:${verdict.dataset.decision}`;
  say(verdict.dataset.said, open ? null : page.querySelector("[data-undo]"));
  const goal = open ? row : next(row);
  if (!goal || goal === row) put(page, row.href);
  markCurrent(goal ?? row);
  (goal ?? row).focus({ preventScroll: true });
  (goal ?? row).scrollIntoView({ block: "nearest" });
  if (goal && goal !== row) show(goal);
}

const idOf = (row) => decodeURIComponent(row.pathname.split("/").at(-1));

// New rows, and what became of the others. The alert that is shown stays, and with it
// what a person chose or wrote.
async function renew() {
  const answer = await ask("GET", location.href).catch(() => null);
  const page = answer?.page;
  if (!answer?.ok || answer.redirected || !page?.querySelector(".list")) {
    location.reload();
    return;
  }
  const known = new Set(rows().map(idOf));
  const shown = rows().find((row) => row.getAttribute("aria-current") === "true");
  const focused = document.activeElement.closest?.(".list [data-row]");
  const picked = [...list.querySelectorAll("[data-choose]:checked")].map((box) => box.value.split(":", 1)[0]);
  const written = new FormData(document.getElementById("bulk"));
  for (const part of [document.querySelector(".views"), list]) {
    const fresh = document.adoptNode(page.querySelector(part.matches(".list") ? ".list" : ".views"));
    part.replaceChildren(...fresh.childNodes);
  }
  const again = (row) => row && rows().find((other) => idOf(other) === idOf(row));
  for (const row of rows()) row.toggleAttribute("data-fresh", !known.has(idOf(row)));
  for (const box of list.querySelectorAll("[data-choose]")) box.checked = picked.includes(box.value.split(":", 1)[0]);
  for (const field of list.querySelectorAll(".bulk input, .bulk select")) field.value = written.get(field.name) ?? "";
  if (shown) markCurrent(again(shown));
  again(focused)?.focus({ preventScroll: true });
  list.querySelector("[data-fresh]")?.scrollIntoView({ block: "nearest" });
  choice();
  document.dispatchEvent(new CustomEvent("list-shown", { detail: { ...page.body.dataset } }));
}

// Somebody else decided, or the same person in another tab.
function decidedElsewhere({ alert_id, state }) {
  const row = rows().find((one) => idOf(one) === alert_id);
  if (!row) return;
  row.querySelector("[data-row-state]").textContent = list.dataset[state] ?? "";
  row.toggleAttribute("data-decided", state !== "open");
}

function choice() {
  const n = list.querySelectorAll("[data-choose]:checked").length;
  const said = list.querySelector("[data-chosen]");
  if (said) said.textContent = n ? String(n) : "";
}

if (list && toast) {
  list.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || !wide.matches || row.getAttribute("aria-current") === "true") return;
    if (!row.matches(":focus-visible")) return;
    markCurrent(row);
    detail().inert = true;
    clearTimeout(timer);
    timer = setTimeout(() => show(row), REST_MS);
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (row.pathname === location.pathname && !detail().inert) {
      detail().querySelector("h2")?.focus();
    } else {
      show(row);
    }
  });
  list.addEventListener("change", choice);
  document.addEventListener("submit", (event) => {
    if (!wide.matches || !event.target.closest(".detail, #toast")) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  document.getElementById("news").addEventListener("click", (event) => {
    event.preventDefault();
    renew();
  });
  document.addEventListener("news", ({ detail }) => {
    if (detail.name === "decision") decidedElsewhere(detail.data);
  });
  choice();
}
