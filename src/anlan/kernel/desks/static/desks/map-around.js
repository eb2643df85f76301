// Circle search and measuring: two tools that work by clicks on the map.
import { el, gettext, icon, levelName } from "../web/text.js";
import { css } from "./map-ground.js";

const R = 6371008.8;
const rad = (degrees) => (degrees * Math.PI) / 180;

/** Great-circle metres between [lon, lat] and [lon, lat]. */
export function metres([a, b], [c, d]) {
  const h = Math.sin(rad(d - b) / 2) ** 2 + Math.cos(rad(b)) * Math.cos(rad(d)) * Math.sin(rad(c - a) / 2) ** 2;
  return 2 * R * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** A place `m` metres from [lon, lat] under `bearing` degrees. */
function away([lon, lat], m, bearing) {
  const d = m / R;
  const t = rad(bearing);
  const p = Math.asin(Math.sin(rad(lat)) * Math.cos(d) + Math.cos(rad(lat)) * Math.sin(d) * Math.cos(t));
  const l = rad(lon) + Math.atan2(Math.sin(t) * Math.sin(d) * Math.cos(rad(lat)), Math.cos(d) - Math.sin(rad(lat)) * Math.sin(p));
  return [(l * 180) / Math.PI, (p * 180) / Math.PI];
}

const distanceWords = (m) => (m < 1000 ? `${Math.round(m)} m` : `${(m / 1000).toFixed(m < 10_000 ? 2 : 1)} km`);
const empty = { type: "FeatureCollection", features: [] };

export class Tools {
  constructor(desk) {
    this.desk = desk;
    this.map = desk.map;
    this.panel = document.getElementById("maround");
    this.hint = document.querySelector("[data-tool-hint]");
    this.radius = 3000;
    this.line = [];
    this.corners = []; // of the drawn area; closed when `drawn`
    this.drawn = false;
    this.mode = "";
  }

  start() {
    this.install();
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => (button.dataset.tool === "home" ? this.desk.home() : this.use(this.mode === button.dataset.tool ? "" : button.dataset.tool)));
    }
    document.querySelector("[data-around-close]").addEventListener("click", () => this.clear());
    document.querySelector("[data-radii]").addEventListener("click", (event) => {
      const button = event.target.closest("[data-km]");
      if (button && this.centre) this.draw(this.centre, Number(button.dataset.km) * 1000);
    });
    this.map.on("dblclick", (event) => {
      if (this.mode !== "polygon") return;
      event.preventDefault();
      this.close();
    });
    this.map.on("contextmenu", (event) => this.draw(event.lngLat.toArray(), this.radius));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.mode === "polygon") this.close();
      if (event.key !== "Escape") return;
      if (this.mode) this.use("");
      else if (!this.panel.hidden) this.clear();
    });
  }

  install() {
    const accent = css("accent");
    if (!this.map.getSource("around")) {
      this.map.addSource("around", { type: "geojson", data: empty });
      this.map.addLayer({ id: "around-fill", type: "fill", source: "around", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": accent, "fill-opacity": 0.09 } });
      this.map.addLayer({ id: "around-line", type: "line", source: "around", paint: { "line-color": accent, "line-width": 1.6, "line-dasharray": [3, 2.4] } });
      this.map.addSource("measure", { type: "geojson", data: empty });
      this.map.addLayer({ id: "measure-line", type: "line", source: "measure", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": accent, "line-width": 2.4 } });
      this.map.addLayer({ id: "measure-dots", type: "circle", source: "measure", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 4, "circle-color": css("panel"), "circle-stroke-color": accent, "circle-stroke-width": 2 } });
    }
    if (this.centre) this.ring();
    else if (this.corners.length) this.outline();
    this.drawLine();
  }

  use(mode) {
    this.mode = mode;
    this.map.getCanvas().style.cursor = mode ? "crosshair" : "";
    for (const button of document.querySelectorAll("[data-tool][aria-pressed]")) button.setAttribute("aria-pressed", String(button.dataset.tool === mode));
    if (mode === "measure") { this.line = []; this.drawLine(); }
    if (!mode && this.line.length) { this.line = []; this.drawLine(); }
    if (mode === "polygon") this.clear();
    if (!mode && this.corners.length && !this.drawn) this.clear();
    this.say(mode === "polygon" ? gettext("Click the corners; Enter or a double click closes the area") : mode === "around" ? gettext("Click the middle of the circle") : mode === "measure" ? gettext("Click along the line; Esc ends") : "");
  }

  say(words) {
    this.hint.hidden = !words;
    this.hint.textContent = words;
  }

  /** A click on the map while a tool is in use; true when it was taken. */
  click(place) {
    if (this.mode === "around") {
      this.use("");
      this.draw(place, this.radius);
      return true;
    }
    if (this.mode === "polygon") {
      this.corners.push(place);
      this.outline();
      return true;
    }
    if (this.mode === "measure") {
      this.line.push(place);
      this.drawLine();
      return true;
    }
    return false;
  }

  // --- measuring ------------------------------------------------------------------------------------------------
  drawLine() {
    const features = this.line.map((coordinates) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates } }));
    if (this.line.length > 1) features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: this.line } });
    this.map.getSource("measure")?.setData({ type: "FeatureCollection", features });
    if (this.line.length > 1) {
      const total = this.line.slice(1).reduce((sum, place, i) => sum + metres(this.line[i], place), 0);
      this.say(gettext("%(distance)s over the ground; Esc ends", { distance: distanceWords(total) }));
    }
  }

  // --- the drawn area -------------------------------------------------------------------------------------------
  outline() {
    const line = this.corners.length > 1 ? [{ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: this.drawn ? [...this.corners, this.corners[0]] : this.corners } }] : [];
    const fill = this.corners.length > 2 ? [{ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[...this.corners, this.corners[0]]] } }] : [];
    this.map.getSource("around")?.setData({ type: "FeatureCollection", features: [...fill, ...line] });
  }

  close() {
    // A double click sets its corner twice.
    this.corners = this.corners.filter((corner, i, all) => !i || metres(corner, all[i - 1]) > 1);
    if (this.corners.length < 3) {
      this.say(gettext("An area needs three corners"));
      return;
    }
    this.drawn = true;
    this.use("");
    this.panel.hidden = false;
    document.querySelector("[data-radii]").hidden = document.querySelector("[data-radii-unit]").hidden = true;
    this.outline();
    this.ask();
  }

  // --- the circle -----------------------------------------------------------------------------------------------
  clear() {
    this.centre = null;
    this.corners = [];
    this.drawn = false;
    this.panel.hidden = true;
    this.map.getSource("around")?.setData(empty);
    this.rim?.remove();
    this.label?.remove();
    this.rim = this.label = null;
  }

  draw(centre, radius) {
    this.corners = [];
    this.drawn = false;
    document.querySelector("[data-radii]").hidden = document.querySelector("[data-radii-unit]").hidden = false;
    this.centre = centre;
    this.radius = Math.min(50_000, Math.max(50, radius));
    this.panel.hidden = false;
    for (const button of document.querySelectorAll("[data-km]")) button.setAttribute("aria-pressed", String(Number(button.dataset.km) * 1000 === this.radius));
    this.ring();
    this.handles();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.ask(), 150);
  }

  ring() {
    const rim = Array.from({ length: 97 }, (_, i) => away(this.centre, this.radius, (i * 360) / 96));
    const line = { type: "LineString", coordinates: [this.centre, away(this.centre, this.radius, 135)] };
    this.map.getSource("around")?.setData({ type: "FeatureCollection", features: [
      { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [rim] } },
      { type: "Feature", properties: {}, geometry: line },
    ] });
  }

  handles() {
    const at = away(this.centre, this.radius, 135);
    const middle = away(this.centre, this.radius / 2, 135);
    if (!this.rim) {
      this.rim = this.desk.marker(el("div", "rim"), at, { draggable: true });
      this.rim.on("drag", () => {
        const far = metres(this.centre, this.rim.getLngLat().toArray());
        this.draw(this.centre, Math.round(far / 50) * 50);
      });
      this.label = this.desk.marker(el("div", "rimlabel"), middle);
    }
    this.rim.setLngLat(at);
    this.label.setLngLat(middle);
    this.label.getElement().textContent = distanceWords(this.radius);
  }

  /** The area as the server is asked for it. */
  query(more = {}) {
    const where = this.centre
      ? { lon: this.centre[0].toFixed(6), lat: this.centre[1].toFixed(6), r: String(this.radius) }
      : { polygon: this.corners.map((corner) => corner.map((v) => v.toFixed(6)).join(",")).join(";") };
    return new URLSearchParams({ ...where, ...more });
  }

  async ask() {
    const body = document.querySelector("[data-around-body]");
    this.ticket = (this.ticket ?? 0) + 1;
    const ticket = this.ticket;
    let found = null;
    let why = "";
    try {
      const answer = await fetch(`${this.desk.root.dataset.around}?${this.query()}`, { credentials: "same-origin" });
      if (answer.ok) found = await answer.json();
      else if (answer.status === 400) ({ why } = await answer.json());
    } catch { /* said below */ }
    if (ticket !== this.ticket) return;
    if (!found) {
      const again = el("button", "btn sm", gettext("Try again"));
      again.addEventListener("click", () => this.ask());
      body.replaceChildren(el("p", "sub", why || gettext("The circle could not be counted"), " "), again);
      return;
    }
    const figure = (name, number, words) => el("div", "", icon(name), el("b", "", number.toLocaleString("en")), el("span", "", words));
    const { people } = found;
    const figures = people.known
      ? el("div", "four", figure("people", people.night, gettext("By night")), figure("people", people.day, gettext("By day")))
      : el("div", "four", figure("people", people.residents, gettext("Residents")));
    const groups = el("div", "arg", ...found.groups.filter((group) => group.rows.length).map((group) => this.group(group)));
    const list = el("ul", "near");
    this.near = found.nearest;
    this.nearList = list;
    this.fill(found.nearest);
    const note = people.known
      ? gettext("%(source)s, %(day)s; %(share)s of the area lies in cells of the grid", { source: people.source, day: people.as_of, share: `${Math.round(people.covered * 100)}%` })
      : gettext("Residents by the seats of %(n)s villages; where people are now is not known", { n: people.villages });
    const { aroundXlsx, aroundCsv, aroundPrint } = this.desk.root.dataset;
    const link = (address, name, words) => {
      const a = el("a", "btn sm", icon(name, "s"), words);
      a.href = `${address}?${this.query()}`;
      return a;
    };
    const out = el("div", "row arout", link(aroundXlsx, "download", gettext("Excel")), link(aroundCsv, "download", "CSV"), link(aroundPrint, "print", gettext("To print")));
    this.only = "";
    body.replaceChildren(figures, el("p", "mut sm", note), groups, list, out);
  }

  /** A group of things: a line for each layer with count, levels and the nearest; a click lists them. */
  group(group) {
    const rows = group.rows.map((row) => {
      const levels = Object.entries(row.levels).map(([level, n]) => el("span", "lvn", el("i", `sq ${levelName(Number(level))}`), String(n)));
      const button = el("button", "", icon(row.icon, "s"), el("span", "t", row.title), ...levels, el("b", "", row.count.toLocaleString("en")), el("em", "", row.nearest_m === null ? "" : distanceWords(row.nearest_m)));
      button.type = "button";
      button.disabled = !row.count;
      button.dataset.row = row.layer;
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => this.onlyNear(row.layer));
      return el("li", "", button);
    });
    return el("section", "", el("h4", "", group.title, el("em", "", group.count.toLocaleString("en"))), el("ul", "", ...rows));
  }

  fill(rows) {
    this.nearList.replaceChildren(...rows.map((near) => {
      const button = el("button", "", near.level ? el("i", `sq ${levelName(near.level)}`) : "", el("b", "", near.title), el("span", "mut", distanceWords(near.distance_m)));
      button.type = "button";
      button.addEventListener("click", () => this.desk.openCard(near.layer, near.id, [near.lon, near.lat]));
      return el("li", "", button);
    }));
    if (!rows.length) this.nearList.append(el("li", "mut sm", gettext("Nothing of the layers lies inside")));
  }

  /** Only the things of one row, the nearest first; the same row again shows the nearest of all. */
  async onlyNear(code) {
    this.only = this.only === code ? "" : code;
    for (const button of document.querySelectorAll("[data-around-body] [data-row]")) button.setAttribute("aria-pressed", String(button.dataset.row === this.only));
    if (!this.only) {
      this.fill(this.near);
      return;
    }
    const answer = await fetch(`${this.desk.root.dataset.things}?${this.query({ layer: code })}`, { credentials: "same-origin" }).catch(() => null);
    const rows = answer?.ok ? (await answer.json()).rows : [];
    if (this.only === code) this.fill(rows);
  }
}
