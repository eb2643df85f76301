// Maps of carriers and fences: a trail or a ground drawn from GeoJSON, and a map on which a fence is drawn.
import { gettext } from "../web/text.js";
import { bureauTime } from "../web/time.js";
import { css, emptyStyle, groundStyle } from "../desks/map-ground.js";

const nothing = { type: "FeatureCollection", features: [] };

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});

/** A map over the ground of the county; null where the browser cannot draw one. */
async function mapIn(box, options = {}) {
  try {
    const answer = await fetch("/layers/ground.json", { credentials: "same-origin" }).catch(() => null);
    const ground = answer?.ok ? await answer.json() : null;
    const library = await import(new URL("../vendor/maplibre-gl/maplibre-gl.mjs", import.meta.url).href);
    const style = ground ? groundStyle(ground, "", ground.bounds) : emptyStyle();
    const map = new library.Map({
      container: box, style, attributionControl: false, dragRotate: false, pitchWithRotate: false, fadeDuration: 0, canvasContextAttributes: { preserveDrawingBuffer: true },
      localIdeographFontFamily: css("font"), ...(ground ? { bounds: ground.bounds } : { center: [105, 35], zoom: 3 }), ...options,
    });
    map.addControl(new library.NavigationControl({ showCompass: false }));
    map.touchZoomRotate?.disableRotation();
    await new Promise((done) => map.once("load", done));
    return map;
  } catch (problem) {
    console.warn("map:", problem);
    box.classList.add("none");
    box.replaceChildren(gettext("The map cannot be drawn here"));
    return null;
  }
}

