// Time as the bureau reads it. The server's clock rules: a wrong clock on a desk changes no countdown.
import { gettext, el } from "./text.js";

const root = document.documentElement;
const began = performance.now();
const serverAtStart = Number(root.dataset.now) || Date.now();
const zone = root.dataset.zone || "Asia/Shanghai";

/** Milliseconds since 1970 UTC by the server's clock. */
export const now = () => serverAtStart + (performance.now() - began);

const parts = new Intl.DateTimeFormat("en-CA", {
  timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});

/** {year, month, day, hour, minute, second} as two-digit texts in the bureau's zone. */
export function fields(ms) {
  return Object.fromEntries(parts.formatToParts(ms).map((part) => [part.type, part.value]));
}

/** `2026-11-22 03:25:18`, or without seconds. */
export function bureauTime(ms, seconds = false) {
  const f = fields(ms);
  return `${f.year}-${f.month}-${f.day} ${f.hour}:${f.minute}${seconds ? `:${f.second}` : ""}`;
}

/** `03:25` or `03:25:18`. */
export function clockTime(ms, seconds = false) {
  const f = fields(ms);
  return `${f.hour}:${f.minute}${seconds ? `:${f.second}` : ""}`;
}

/** `11-21 03:25`. */
export function dayTime(ms) {
  const f = fields(ms);
  return `${f.month}-${f.day} ${f.hour}:${f.minute}`;
}

const two = (number) => String(number).padStart(2, "0");

/** A running clock `00:03:54`; from one day on in words; a sign when past due. */
export function digits(ms) {
  const sign = ms < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(ms) / 1000);
  if (whole >= 86400) {
    const words = gettext("%(days)s d %(hours)s h", { days: Math.floor(whole / 86400), hours: Math.floor(whole / 3600) % 24 });
    return sign + words;
  }
  return `${sign}${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** A span in one unit: `12 s`, `3 min`, `2 h`, `5 d`. */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return gettext("%(n)s s", { n: s });
  if (s < 3600) return gettext("%(n)s min", { n: Math.floor(s / 60) });
  if (s < 86400) return gettext("%(n)s h", { n: Math.floor(s / 3600) });
  return gettext("%(n)s d", { n: Math.floor(s / 86400) });
}

/** `12 s ago`. */
export const ago = (ms) => gettext("%(span)s ago", { span: span(now() - ms) });

function tickClock(node) {
  const left = Number(node.dataset.due) - now();
  const late = left < 0;
  const figure = node.querySelector("b");
  const text = digits(left);
  if (figure && figure.textContent !== text) figure.textContent = text;
  node.classList.toggle("over", late);
  node.classList.toggle("soon", !late && left < 600_000);
  const word = node.querySelector("em");
  if (late && !word) {
    node.append(el("em", "", gettext("Overdue")));
    node.dispatchEvent(new CustomEvent("anlan:overdue", { bubbles: true }));
  } else if (!late && word) word.remove();
  const bar = node.closest("[data-clock-bar]")?.querySelector("[data-clock-used]");
  if (bar && node.dataset.started) {
    const whole = Number(node.dataset.due) - Number(node.dataset.started);
    bar.style.width = `${Math.min(100, Math.max(0, 100 - (left / whole) * 100)).toFixed(1)}%`;
  }
}

function tickAge(node) {
  const text = ago(Number(node.dataset.ago));
  if (node.textContent !== text) node.textContent = text;
}

/** One round over everything that counts on this page. */
export function tick() {
  const text = bureauTime(now(), true);
  for (const node of document.querySelectorAll("[data-bureau-clock]")) node.textContent = text;
  for (const node of document.querySelectorAll("[data-due]")) tickClock(node);
  for (const node of document.querySelectorAll("[data-ago]")) tickAge(node);
}

/** Start counting: on the second, so that all clocks of a page turn together. */
export function startTicking() {
  const next = () => {
    tick();
    setTimeout(next, 1000 - (now() % 1000) + 5);
  };
  next();
}
