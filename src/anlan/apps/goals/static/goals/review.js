// The review by keyboard: the chosen draft is marked in the text; a decision swaps the clause and goes on to the next.
import { send, toast } from "../web/frame.js";
import { gettext } from "../web/text.js";

const list = document.querySelector("[data-review]");
const text = document.querySelector(".gtext");
const may = list?.hasAttribute("data-may");

const cards = () => [...list.querySelectorAll("[data-row]")];
const current = () => list.querySelector("[data-row].cur");

function show(card) {
  for (const mark of text.querySelectorAll("mark.on")) mark.classList.remove("on");
  const marks = card ? [...text.querySelectorAll(`mark[data-drafts~="${card.dataset.draft}"]`)] : [];
  for (const mark of marks) mark.classList.add("on");
  const place = marks[0] ?? (card && text.querySelector(`[data-text="${CSS.escape(card.closest("[data-clause]").dataset.clause)}"]`));
  if (!place) return;
  const box = place.getBoundingClientRect();
  const pane = text.getBoundingClientRect();
  if (box.top < pane.top + 40 || box.bottom > pane.bottom - 40) text.scrollTop += box.top - pane.top - pane.height / 3;
}

function choose(card) {
  for (const other of document.querySelectorAll("[data-row].cur")) other.classList.remove("cur");
  if (!card) return;
  card.classList.add("cur");
  card.scrollIntoView({ block: "nearest" });
  show(card);
}

/** The next undecided draft after a place in the list, else the first undecided one, else the one at the place. */
function goOn(at) {
  const all = cards();
  const open = (card) => card.classList.contains("proposed");
  choose(all.slice(at).find(open) ?? all.find(open) ?? all[Math.min(at, all.length - 1)]);
}

async function decide(url, data, card) {
  const at = cards().indexOf(card);
  const answer = await send(url, data);
  if (!answer?.ok) return;
  const said = await answer.json();
  list.querySelector(`[data-clause="${CSS.escape(said.clause)}"]`).outerHTML = said.cards;
  text.querySelector(`[data-text="${CSS.escape(said.clause)}"]`).outerHTML = said.text;
  document.querySelector("[data-decided]").textContent = said.decided;
  document.querySelector("[data-total]").textContent = said.total;
  const bar = document.querySelector("[data-bar]");
  bar.max = said.total;
  bar.value = said.decided;
  const force = document.querySelector("[data-force]");
  if (said.decided === said.total) force?.removeAttribute("aria-disabled");
  else force?.setAttribute("aria-disabled", "true");
  goOn(at);
}

function post(card, act) {
  const button = card.querySelector(`button[data-act="${act}"]`);
  if (button) decide(button.form.action, {}, card);
}

function merge(card) {
  const next = card.nextElementSibling;
  if (!next?.matches("[data-row]") || next.dataset.kind !== card.dataset.kind) {
    toast(gettext("Only a draft of the same kind in the same clause is merged."), { kind: "warning" });
    return;
  }
  decide(list.dataset.merge, { drafts: `${card.dataset.draft},${next.dataset.draft}` }, card);
}

function open(card, act) {
  const details = card.querySelector(`details[data-act="${act}"]`);
  if (!details) return;
  details.open = true;
  details.querySelector("input:not([type=hidden]), textarea, select")?.focus();
}

const KEYS = {
  Enter: (card) => post(card, "accept"),
  x: (card) => post(card, "reject"),
  u: (card) => post(card, "reopen"),
  e: (card) => open(card, "change"),
  s: (card) => open(card, "split"),
  m: merge,
};

if (list) {
  document.addEventListener("anlan:row", (event) => show(event.target));
  // Before the keys of every page, which would take the first button of any row.
  document.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    const card = current();
    if (!act || !may || !card || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, summary, a, dialog") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act(card);
  }, true);
  list.addEventListener("submit", (event) => {
    event.preventDefault();
    const card = event.target.closest("[data-row]");
    decide(event.target.action, Object.fromEntries(new FormData(event.target)), card);
  });
  list.addEventListener("keydown", (event) => {
    const details = event.target.closest("details[open]");
    if (event.key !== "Escape" || !details) return;
    details.open = false;
    event.target.blur();
  });
  list.addEventListener("click", (event) => {
    const card = event.target.closest("[data-row]");
    if (!card) return;
    if (event.target.closest('button[data-act="merge"]')) merge(card);
    else if (!event.target.closest("button, summary, input, textarea, select, label")) choose(card);
  });
  text.addEventListener("click", (event) => {
    const mark = event.target.closest("mark[data-drafts]");
    if (mark) choose(document.getElementById(`d-${mark.dataset.drafts.trim().split(" ")[0]}`));
  });
  const asked = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  const first = asked?.matches("[data-row]") ? asked : asked?.querySelector("[data-row]");
  if (first) choose(first);
  else goOn(0);
}