/** Sources and styles of trails, grounds and places. */
function drawn(map) {
  map.addSource("track", { type: "geojson", data: nothing });
  const kind = (name) => ["==", ["get", "kind"], name];
  const level = ["match", ["coalesce", ["get", "level"], 0], 1, css("red"), 2, css("orange"), 3, css("yellow"), 4, css("blue"), css("accent")];
  const add = (layer) => map.addLayer({ source: "track", ...layer });
  const fence = ["match", ["get", "fence"], "keep_out", css("ink-2"), css("accent")];
  add({ id: "fence", type: "fill", filter: kind("fence"), paint: { "fill-color": fence, "fill-opacity": 0.14 } });
  add({ id: "fence-line", type: "line", filter: kind("fence"), paint: { "line-color": fence, "line-width": 2, "line-dasharray": [3, 2] } });
  add({ id: "trail-edge", type: "line", filter: kind("trail"), layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": css("m-halo"), "line-width": 6 } });
  add({ id: "trail", type: "line", filter: kind("trail"), layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": css("accent"), "line-width": 3 } });
  add({ id: "doubt", type: "circle", filter: kind("doubt"), paint: { "circle-radius": 4, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": css("ink-2"), "circle-stroke-width": 1.5 } });
  add({ id: "corner", type: "circle", filter: kind("corner"), paint: { "circle-radius": 5, "circle-color": css("panel"), "circle-stroke-color": css("accent"), "circle-stroke-width": 2 } });
  add({ id: "last", type: "circle", filter: kind("last"), paint: { "circle-radius": 8, "circle-color": ["case", ["boolean", ["get", "old"], false], css("ink-2"), level], "circle-stroke-color": css("panel"), "circle-stroke-width": 2.5 } });
  return map.getSource("track");
}

const flat = (coordinates) => (typeof coordinates[0] === "number" ? [coordinates] : coordinates.flatMap(flat));

function fit(map, features) {
  const places = features.flatMap(({ geometry }) => flat(geometry.coordinates));
  if (!places.length) return;
  const [x, y] = [0, 1].map((side) => places.map((place) => place[side]));
  map.fitBounds([Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)], { padding: 40, maxZoom: 14, duration: 0 });
}

const words = (box) => box.parentElement.querySelector("[data-map-words]");

async function showTrail(box) {
  const map = await mapIn(box);
  const said = words(box);
  const source = map ? drawn(map) : null;
  let first = true;
  const load = async () => {
    const answer = await fetch(box.dataset.trail, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) {
      said.textContent = gettext("The trail could not be loaded; it is tried again.");
      return;
    }
    const data = await answer.json();
    source?.setData(data);
    if (first && map) fit(map, data.features.filter(({ properties }) => properties.kind !== "doubt"));
    first = false;
    const last = data.features.find(({ properties }) => properties.kind === "last" && properties.t);
    const doubted = data.features.filter(({ properties }) => properties.kind === "doubt").length;
    said.textContent = [
      last ? gettext("Last place %(time)s", { time: bureauTime(last.properties.t, true) }) : "",
      last?.properties.old ? gettext("grey: it is old") : "",
      doubted ? gettext("empty rings: places that were not believed (%(n)s)", { n: doubted }) : "",
    ].filter(Boolean).join(" · ");
    box.dataset.ready = "1";
  };
  await load();
  setInterval(() => document.hidden || load(), 15_000);
}

/** The form of a fence: clicks on the map write into its fields, and its fields are drawn. */
async function drawFence(form) {
  const box = form.querySelector("[data-draw]");
  const field = (name) => form.elements[name];
  const how = () => form.querySelector("[name=how]:checked")?.value ?? "draw";
  const corners = () => field("corners").value.split("\n").map((line) => line.trim().split(/[\s,，]+/).map(Number)).filter((place) => place.length === 2 && place.every(Number.isFinite));
  const map = await mapIn(box);
  const source = map ? drawn(map) : null;

  const ring = () => {
    const [lon, lat, radius] = ["lon", "lat", "radius_m"].map((name) => (field(name).value.trim() === "" ? NaN : Number(field(name).value)));
    if (![lon, lat, radius].every(Number.isFinite) || Math.abs(lat) > 89) return [];
    const north = radius / 110_574;
    const east = radius / (111_320 * Math.cos((lat * Math.PI) / 180));
    return Array.from({ length: 73 }, (_, i) => [lon + east * Math.cos((i * Math.PI) / 36), lat + north * Math.sin((i * Math.PI) / 36)]);
  };
  const paint = () => {
    for (const part of form.querySelectorAll("[data-how]")) part.hidden = part.dataset.how !== how();
    const places = how() === "draw" ? corners() : [];
    const outline = how() === "draw" ? (places.length > 2 ? [...places, places[0]] : []) : how() === "circle" ? ring() : [];
    const marks = how() === "circle" && outline.length ? [[Number(field("lon").value), Number(field("lat").value)]] : places;
    const features = marks.map((place) => ({ type: "Feature", properties: { kind: "corner" }, geometry: { type: "Point", coordinates: place } }));
    if (outline.length) features.unshift({ type: "Feature", properties: { kind: "fence", fence: field("kind").value }, geometry: { type: "Polygon", coordinates: [outline] } });
    source?.setData({ type: "FeatureCollection", features });
    form.dataset.corners = String(places.length);
  };
  map?.on("click", ({ lngLat }) => {
    const [lon, lat] = [lngLat.lng.toFixed(6), lngLat.lat.toFixed(6)];
    if (how() === "circle") {
      field("lon").value = lon;
      field("lat").value = lat;
      field("radius_m").value ||= "500";
    } else if (how() === "draw") field("corners").value = `${field("corners").value.trimEnd()}\n${lon}, ${lat}`.trimStart();
    paint();
  });
  form.querySelector("[data-undo-corner]").addEventListener("click", () => {
    field("corners").value = field("corners").value.trimEnd().split("\n").slice(0, -1).join("\n");
    paint();
  });
  form.addEventListener("input", paint);
  paint();
  box.dataset.ready = "1";
}

for (const box of document.querySelectorAll("[data-trail]")) showTrail(box);
for (const form of document.querySelectorAll("form[data-fence]")) drawFence(form);
