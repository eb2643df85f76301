// Lists and forms of registers: filters, columns, choosing rows, fields that name something, places on a map.
import { el, gettext } from "../web/text.js";
import "./tree.js";

const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

// --- filters ------------------------------------------------------------------------------------------------------
const picks = $$("[data-pick]");
for (const pick of picks) {
  pick.addEventListener("toggle", () => {
    if (!pick.open) return;
    for (const other of picks) if (other !== pick && !other.contains(pick)) other.open = false;
    $(".drop input:not([type=hidden])", pick)?.focus();
  });
}
document.addEventListener("click", (event) => {
  for (const pick of picks) if (pick.open && !pick.contains(event.target)) pick.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = picks.find((pick) => pick.open);
  if (!open) return;
  event.preventDefault();
  open.open = false;
  $("summary", open)?.focus();
});
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-narrow]")) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const row of event.target.parentElement.querySelectorAll(".opts > *")) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
  }
});

function written(field) {
  // What the address says of one filter, from its boxes or its two ends.
  const empty = $("input[type=radio]:checked", field);
  const alone = $("[data-low-only]", field);
  if (alone) return alone.value.trim();
  const low = $("[data-low]", field);
  if (low) {
    const high = $("[data-high]", field);
    return low.value || high.value ? `${low.value.trim()}..${high.value.trim()}` : "";
  }
  const boxes = $$("input[type=checkbox]:checked", field).map((box) => box.value);
  return boxes.length ? boxes.join(",") : (empty?.value ?? "");
}

for (const form of $$("[data-filters]")) {
  form.addEventListener("submit", () => {
    for (const field of $$("[data-field]", form)) {
      const hidden = $("input[type=hidden]", field);
      const pick = field.closest("[data-pick]");
      if (pick.open || field.dataset.touched) hidden.value = written(field);
    }
    for (const input of $$("input", form)) if (input.name.startsWith("_") || input.value === "") input.disabled = true;
  });
  form.addEventListener("change", (event) => {
    const field = event.target.closest("[data-field]");
    if (!field) return;
    field.dataset.touched = "1";
    if (event.target.type === "checkbox") for (const radio of $$("input[type=radio]", field)) radio.checked = false;
    if (event.target.type === "radio") for (const box of $$("input[type=checkbox]", field)) box.checked = false;
  });
  form.addEventListener("click", (event) => {
    const field = event.target.closest("[data-field]");
    if (!field) return;
    if (event.target.closest("[data-clear]")) {
      for (const box of $$("input:not([type=hidden])", field)) {
        if (box.type === "checkbox" || box.type === "radio") box.checked = false;
        else box.value = "";
      }
      field.dataset.touched = "1";
      form.requestSubmit();
    }
    const quick = event.target.closest("[data-set]");
    if (quick) {
      $("input[type=hidden]", field).value = quick.dataset.set;
      field.closest("[data-pick]").open = false;
      delete field.dataset.touched;
      form.requestSubmit();
    }
  });
}

// --- columns: ticked, and moved by mouse or keyboard ----------------------------------------------------------------
for (const box of $$("[data-columns]")) {
  const list = $(".opts", box);
  let held = null;
  list.addEventListener("dragstart", (event) => (held = event.target.closest("label")));
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("label");
    if (!held || !over || over === held) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    over[event.clientY < box.top + box.height / 2 ? "before" : "after"](held);
  });
  list.addEventListener("dragend", () => (held = null));
  list.addEventListener("keydown", (event) => {
    const row = event.target.closest("label");
    if (!row || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const other = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
    if (other) other[event.key === "ArrowUp" ? "before" : "after"](row);
    row.focus();
  });
  const go = (columns) => {
    const address = new URL(location.href);
    if (columns) address.searchParams.set("cols", columns);
    else address.searchParams.delete("cols");
    location.href = address;
  };
  $("[data-columns-apply]", box).addEventListener("click", () => go($$("input[type=checkbox]:checked", list).map((one) => one.value).join(",")));
  $("[data-columns-reset]", box).addEventListener("click", () => go(""));
}
$("[data-size]")?.addEventListener("change", (event) => {
  const address = new URL(location.href);
  address.searchParams.set("size", event.target.value);
  address.searchParams.delete("page");
  location.href = address;
});
document.addEventListener("click", (event) => {
  const head = event.target.closest("th a[data-more]");
  if (head && event.shiftKey) {
    event.preventDefault();
    location.href = head.dataset.more;
  }
  if (event.target.closest("[data-print]")) window.print();
});

