// A small still map with one mark, for pages that only say where something is.
import { levelColour, levelName } from "../web/text.js";
import { css, emptyStyle, groundStyle } from "./map-ground.js";

/** Draw the ground around a place in `box`; its data-ground and data-hillshade say where the ground is. */
export async function smallMap(box) {
  const { lon, lat, level, ground: address, hillshade } = box.dataset;
  const place = [Number(lon), Number(lat)];
  const answer = await fetch(address, { credentials: "same-origin" }).catch(() => null);
  const ground = answer?.ok ? await answer.json() : null;
  const library = await import(new URL("../vendor/maplibre-gl/maplibre-gl.mjs", import.meta.url).href);
  const style = ground ? groundStyle(ground, hillshade, ground.bounds) : emptyStyle();
  style.sources.here = { type: "geojson", data: { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: place } } };
  const colour = css(level ? levelName(Number(level)) : "accent");
  style.layers.push({
    id: "here", type: "circle", source: "here",
    paint: { "circle-radius": 7, "circle-color": colour, "circle-stroke-width": 2, "circle-stroke-color": css("panel") },
  });
  box.title = level ? levelColour(Number(level)) : "";
  return new library.Map({ container: box, style, center: place, zoom: 11.4, interactive: false, attributionControl: false, fadeDuration: 0 });
}
