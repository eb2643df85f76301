// Areas of messages on a map, and an outline drawn for a draft.
import { gettext, levelName } from "../web/text.js";
import { css, emptyStyle, groundStyle } from "../desks/map-ground.js";

const feature = (geometry) => ({ type: "Feature", properties: {}, geometry });
const empty = { type: "FeatureCollection", features: [] };

async function mapIn(box, interactive) {
  const answer = await fetch(box.dataset.ground, { credentials: "same-origin" }).catch(() => null);
  const ground = answer?.ok ? await answer.json() : null;
  const library = await import(new URL("../vendor/maplibre-gl/maplibre-gl.mjs", import.meta.url).href);
  const style = ground ? groundStyle(ground, box.dataset.hillshade, ground.bounds) : emptyStyle();
  const options = { container: box, style, attributionControl: false, fadeDuration: 0, interactive };
  if (ground?.bounds) Object.assign(options, { bounds: ground.bounds, fitBoundsOptions: { padding: 12 } });
  const map = new library.Map(options);
  await new Promise((done) => map.once("load", done));
  return map;
}

function boundsOf(geometry) {
  let [west, south, east, north] = [180, 90, -180, -90];
  const walk = (part) => {
    if (typeof part[0] !== "number") return part.forEach(walk);
    west = Math.min(west, part[0]); east = Math.max(east, part[0]);
    south = Math.min(south, part[1]); north = Math.max(north, part[1]);
  };
  (geometry.geometries ?? [geometry]).forEach((one) => walk(one.coordinates));
  return [west, south, east, north];
}

function show(map, geometry, level) {
  const colour = css(level ? levelName(Number(level)) : "accent");
  map.addSource("area", { type: "geojson", data: geometry ? feature(geometry) : empty });
  map.addLayer({ id: "area", type: "fill", source: "area", paint: { "fill-color": colour, "fill-opacity": 0.18 } });
  map.addLayer({ id: "area-edge", type: "line", source: "area", layout: { "line-join": "round" }, paint: { "line-color": colour, "line-width": 2 } });
  map.addLayer({ id: "area-point", type: "circle", source: "area", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 6, "circle-color": colour } });
  const fit = () => map.fitBounds(boundsOf(geometry), { padding: 28, maxZoom: 12, animate: false });
  if (geometry) {
    fit();
    map.on("resize", fit);
  }
}

async function areaOf(box) {
  const answer = await fetch(box.dataset.area, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return;
  const { geometry, properties } = await answer.json();
  if (geometry) show(await mapIn(box, true), geometry, properties.level);
}

/** The outlines of a draft, written into the page as CAP writes them: latitude first. */
async function ringsOf(box) {
  const rings = [...box.querySelectorAll("[data-ring]")].map((one) => one.dataset.ring.trim().split(/\s+/).map((pair) => pair.split(",").map(Number).reverse()));
  box.replaceChildren();
  if (rings.length) show(await mapIn(box, true), { type: "MultiPolygon", coordinates: rings.map((ring) => [ring]) }, box.dataset.level);
}

/** Corners by click; the outline stands as GeoJSON in the field, which can be written by hand just as well. */
async function drawOn(box) {
  const field = document.querySelector(box.dataset.draw);
  const map = await mapIn(box, true);
  let corners = [];
  const written = () => {
    try {
      const said = JSON.parse(field.value);
      return said.type === "Feature" ? said.geometry : said;
    } catch {
      return null;
    }
  };
  const chosen = () => document.querySelector("input[name=level]:checked")?.value;
  show(map, written(), chosen());
  map.addSource("corners", { type: "geojson", data: empty });
  map.addLayer({ id: "corners-line", type: "line", source: "corners", paint: { "line-color": css("accent"), "line-width": 2, "line-dasharray": [2, 1] } });
  map.addLayer({ id: "corners", type: "circle", source: "corners", paint: { "circle-radius": 4, "circle-color": css("accent"), "circle-stroke-color": css("panel"), "circle-stroke-width": 1 } });
  const draw = () => {
    const marks = corners.map((coordinates) => feature({ type: "Point", coordinates }));
    if (corners.length > 1) marks.push(feature({ type: "LineString", coordinates: corners }));
    map.getSource("corners").setData({ type: "FeatureCollection", features: marks });
  };
  const redraw = () => {
    const geometry = written();
    map.getSource("area").setData(geometry?.coordinates ? feature(geometry) : empty);
  };
  map.on("click", (event) => {
    corners.push([Number(event.lngLat.lng.toFixed(5)), Number(event.lngLat.lat.toFixed(5))]);
    draw();
  });
  document.querySelector("[data-draw-close]").addEventListener("click", () => {
    if (corners.length < 3) {
      box.title = gettext("An outline has at least three corners");
      return;
    }
    field.value = JSON.stringify({ type: "Polygon", coordinates: [[...corners, corners[0]]] });
    corners = [];
    draw();
    redraw();
  });
  document.querySelector("[data-draw-clear]").addEventListener("click", () => {
    corners = [];
    field.value = "";
    draw();
    redraw();
  });
  field.addEventListener("change", redraw);
}

for (const box of document.querySelectorAll("[data-area]")) areaOf(box);
for (const box of document.querySelectorAll("[data-alert-shapes]")) ringsOf(box);
for (const box of document.querySelectorAll("[data-draw]")) drawOn(box);
