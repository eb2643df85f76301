// The import wizard: a dropped file, columns that ask for a coordinate system, places of rows on the map.
import { css, emptyStyle, groundStyle } from "../desks/map-ground.js";
import { gettext } from "../web/text.js";

const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

// --- the file -------------------------------------------------------------------------------------------------------
const drop = $("[data-drop]");
if (drop) {
  const input = $("input[type=file]", drop);
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
  }
}

// --- columns --------------------------------------------------------------------------------------------------------
for (const form of $$("[data-auto]")) {
  form.addEventListener("change", (event) => {
    if (event.target.name === "sheet" && form.elements.header) form.elements.header.disabled = true;
    form.submit();
  });
}
const system = $("[data-system][data-if-columns]");
if (system) {
  const selects = $$("select[name^='col.']");
  const show = () => {
    system.hidden = !selects.some((one) => one.value === "lon" || one.value === "lat");
  };
  for (const one of selects) one.addEventListener("change", show);
  show();
}

// --- a row's place --------------------------------------------------------------------------------------------------
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-row-place]");
  if (!button) return;
  const form = button.form;
  const box = $(".placemap", form);
  box.hidden = !box.hidden;
  if (box.hidden || box.dataset.shown) return;
  box.dataset.shown = "1";
  const { placeMap } = await import("./place.js");
  const { lon, lat } = form.elements;
  let put = null;
  const set = (x, y) => {
    lon.value = x.toFixed(6);
    lat.value = y.toFixed(6);
    put?.(x, y);
  };
  put = await placeMap(box, { lon: Number.parseFloat(lon.value), lat: Number.parseFloat(lat.value), marked: false, onPlace: set });
});

// --- all places -----------------------------------------------------------------------------------------------------
const box = $("[data-places]");
if (box) {
  const [answer, ground, library] = await Promise.all([
    fetch(box.dataset.places, { credentials: "same-origin" }).then((one) => one.json()),
    fetch("/layers/ground.json", { credentials: "same-origin" }).then((one) => (one.ok ? one.json() : null)).catch(() => null),
    import(new URL("../vendor/maplibre-gl/maplibre-gl.mjs", import.meta.url).href),
  ]);
  $("[data-places-count]").textContent = gettext("%(n)s of %(all)s rows have a place", { n: answer.features.length, all: answer.rows });
  const map = new library.Map({ container: box, style: ground ? groundStyle(ground, "", ground.bounds) : emptyStyle(), center: [105, 35], zoom: 4, attributionControl: false, dragRotate: false, fadeDuration: 0 });
  map.addControl(new library.NavigationControl({ showCompass: false }));
  const bounds = new library.LngLatBounds();
  for (const one of answer.features) bounds.extend(one.geometry.coordinates);
  if (!bounds.isEmpty()) map.fitBounds(bounds, { padding: 40, maxZoom: 15, animate: false });
  map.on("load", () => {
    map.addSource("rows", { type: "geojson", data: answer });
    map.addLayer({ id: "rows", type: "circle", source: "rows", paint: { "circle-radius": 5, "circle-color": ["case", ["get", "open"], css("ink"), css("accent")], "circle-stroke-color": css("panel"), "circle-stroke-width": 1.5 } });
    map.on("click", "rows", (event) => {
      const { row, name, sort } = event.features[0].properties;
      const place = event.features[0].geometry.coordinates;
      new library.Popup({ closeButton: false }).setLngLat(place).setText(`${gettext("Row %(n)s", { n: row })} · ${name} · ${sort}`).addTo(map);
    });
  });
}
