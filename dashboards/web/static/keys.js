// Single keys: j and k move, e resolves, u undoes, / searches, ? explains. Links and
// forms do the same without this file; people can switch the keys off (WCAG 2.1.4).

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);

function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const focused = all.indexOf(document.activeElement);
  const current = all.findIndex((row) => row.getAttribute("aria-current") === "true");
  const from = focused >= 0 ? focused : current;
  const to = from < 0 ? 0 : Math.min(Math.max(from + step, 0), all.length - 1);
  all[to].focus();
  all[to].scrollIntoView({ block: "nearest" });
}

function resolve() {
  const details = document.querySelector("[data-resolve]");
  if (!details) return;
  details.open = true;
  details.querySelector("input[name=reason]").focus();
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  e: resolve,
  u: () => document.querySelector("[data-undo]")?.querySelector("button")?.click(),
  "/": () => document.querySelector(".find input")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
};

function isTyping(target) {
  if (target.matches("input[type=radio]")) return false;
  return target.matches("input, textarea, select") || target.isContentEditable;
}

document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.keys === "off") return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    document.querySelector("[data-resolve][open]")?.removeAttribute("open");
    return;
  }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
