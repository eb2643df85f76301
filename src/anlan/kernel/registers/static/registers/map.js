// The records that a list finds, on a map: tiles with the list's own filters, and a short card of the one clicked on.
import { css, emptyStyle, groundStyle, roadSigns } from "../desks/map-ground.js";
import { drawMissingImages, factsOf, openHeap, tileAddress, tileStyle, touched } from "../desks/map-tiles.js";
import { el, gettext } from "../web/text.js";
import { onEvent } from "../web/stream.js";

const SOURCE = "records";

async function begin(box) {
  const { ground: address, hillshade, tiles, spot, extent, query, register } = box.dataset;
  const answer = await fetch(address, { credentials: "same-origin" }).catch(() => null);
  const ground = answer?.ok ? await answer.json() : null;
  const library = await import(new URL("../vendor/maplibre-gl/maplibre-gl.mjs", import.meta.url).href);
  const bounds = (extent ? extent.split(",").map(Number) : ground?.bounds) ?? [73, 18, 135, 54];
  const style = () => (ground ? groundStyle(ground, hillshade ?? "", ground.bounds) : emptyStyle());
  const map = new library.Map({
    container: box, style: style(), bounds, fitBoundsOptions: { padding: 48, maxZoom: 14 }, attributionControl: false, dragRotate: false, pitchWithRotate: false, fadeDuration: 0, maxZoom: 18, minZoom: 4,
    localIdeographFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font").trim(),
  });
  map.touchZoomRotate?.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }));
  drawMissingImages(map);
  let turn = 0;
  const where = () => tileAddress(tiles, new URLSearchParams(`${query}${turn ? `&turn=${turn}` : ""}`));
  const install = () => {
    roadSigns(map, ground);
    map.addSource(SOURCE, { type: "vector", tiles: [where()], minzoom: 0, maxzoom: 16 });
    for (const layer of tileStyle(SOURCE, "mark")) map.addLayer(layer, layer.type === "fill" && map.getLayer("g-water") ? "g-water" : map.getLayer("g-town-names") ? "g-town-names" : undefined);
    map.addSource("chosen", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "chosen", type: "circle", source: "chosen", paint: { "circle-radius": 15, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": css("accent"), "circle-stroke-width": 3 } });
  };
  map.once("load", () => {
    install();
    map.once("idle", () => (box.dataset.ready = "1"));
  });
  document.body.addEventListener("anlan:theme", () => {
    map.setStyle(style(), { diff: false });
    map.once("style.load", install);
  });
  onEvent("record.changed", (event) => {
    if (event.data?.register !== register) return;
    turn += 1;
    map.getSource(SOURCE)?.setTiles([where()]);
  });
  pointer(map, box, spot);
  return map;
}

function pointer(map, box, spot) {
  const card = document.getElementById("rspot");
  const tip = el("div", "rtip");
  tip.hidden = true;
  box.append(tip);
  const under = (point, reach) => {
    const layers = touched(SOURCE).filter((id) => map.getLayer(id));
    return layers.length ? map.queryRenderedFeatures([[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]], { layers })[0] : null;
  };
  const choose = (place) => map.getSource("chosen")?.setData({ type: "FeatureCollection", features: place ? [{ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: place } }] : [] });
  const close = () => {
    card.hidden = true;
    choose(null);
  };
  map.on("mousemove", (event) => {
    const hit = under(event.point, 5);
    map.getCanvas().style.cursor = hit ? "pointer" : "";
    tip.hidden = !hit;
    if (!hit) return;
    tip.textContent = factsOf(hit).title;
    tip.style.left = `${event.point.x}px`;
    tip.style.top = `${event.point.y}px`;
  });
  map.on("mouseout", () => (tip.hidden = true));
  map.on("click", async (event) => {
    const hit = under(event.point, 8);
    if (!hit) return close();
    if (hit.properties.count !== undefined) return openHeap(map, hit);
    const answer = await fetch(spot.replace("/0/", `/${hit.properties.id}/`), { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) {
      card.replaceChildren(el("p", "sub", gettext("The details could not be loaded")));
    } else {
      card.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    }
    card.hidden = false;
    choose(hit.geometry.type === "Point" ? hit.geometry.coordinates : event.lngLat.toArray());
    return null;
  });
  card.addEventListener("click", (event) => event.target.closest("[data-close]") && close());
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
}

const box = document.getElementById("rmap");
if (box) {
  begin(box).catch((problem) => {
    console.warn("map:", problem);
    box.dataset.ready = "failed";
    box.replaceChildren(el("div", "state error", el("b", "", gettext("The map cannot be drawn here")), el("p", "", gettext("This browser has no WebGL, or it is switched off. Lists and cards work without it."))));
  });
}
