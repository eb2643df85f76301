// The curve of a point page: spans by button, earlier and later, and the last span kept up to date.
import { loadCurve } from "../web/chart.js";
import { onEvent } from "../web/stream.js";

const HOUR_MS = 3600e3;

/** The form that exports readings takes the span that is shown. */
function remember(hours, at) {
  const form = document.querySelector("form[data-export]");
  if (!form) return;
  form.elements.hours.value = String(hours);
  form.elements.at.value = at ? String(Math.round(at)) : "";
}

function start(el) {
  const exercise = el.dataset.live === "0";
  let hours = Number(el.dataset.hours) || 24;
  let at = Number(el.dataset.at) || 0; // the middle of the span; 0: the span that ends now
  let busy = false;

  const draw = async () => {
    if (busy) return;
    busy = true;
    const ask = new URLSearchParams({ hours: String(hours), n: String(Math.max(200, Math.min(1600, el.clientWidth * 2))) });
    if (at) ask.set("at", String(Math.round(at)));
    remember(hours, at);
    await loadCurve(el, `${el.dataset.curveUrl}?${ask}`);
    busy = false;
  };

  for (const button of document.querySelectorAll("button[data-hours]")) {
    button.addEventListener("click", () => {
      hours = Number(button.dataset.hours);
      for (const other of document.querySelectorAll("button[data-hours]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      draw();
    });
  }
  for (const button of document.querySelectorAll("button[data-move]")) {
    button.addEventListener("click", () => {
      const step = Number(button.dataset.move) * hours * HOUR_MS;
      const middle = (at || Date.now() - (hours * HOUR_MS) / 2) + step;
      at = !exercise && middle + (hours * HOUR_MS) / 2 >= Date.now() ? 0 : middle;
      draw();
    });
  }
  document.querySelector("button[data-now]")?.addEventListener("click", () => {
    at = 0;
    draw();
  });

  draw();
  if (exercise) return;
  // Not oftener than readings come, and not at all while nobody looks or the span lies in the past.
  const every = Math.max(5, Math.min(60, Number(el.dataset.period) || 60)) * 1000;
  setInterval(() => document.hidden || at || draw(), every);
  onEvent("alarm.", () => at || draw());
}

const curve = document.querySelector("[data-curve-url]");
if (curve) start(curve);
