// A map in a form, on which the place of a record is set by a click or by dragging its mark.
import { css, emptyStyle, groundStyle } from "../desks/map-ground.js";

/** Show the map in `box`; `onPlace(lon, lat)` is called with each place set. Gives a function that moves the mark. */
export async function placeMap(box, { lon, lat, marked, onPlace }) {
  const answer = await fetch("/layers/ground.json", { credentials: "same-origin" }).catch(() => null);
  const ground = answer?.ok ? await answer.json() : null;
  const library = await import(new URL("../vendor/maplibre-gl/maplibre-gl.mjs", import.meta.url).href);
  const middle = Number.isFinite(lon) && Number.isFinite(lat) ? [lon, lat] : ground ? [(ground.bounds[0] + ground.bounds[2]) / 2, (ground.bounds[1] + ground.bounds[3]) / 2] : [105, 35];
  const style = ground ? groundStyle(ground, "", ground.bounds) : emptyStyle();
  const map = new library.Map({ container: box, style, center: middle, zoom: marked ? 14 : 10.5, attributionControl: false, dragRotate: false, fadeDuration: 0 });
  map.addControl(new library.NavigationControl({ showCompass: false }));
  const mark = new library.Marker({ color: css("accent"), draggable: true });
  const put = (x, y) => {
    mark.setLngLat([x, y]).addTo(map);
    map.easeTo({ center: [x, y], zoom: Math.max(map.getZoom(), 12) });
  };
  if (marked) mark.setLngLat(middle).addTo(map);
  map.on("click", (event) => onPlace(event.lngLat.lng, event.lngLat.lat));
  mark.on("dragend", () => onPlace(mark.getLngLat().lng, mark.getLngLat().lat));
  return put;
}
