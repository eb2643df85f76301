// The editor of a rule: fields of the chosen condition, and the history of a point behind the limits of the form.
import { renderCurve } from "../web/chart.js";
import { gettext } from "../web/text.js";

const form = document.getElementById("rule-form");
const box = form.querySelector("[data-rule-curve]");
const sample = form.querySelector("[data-sample]");
const count = form.querySelector("[data-count]");
const LEVELS = { limit_4: 4, limit_3: 3, limit_2: 2, limit_1: 1 };
let history = null;

const kind = () => form.elements.type.value;
const number = (name) => {
  const text = form.elements[name]?.value.trim() ?? "";
  return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
};

/** Only the fields of the chosen condition are shown; the others are not sent. */
function arrange() {
  const ladder = form.dataset.ladders.split(" ").includes(kind());
  const several = kind() === "together" || kind() === "vote";
  const own = new Set((form.getAttribute(`data-fields-${kind()}`) ?? "").split(" "));
  const always = new Set(["type", "inhibits", "begin", "end"]);
  const withLadder = new Set(["direction", ...Object.keys(LEVELS), "deadband", "on", "off"]);
  for (const label of form.querySelectorAll(".pmain [data-field]")) {
    const name = label.dataset.field;
    if (label.closest("[data-part='points']")) continue;
    const shown = always.has(name) || own.has(name) || (ladder && withLadder.has(name));
    label.hidden = !shown;
    for (const input of label.querySelectorAll("input, select, textarea")) input.disabled = !shown;
  }
  for (const line of form.querySelectorAll(".rline")) {
    const labels = [...line.querySelectorAll("[data-field]")];
    if (labels.length && !line.closest("details")) line.hidden = labels.every((label) => label.hidden);
  }
  form.querySelector("[data-part='points']").hidden = several;
  for (const part of form.querySelectorAll("[data-choose]")) part.hidden = part.dataset.choose !== form.elements.choose.value;
}

/** The limits of the form that are values of the point itself. */
function limits() {
  const side = form.elements.direction.value || "high";
  if (kind() === "level") {
    return Object.entries(LEVELS)
      .map(([name, level]) => ({ level, value: number(name), direction: side }))
      .filter((limit) => limit.value !== null);
  }
  const level = Number(form.elements.severity.value) || 4;
  if (kind() === "crossings") return number("limit") === null ? [] : [{ level, value: number("limit"), direction: "high" }];
  if (kind() === "implausible") {
    return [{ level, value: number("low"), direction: "low" }, { level, value: number("high"), direction: "high" }]
      .filter((limit) => limit.value !== null);
  }
  return [];
}

function draw() {
  if (history) renderCurve(box, { ...history, limits: limits() });
}

async function load() {
  const point = sample.value;
  history = null;
  if (!point) {
    box.dataset.empty = gettext("Choose points to see their history");
    return;
  }
  const url = form.dataset.curve.replace("/0.json", `/${point}.json`);
  try {
    const answer = await fetch(`${url}?hours=720&n=1200`, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    history = await answer.json();
    delete box.dataset.empty;
    draw();
  } catch {
    box.dataset.empty = gettext("The curve could not be loaded");
  }
}

async function offer() {
  const ask = new URLSearchParams({ region: form.elements.region.value });
  if (kind() === "together") ask.set("points", form.elements.members.value.split("\n").map((line) => line.trim().split(/\s/)[0]).join(" "));
  else if (kind() === "vote") ask.set("points", form.elements.voters.value);
  else if (form.elements.choose.value === "points") ask.set("points", form.elements.points.value);
  else {
    for (const option of form.elements.kinds.selectedOptions) ask.append("kinds", option.value);
    ask.set("site", form.elements.site.value);
  }
  const answer = await fetch(`${form.dataset.points}?${ask}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { n, points } = await answer.json();
  const before = sample.value;
  sample.replaceChildren(...points.map((point) => new Option(point.words, point.id)));
  if (points.some((point) => String(point.id) === before)) sample.value = before;
  count.textContent = gettext("of %(n)s points", { n });
  if (sample.value !== before || !history) load();
}

let waiting = 0;
form.addEventListener("input", (event) => {
  arrange();
  draw();
  const name = event.target.name;
  if (["kinds", "site", "points", "region", "choose", "members", "voters", "type"].includes(name)) {
    clearTimeout(waiting);
    waiting = setTimeout(offer, 400);
  }
});
sample.addEventListener("change", load);
arrange();
offer();
