// Offers fields and known values while a person types a query (ARIA combobox with a list).
// Without this file the box is a plain search field.

const WAIT_MS = 120;

function start(input) {
  const list = document.createElement("ul");
  list.id = `${input.id}-offers`;
  list.className = "offers";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.offers);
  list.hidden = true;
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  let offers = [];
  let current = -1;
  let asked = 0;
  let timer = 0;

  function close() {
    clearTimeout(timer);
    asked += 1;
    offers = [];
    current = -1;
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function point(to) {
    current = to;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === to)));
    if (to < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    input.setAttribute("aria-activedescendant", list.children[to].id);
    list.children[to].scrollIntoView({ block: "nearest" });
  }

  function take(offer) {
    const typed = [...input.value];
    const before = typed.slice(0, offer.start).join("") + offer.insert;
    const open = /[:<>=]$/.test(offer.insert);
    input.value = before + (open ? "" : " ") + typed.slice(offer.end).join("").trimStart();
    const caret = before.length + (open ? 0 : 1);
    input.setSelectionRange(caret, caret);
    close();
    input.focus();
    if (open) ask();
  }

  function show(found) {
    offers = found;
    current = -1;
    list.replaceChildren(
      ...found.map((offer, i) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${i}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.textContent = offer.insert;
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(offer);
        });
        return item;
      }),
    );
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    input.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    const mine = ++asked;
    // The server counts code points, the browser counts UTF-16 units.
    const at = [...input.value.slice(0, input.selectionStart)].length;
    const query = new URLSearchParams({ q: input.value, at: String(at) });
    try {
      const answer = await fetch(`${input.dataset.complete}?${query}`, {
        headers: { accept: "application/json" },
      });
      if (!answer.ok || answer.redirected) return;
      const found = await answer.json();
      if (mine === asked && document.activeElement === input) show(found);
    } catch {
      // The server is away; the box works without offers.
    }
  }

  input.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (event.isComposing) return;
    timer = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("compositionend", ask);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && list.hidden) {
      event.preventDefault();
      ask();
    } else if (list.hidden) {
      return;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      point(Math.min(Math.max(current + step, -1), offers.length - 1));
    } else if ((event.key === "Enter" || event.key === "Tab") && current >= 0) {
      event.preventDefault();
      take(offers[current]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
}

document.querySelectorAll("input[data-complete]").forEach(start);
