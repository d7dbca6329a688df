// Single keys, explained by "?". Links and forms do the same without this file; people
// can switch the keys off (WCAG 2.1.4), and they never act while somebody types.

const PAGES = { o: "/", a: "/alerts", c: "/campaigns", f: "/families", p: "/posts", t: "/trends", s: "/sources" };
const PREFIX_MS = 1500;
let prefixUntil = 0;

const one = (selector) => document.querySelector(selector);
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
const anyChosen = () => one("[data-choose]:checked");

function current() {
  const all = rows();
  return all.find((row) => row === document.activeElement)
    ?? all.find((row) => row.getAttribute("aria-current") === "true");
}

function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const from = all.indexOf(current());
  const to = from < 0 ? 0 : Math.min(Math.max(from + step, 0), all.length - 1);
  all[to].focus();
  all[to].scrollIntoView({ block: "nearest" });
}

// A decision is about the alert that is shown; while another one is on its way, wait.
function whenShown(action) {
  if (one(".detail")?.inert) document.addEventListener("alert-shown", action, { once: true });
  else action();
}

function resolve() {
  const details = one("[data-resolve]");
  if (!details) return;
  details.open = true;
  details.querySelector("input[name=reason]").focus();
}

function choose() {
  const box = current()?.parentElement.querySelector("[data-choose]");
  if (!box) return;
  box.click();
  current()?.focus();
}

function leave() {
  const open = one("[data-resolve][open]");
  if (open) {
    open.removeAttribute("open");
    open.querySelector("summary").focus();
  } else if (anyChosen()) {
    one("#bulk").reset();
    one("#bulk").dispatchEvent(new Event("change", { bubbles: true }));
  } else if (document.activeElement?.matches("input, textarea, select")) {
    document.activeElement.blur();
  } else {
    current()?.focus();
  }
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  o: () => current()?.click(),
  x: choose,
  a: () => {
    if (anyChosen()) one("[data-bulk-acknowledge]").click();
    else whenShown(() => one("[data-acknowledge]")?.click());
  },
  e: () => {
    if (anyChosen()) one("#bulk select").focus();
    else whenShown(resolve);
  },
  u: () => whenShown(() => (one("#toast:not([hidden]) button") ?? one("[data-undo] button"))?.click()),
  g: () => { prefixUntil = Date.now() + PREFIX_MS; },
  ".": () => {
    const pill = one("#news a:not([hidden])");
    if (pill) pill.click();
    else if (one("#fresh:not([hidden])")) location.assign("/alerts");
  },
  "/": () => (one("main [type=search]") ?? one(".find input"))?.focus(),
  "?": () => one("#keys")?.showModal(),
};

function isTyping(target) {
  if (target.matches("input[type=radio], input[type=checkbox]")) return false;
  return target.matches("input, textarea, select") || target.isContentEditable;
}

// With the Korean layout on, the j key says "ㅓ": what counts is where the key lies.
function letter(event) {
  if (/^[!-~]$/.test(event.key)) return event.key;
  return /^Key[A-Z]$/.test(event.code) ? event.code[3].toLowerCase() : event.key;
}

function reasonByNumber(key) {
  const open = one("[data-resolve][open]");
  const radio = open?.querySelectorAll("input[name=reason]")[Number(key) - 1];
  radio?.click();
  radio?.focus();
  return Boolean(radio);
}

document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.keys === "off") return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (one("dialog[open]")) return;
  if (event.key === "Escape") {
    leave();
    return;
  }
  if (isTyping(event.target)) return;
  const key = letter(event);
  const goal = Date.now() < prefixUntil ? PAGES[key] : undefined;
  prefixUntil = 0;
  if (goal) location.assign(goal);
  else if (/^[1-9]$/.test(key) && reasonByNumber(key)) event.preventDefault();
  else if (key in actions) actions[key]();
  else return;
  event.preventDefault();
});
