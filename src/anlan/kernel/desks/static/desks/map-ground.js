// The ground of the map: hillshade, water, roads, buildings, borders and names, all drawn from our own files.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const collection = (value) => value?.type === "FeatureCollection" ? value : { type: "FeatureCollection", features: value?.features ?? value ?? [] };

/** Names of fonts for labels: no glyph server, the browser's own fonts are used. */
const fonts = (bold) => css("font").split(",").map((name) => name.trim().replaceAll('"', "") + (bold ? " Bold" : "")).slice(0, 5);

const PARTS = ["mask", "county", "towns", "villages", "water", "rivers", "roads", "buildings", "labels"];

/** The style of an empty map: paper and nothing else. */
export const emptyStyle = () => ({ version: 8, sources: {}, layers: [{ id: "paper", type: "background", paint: { "background-color": css("m-paper") } }] });

/** Every point of the county's box as image corners. */
const corners = ([w, s, e, n]) => [[w, n], [e, n], [e, s], [w, s]];

const grow = (...stops) => ["interpolate", ["exponential", 1.5], ["zoom"], ...stops];

/**
 * The style for a ground file.
 * ground     the parsed ground.json, or null
 * hillshade  address of the shading for this theme, or ""
 * bounds     [west, south, east, north]
 */
export function groundStyle(ground, hillshade, bounds) {
  const style = emptyStyle();
  const dark = document.documentElement.dataset.theme === "dark";
  const add = (layer) => style.layers.push(layer);
  if (hillshade && bounds) {
    style.sources.hillshade = { type: "image", url: hillshade, coordinates: corners(ground?.hillshade?.bounds ?? ground?.hillshade_bounds ?? bounds) };
    add({ id: "hillshade", type: "raster", source: "hillshade", paint: { "raster-opacity": dark ? 0.9 : 1, "raster-fade-duration": 0, "raster-resampling": "linear" } });
  }
  if (!ground) return style;
  const data = ground.layers ?? ground;
  for (const part of PARTS) if (data[part]) style.sources[`g-${part}`] = { type: "geojson", data: collection(data[part]), tolerance: 0.3 };
  const has = (part) => Boolean(data[part]);
  const halo = { "text-halo-color": css("m-halo"), "text-halo-width": 1.6, "text-halo-blur": 0.4 };
  if (has("water")) {
    add({ id: "g-water", type: "fill", source: "g-water", paint: { "fill-color": css("m-water") } });
  }
  if (has("rivers")) {
    add({
      id: "g-rivers", type: "line", source: "g-rivers", layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": css("m-water"), "line-width": ["interpolate", ["exponential", 1.5], ["zoom"],
        8, ["*", 0.5, ["coalesce", ["get", "width"], 2]], 11, ["coalesce", ["get", "width"], 2], 15, ["*", 4.5, ["coalesce", ["get", "width"], 2]]] },
    });
  }
  if (has("buildings")) {
    add({ id: "g-buildings", type: "fill", source: "g-buildings", minzoom: 9.2, paint: { "fill-color": css("m-building"), "fill-opacity": ["interpolate", ["linear"], ["zoom"], 9.2, 0.55, 12, 0.9] } });
  }
  if (has("roads")) {
    const kind = ["coalesce", ["get", "class"], ["get", "kind"], "county"];
    const main = ["match", kind, ["main", "provincial", "highway", "national"], true, false];
    const minor = ["match", kind, ["minor", "village"], true, false];
    const width = (m, r, v) => ["case", main, m, minor, v, r];
    const line = (id, colours, widths, filter) => add({
      id, type: "line", source: "g-roads", filter, layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": colours, "line-width": grow(8, widths[0], 11, widths[1], 15, widths[2]) },
    });
    const edge = ["case", main, css("m-main-edge"), css("m-road-edge")];
    const fill = ["case", main, css("m-main"), css("m-road")];
    line("g-roads-edge", edge, [width(2.4, 1.4, 0.6), width(4.8, 3.4, 2), width(15, 11, 7)], ["has", "class"]);
    line("g-roads", fill, [width(1.2, 0.7, 0.2), width(3, 2, 1), width(12, 8.5, 5)], ["has", "class"]);
    style.layers.at(-2).filter = style.layers.at(-1).filter = ["!=", kind, "none"];
  }
  if (has("towns")) {
    add({ id: "g-towns", type: "line", source: "g-towns", layout: { "line-join": "round" }, paint: { "line-color": css("m-bound"), "line-width": grow(8, 1, 12, 2), "line-opacity": 0.9 } });
  }
  if (has("mask")) {
    add({ id: "g-mask", type: "fill", source: "g-mask", paint: { "fill-color": css("m-paper"), "fill-opacity": dark ? 0.62 : 0.66 } });
    add({ id: "g-border-soft", type: "line", source: has("county") ? "g-county" : "g-mask", layout: { "line-join": "round" }, paint: { "line-color": css("m-bound"), "line-width": 6, "line-opacity": dark ? 0.12 : 0.55 } });
    add({ id: "g-border", type: "line", source: has("county") ? "g-county" : "g-mask", layout: { "line-join": "round" }, paint: { "line-color": css("m-out"), "line-width": 1.6 } });
  }
  names(style, data, has, halo);
  return style;
}

