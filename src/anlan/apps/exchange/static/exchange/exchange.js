// Curves of the catalogue, and the boxes of a subscription: all but personal, none, how many are ticked.
import { drawCurves } from "../web/chart.js";
import { gettext } from "../web/text.js";

function count(box) {
  const ticks = [...box.querySelectorAll("input[type=checkbox]")];
  const words = box.querySelector("[data-chosen]");
  const n = ticks.filter((tick) => tick.checked).length;
  words.textContent = gettext("%(n)s of %(all)s fields", { n, all: ticks.length });
}

for (const box of document.querySelectorAll("[data-fields]")) {
  box.addEventListener("change", () => count(box));
  box.addEventListener("click", (event) => {
    const how = event.target.closest("[data-tick]")?.dataset.tick;
    if (!how) return;
    for (const tick of box.querySelectorAll("input[type=checkbox]")) {
      tick.checked = how === "plain" && !("personal" in tick.dataset);
    }
    count(box);
  });
}
drawCurves();