// --- choosing rows --------------------------------------------------------------------------------------------------
for (const form of $$("[data-many]")) {
  const boxes = () => $$("tbody input[name=pk]", form);
  const bar = $("[data-bar]", form);
  const every = form.elements.all;
  const total = Number(form.dataset.total);
  let last = null;
  const show = () => {
    const chosen = boxes().filter((box) => box.checked);
    for (const box of boxes()) box.closest("tr").classList.toggle("picked", box.checked);
    const count = every.value === "1" ? total : chosen.length;
    bar.hidden = count === 0;
    $("[data-count]", bar).textContent = gettext("%(n)s chosen", { n: count });
    for (const button of $$("[data-two]", bar)) button.disabled = count !== 2;
    const page = $("[data-page]", form);
    page.checked = chosen.length === boxes().length;
    page.indeterminate = chosen.length > 0 && !page.checked;
  };
  const choose = (box, on, through) => {
    every.value = "0";
    const rows = boxes();
    if (through && last) {
      const [from, to] = [rows.indexOf(last), rows.indexOf(box)].sort((a, b) => a - b);
      for (const one of rows.slice(from, to + 1)) one.checked = on;
    } else box.checked = on;
    last = box;
    show();
  };
  form.addEventListener("click", (event) => {
    if (event.target.matches("input[name=pk]")) choose(event.target, event.target.checked, event.shiftKey);
    if (event.target.matches("[data-page]")) {
      every.value = "0";
      for (const box of boxes()) box.checked = event.target.checked;
      show();
    }
    if (event.target.closest("[data-all]")) {
      for (const box of boxes()) box.checked = true;
      every.value = "1";
      show();
    }
    if (event.target.closest("[data-none]")) none();
  });
  const none = () => {
    every.value = "0";
    for (const box of boxes()) box.checked = false;
    show();
  };
  form.addEventListener("submit", (event) => {
    const words = event.submitter?.dataset.askMany;
    const count = $("[data-count]", bar).textContent;
    if (words && !confirm(`${words} (${count})`)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = $("tr.cur", form);
    const box = row && $("input[name=pk]", row);
    if (event.key === "x" && box) choose(box, !box.checked, false);
    else if (event.shiftKey && event.key === "ArrowDown" && row) {
      event.preventDefault();
      choose(box, true, false);
      const next = row.nextElementSibling;
      if (next) {
        row.classList.remove("cur");
        next.classList.add("cur");
        choose($("input[name=pk]", next), true, false);
        next.scrollIntoView({ block: "nearest" });
      }
    } else if (event.key === "Escape" && !bar.hidden) none();
  });
  $("[data-field-choice]", form)?.addEventListener("change", (event) => {
    const where = $("[data-field-input]", form);
    where.replaceChildren();
    const address = `${event.target.dataset.fieldChoice}?field=${encodeURIComponent(event.target.value)}`;
    if (event.target.value) globalThis.htmx.ajax("GET", address, { target: where });
  });
  show();
}

// --- a field that names a record, a place or a person ---------------------------------------------------------------
let asked = 0;
async function offer(input) {
  const typed = input.value.trim();
  const mine = ++asked;
  close(input);
  if (!typed) return;
  await new Promise((done) => setTimeout(done, 160));
  if (mine !== asked) return;
  const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`).catch(() => null);
  if (mine !== asked || !answer?.ok) return;
  const { rows } = await answer.json();
  const list = el("div", "hits float");
  list.setAttribute("role", "listbox");
  for (const row of rows) {
    const button = el("button", "", el("span", "", row.words), el("span", "mut sm", row.note));
    button.type = "button";
    button.setAttribute("role", "option");
    button.dataset.value = row.value;
    button.dataset.words = row.words;
    list.append(button);
  }
  if (!rows.length) list.append(el("p", "none", gettext("Nothing fits what was typed")));
  input.closest("[data-named]").append(list);
  input.setAttribute("aria-expanded", "true");
}
function close(input) {
  $(".hits", input.closest("[data-named]"))?.remove();
  input.setAttribute("aria-expanded", "false");
}
function take(button) {
  const box = button.closest("[data-named]");
  const input = $("input", box);
  input.value = button.dataset.value;
  $("[data-hint]", box).textContent = button.dataset.words;
  close(input);
  input.focus();
}
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-named] input")) return;
  $("[data-hint]", event.target.closest("[data-named]")).textContent = "";
  if (event.target.dataset.suggest) offer(event.target);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest(".hits button");
  if (button) take(button);
  else for (const list of $$(".hits")) if (!list.parentElement.contains(event.target)) close($("input", list.parentElement));
});
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-named]");
  const list = box && $(".hits", box);
  if (!list) return;
  const rows = $$("button", list);
  const at = rows.findIndex((row) => row.classList.contains("cur"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    rows[at]?.classList.remove("cur");
    rows[(at + (event.key === "ArrowDown" ? 1 : rows.length - 1) + (at < 0 && event.key === "ArrowUp" ? 1 : 0)) % rows.length]?.classList.add("cur");
  } else if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    take(rows[at]);
  } else if (event.key === "Escape") {
    event.preventDefault();
    close($("input", box));
  }
});
document.addEventListener("change", (event) => {
  const from = event.target.closest("[data-suggest-from]");
  if (!from) return;
  const input = from.form.elements[from.dataset.suggestFrom];
  input.dataset.suggest = input.dataset.suggest.replace(/registers\/[^/]+\//, `registers/${from.value}/`);
  input.value = "";
});

// --- a place on the map ---------------------------------------------------------------------------------------------
for (const placer of $$("[data-placer]")) {
  const form = placer.closest("form");
  const [lon, lat] = [form.elements.lon, form.elements.lat];
  const where = $(".placemap", placer);
  let put = null;
  const set = (x, y) => {
    lon.value = x.toFixed(6);
    lat.value = y.toFixed(6);
    put?.(x, y);
  };
  $("[data-place]", placer).addEventListener("click", async () => {
    where.hidden = !where.hidden;
    if (where.hidden || put) return;
    const { placeMap } = await import("./place.js");
    const [x, y] = lon.value && lat.value ? [Number(lon.value), Number(lat.value)] : placer.dataset.at.split(",").map(Number);
    put = await placeMap(where, { lon: x, lat: y, marked: Boolean(lon.value && lat.value), onPlace: set });
  });
  $("[data-here]", placer).addEventListener("click", () => {
    navigator.geolocation?.getCurrentPosition(
      ({ coords }) => set(coords.longitude, coords.latitude),
      () => globalThis.anlan.toast(gettext("This device gives no position; set it on the map.")),
      { enableHighAccuracy: true, timeout: 10_000 },
    );
  });
}