function names(style, data, has, halo) {
  const add = (layer) => style.layers.push(layer);
  if (has("rivers")) {
    add({
      id: "g-river-names", type: "symbol", source: "g-rivers", minzoom: 9, filter: ["has", "name"],
      layout: { "symbol-placement": "line", "symbol-spacing": 420, "text-field": ["get", "name"], "text-font": fonts(false), "text-size": 11, "text-letter-spacing": 0.25, "text-max-angle": 40 },
      paint: { "text-color": css("m-water-ink"), ...halo, "text-halo-width": 1.2 },
    });
  }
  if (has("labels")) {
    const kind = ["coalesce", ["get", "kind"], ["get", "class"], "town"];
    add({
      id: "g-villages", type: "symbol", source: "g-labels", minzoom: 11.2, filter: ["==", kind, "village"],
      layout: { "text-field": ["get", "name"], "text-font": fonts(false), "text-size": 11, "text-padding": 6 },
      paint: { "text-color": css("ink-2"), ...halo },
    });
    add({
      id: "g-places", type: "symbol", source: "g-labels", filter: ["match", kind, ["water", "lake", "reservoir", "peak", "mountain"], true, false], minzoom: 9.4,
      layout: { "text-field": ["get", "name"], "text-font": fonts(false), "text-size": 11, "text-padding": 4 },
      paint: { "text-color": css("m-water-ink"), ...halo },
    });
    add({
      id: "g-town-names", type: "symbol", source: "g-labels", filter: ["match", kind, ["town", "county", "seat", "capital"], true, false],
      layout: {
        "text-field": ["get", "name"], "text-font": fonts(true),
        "text-size": ["case", ["match", kind, ["county", "capital"], true, false], 16, 14], "text-padding": 2,
        "symbol-sort-key": ["case", ["match", kind, ["county", "capital"], true, false], 0, 1],
      },
      paint: { "text-color": css("ink"), ...halo, "text-halo-width": 2 },
    });
  }
}

/** Road numbers on coloured plates; called once for each style, when its images can be added. */
export function roadSigns(map, ground) {
  const roads = collection((ground?.layers ?? ground)?.roads).features;
  const seen = new Map();
  for (const { properties } of roads) if (properties?.ref) seen.set(properties.ref, properties.class ?? properties.kind);
  for (const [ref, kind] of seen) {
    const id = `sign|${ref}`;
    if (map.hasImage(id)) continue;
    const ratio = 2;
    const tile = document.createElement("canvas");
    const pen = tile.getContext("2d");
    const font = `600 ${10 * ratio}px ${css("font")}`;
    pen.font = font;
    const width = Math.ceil(pen.measureText(ref).width / ratio) + 10;
    tile.width = width * ratio;
    tile.height = 15 * ratio;
    pen.fillStyle = ["main", "provincial", "highway", "national"].includes(kind) ? css("m-main-sign") : css("m-road-sign");
    pen.beginPath();
    pen.roundRect(0, 0, tile.width, tile.height, 3 * ratio);
    pen.fill();
    pen.fillStyle = "#fff";
    pen.font = font;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(ref, tile.width / 2, tile.height / 2 + ratio * 0.5);
    map.addImage(id, pen.getImageData(0, 0, tile.width, tile.height), { pixelRatio: ratio });
  }
  if (!seen.size || map.getLayer("g-road-signs")) return;
  map.addLayer({
    id: "g-road-signs", type: "symbol", source: "g-roads", minzoom: 8.6,
    // Trunk roads first; the numbers of county roads only where there is room for them.
    filter: ["all", ["!=", ["coalesce", ["get", "ref"], ""], ""], ["any", ["match", ["get", "class"], ["main", "provincial"], true, false], [">=", ["zoom"], 10.6]]],
    layout: { "symbol-placement": "line", "symbol-spacing": 420, "symbol-sort-key": ["match", ["get", "class"], ["main", "provincial"], 0, 1], "icon-image": ["concat", "sign|", ["get", "ref"]], "icon-rotation-alignment": "viewport", "icon-padding": 22 },
  }, map.getLayer("g-town-names") ? "g-town-names" : undefined);
}

export { css, fonts };
