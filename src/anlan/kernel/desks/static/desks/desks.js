// The duty desk and the chain page: curves, the batch bar, printing, the small map.
import { gettext } from "../web/text.js";
import { drawCurves } from "../web/chart.js";
import { smallMap } from "./map-small.js";

const boxes = () => [...document.querySelectorAll(".pickbox")];

function refreshBatch() {
  const strip = document.querySelector("[data-batch]");
  if (!strip) return;
  const chosen = boxes().filter((box) => box.checked).length;
  strip.hidden = chosen === 0;
  strip.querySelector("[data-batch-count]").textContent = gettext("%(n)s chosen", { n: chosen });
}

document.addEventListener("change", (event) => {
  if (event.target.matches(".pickbox")) refreshBatch();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-batch-all]")) {
    for (const box of boxes()) box.checked = true;
    refreshBatch();
  }
  if (event.target.closest("[data-print]")) print();
});

// The list is drawn anew by events; what was chosen stays chosen.
let kept = [];
document.addEventListener("htmx:beforeSwap", () => {
  kept = boxes().filter((box) => box.checked).map((box) => box.value);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const box of boxes()) box.checked = kept.includes(box.value);
  refreshBatch();
});

drawCurves();
for (const box of document.querySelectorAll("[data-minimap]")) smallMap(box);
