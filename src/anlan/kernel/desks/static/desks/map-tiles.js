// Vector tiles of registers: their marks, heaps, outlines and shaded cells, for the map desk and the maps of registers.
import { gettext } from "../web/text.js";
import { css, fonts } from "./map-ground.js";
import { ensureImages } from "./map-marks.js";

/** The address of tiles as the map's worker needs it: whole, with `query` (URLSearchParams) behind. */
export function tileAddress(path, query) {
  const text = query?.toString() ?? "";
  return `${location.origin}${path}${text ? `?${text}` : ""}`;
}

/** Draw the image of a mark when the first tile asks for it. Called once for each map. */
export function drawMissingImages(map) {
  map.setMissingStyleImageResolver(async (id) => {
    if (id.startsWith("mark|")) await ensureImages(map, [id]);
  });
}

const levelColour = () => ["match", ["get", "level"], 1, css("red"), 2, css("orange"), 3, css("yellow"), 4, css("blue"), css("ink-2")];

/**
 * Style layers over a vector source.
 * source   name of the source, also the beginning of the names of the layers
 * draw     "shade" for areas by their `share`, anything else for records
 * minzoom  from where they are shown
 */
export function tileStyle(source, draw, minzoom = 0) {
  if (draw === "shade") {
    const opacity = ["interpolate", ["linear"], ["zoom"], 8, ["*", 0.7, ["get", "share"]], 14, ["*", 0.55, ["get", "share"]]];
    return [{ id: `${source}-areas`, type: "fill", source, "source-layer": "areas", minzoom, paint: { "fill-color": css("accent"), "fill-opacity": opacity, "fill-outline-color": css("panel") } }];
  }
  const colour = levelColour();
  return [
    { id: `${source}-areas`, type: "fill", source, "source-layer": "areas", minzoom, paint: { "fill-color": colour, "fill-opacity": 0.22 } },
    { id: `${source}-edges`, type: "line", source, "source-layer": "areas", minzoom, paint: { "line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.6, 15, 1.6] } },
    { id: `${source}-lines`, type: "line", source, "source-layer": "lines", minzoom, layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 1.6, 14, 4] } },
    {
      id: `${source}-heaps`, type: "circle", source, "source-layer": "heaps", minzoom,
      paint: { "circle-radius": ["step", ["get", "count"], 11, 20, 13, 100, 16, 1000, 20], "circle-color": css("panel"), "circle-stroke-color": colour, "circle-stroke-width": 2.5 },
    },
    {
      id: `${source}-counts`, type: "symbol", source, "source-layer": "heaps", minzoom,
      layout: { "text-field": ["to-string", ["get", "count"]], "text-font": fonts(true), "text-size": 11, "text-allow-overlap": true, "text-ignore-placement": true },
      paint: { "text-color": css("ink") },
    },
    {
      id: source, type: "symbol", source, "source-layer": "marks", minzoom,
      layout: {
        "icon-image": ["concat", "mark|", ["get", "icon"], "|", ["to-string", ["get", "level"]], "|0"],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 8, 0.42, 10, 0.62, 12, 1], "icon-allow-overlap": true, "icon-ignore-placement": true,
        "symbol-sort-key": ["case", ["==", ["get", "level"], 0], 9, ["-", 0, ["get", "level"]]],
        "text-field": ["step", ["zoom"], "", 12.8, ["get", "title"]],
        "text-font": fonts(false), "text-size": 11, "text-anchor": "top", "text-offset": [0, 1], "text-optional": true, "text-max-width": 9, "text-line-height": 1.25,
      },
      paint: { "text-color": css("ink"), "text-halo-color": css("m-halo"), "text-halo-width": 1.5 },
    },
  ];
}

/** Names of the layers of a source that answer to the pointer, topmost first. */
export const touched = (source) => [source, `${source}-heaps`, `${source}-lines`, `${source}-areas`];

/** What the pointer is told of a feature of a tile. */
export function factsOf(feature) {
  const facts = feature.properties;
  return facts.count === undefined ? facts : { ...facts, title: gettext("%(n)s together; closer shows them", { n: facts.count }) };
}

/** Go closer to a heap until it comes apart. */
export function openHeap(map, feature) {
  map.easeTo({ center: feature.geometry.coordinates, zoom: Math.min(map.getZoom() + 2, 16), duration: 500 });
}
