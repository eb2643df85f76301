// The layer tree and what it draws. A layer asks again when the map has moved far, when an event of its kind comes, and
// every so many seconds where it says so. A layer that fails is named and can be tried again; the others go on.
import { el, gettext, icon, levelName } from "../web/text.js";
import { ago, clockTime, now } from "../web/time.js";
import { LIVE, onEvent } from "../web/stream.js";
import { css, fonts } from "./map-ground.js";
import { ensureImages, imageName } from "./map-marks.js";
import { drawMissingImages, factsOf, tileAddress, tileStyle, touched } from "./map-tiles.js";

const KEY = "anlan.map.layers";
const WHOLE = 3000; // layers up to this size are fetched whole, so moving the map asks nothing
const FLAGS = 16; // pulsing marks with words, the gravest first; more would hide the map

export class Layers {
  constructor(desk) {
    this.desk = desk;
    this.map = desk.map;
    this.groups = [];
    this.by = new Map();
    this.markers = new Map();
    this.hidden = new Map(); // layer -> set of legend values switched off
    this.saved = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  }

  async start() {
    this.body = document.querySelector("[data-tree-body]");
    drawMissingImages(this.map);
    try {
      const answer = await fetch(this.desk.root.dataset.tree, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      this.groups = (await answer.json()).groups;
    } catch {
      const again = el("button", "btn sm", gettext("Try again"));
      again.addEventListener("click", () => this.start());
      this.body.replaceChildren(el("div", "state error", el("b", "", gettext("The layers could not be loaded")), again));
      return;
    }
    const asked = new URLSearchParams(location.search).get("layers")?.split(",") ?? [];
    for (const group of this.groups) for (const layer of group.layers) {
      layer.shown = asked.includes(layer.code) || (this.saved[layer.code] ?? layer.on);
      this.by.set(layer.code, layer);
    }
    this.paint();
    this.install();
    this.watchTiles();
    await Promise.all([...this.by.values()].map((layer) => this.load(layer)));
    let waiting = 0;
    this.map.on("moveend", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.moved(), 200);
    });
    setInterval(() => this.tick(), 1000);
    onEvent("", (event) => this.hear(event));
    document.getElementById("layer-filter")?.addEventListener("input", (event) => this.filterTree(event.target.value));
  }

  // --- the tree -------------------------------------------------------------------------------------------------
  paint() {
    this.body.replaceChildren();
    for (const group of this.groups) {
      const head = el("button", "grp", icon("down", "s"), el("span", "", group.title), el("em", "", String(group.layers.reduce((sum, one) => sum + (one.count ?? 0), 0))));
      head.type = "button";
      head.setAttribute("aria-expanded", "true");
      const list = el("div", "rows");
      head.addEventListener("click", () => {
        list.hidden = !list.hidden;
        head.setAttribute("aria-expanded", String(!list.hidden));
      });
      for (const layer of group.layers) list.append(this.row(layer));
      this.body.append(head, list);
    }
    this.counts();
  }

  row(layer) {
    const box = el("input");
    box.type = "checkbox";
    box.checked = layer.shown;
    box.id = `layer-${layer.code}`;
    const name = el("button", "name", layer.title);
    name.type = "button";
    name.title = layer.hint || gettext("Show where it is");
    layer.number = el("em", "", layer.count === null ? "?" : String(layer.count));
    if (layer.count === null) layer.number.title = gettext("It is not known how many there are");
    layer.line = el("div", "ly", box, name, layer.number);
    layer.line.dataset.layer = layer.code;
    box.setAttribute("aria-label", layer.title);
    box.addEventListener("change", () => this.toggle(layer, box.checked));
    name.addEventListener("click", () => {
      if (!layer.shown) { box.checked = true; this.toggle(layer, true); }
      this.zoomTo(layer);
    });
    layer.legendLine = el("div", "leg");
    const whole = el("div", "", layer.line, layer.legendLine);
    this.paintLegend(layer);
    return whole;
  }

  paintLegend(layer) {
    const sums = new Map(Object.entries(layer.sums ?? {}));
    for (const { properties } of layer.data?.features ?? []) {
      const value = String(properties.group ?? properties.level ?? "");
      sums.set(value, (sums.get(value) ?? 0) + 1);
    }
    const off = this.hidden.get(layer.code) ?? new Set();
    layer.legendLine.replaceChildren(...layer.legend.filter((item) => layer.shown && (sums.get(item.value) || off.has(item.value))).map((item) => {
      const mark = item.level ? el("i", `sq ${levelName(item.level)}`) : item.tint ? el("i", `sq ${item.tint}`) : item.icon ? icon(item.icon, "s") : "";
      const button = el("button", "", mark, el("span", "", item.label), el("u", "", String(sums.get(item.value) ?? 0)));
      button.type = "button";
      button.setAttribute("aria-pressed", String(!off.has(item.value)));
      button.addEventListener("click", () => {
        if (off.has(item.value)) off.delete(item.value);
        else off.add(item.value);
        this.hidden.set(layer.code, off);
        this.paintLegend(layer);
        if (layer.tiles) this.retile(layer);
        this.show(layer);
      });
      return button;
    }));
    layer.legendLine.hidden = !layer.legendLine.childElementCount;
  }

  counts() {
    const all = [...this.by.values()];
    const node = document.querySelector("[data-layer-count]");
    if (node) node.textContent = gettext("%(on)s of %(all)s on", { on: all.filter((one) => one.shown).length, all: all.length });
  }

  filterTree(text) {
    const wanted = text.trim().toLowerCase();
    for (const layer of this.by.values()) layer.line.parentElement.hidden = wanted !== "" && !layer.title.toLowerCase().includes(wanted);
  }

  toggle(layer, on) {
    layer.shown = on;
    this.saved[layer.code] = on;
    localStorage.setItem(KEY, JSON.stringify(this.saved));
    this.counts();
    this.paintLegend(layer);
    if (on) this.load(layer);
    else this.show(layer);
  }

  zoomTo(layer) {
    if (layer.tiles) {
      if (layer.extent) this.desk.fit(layer.extent);
      return;
    }
    const places = (layer.data?.features ?? []).map((feature) => feature.geometry).filter(Boolean).flatMap((geometry) => flat(geometry.coordinates));
    if (!places.length) return;
    const lons = places.map((p) => p[0]);
    const lats = places.map((p) => p[1]);
    this.desk.fit([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]);
  }

  // --- data -----------------------------------------------------------------------------------------------------
  /** Ask for a layer again; `live` when no person caused it. */
  async load(layer, live = false) {
    if (layer.tiles) {
      if (live) await this.recount(layer);
      if (live) this.retile(layer);
      await this.show(layer);
      return;
    }
    if (!layer.shown) return;
    const { at } = this.desk;
    if (at && !layer.past) {
      this.show(layer);
      return;
    }
    const query = new URLSearchParams({ zoom: this.map.getZoom().toFixed(1) });
    layer.whole = layer.count <= WHOLE;
    if (!layer.whole) query.set("bbox", this.wide().map((v) => v.toFixed(4)).join(","));
    if (at) query.set("at", String(Math.round(at)));
    layer.asked = performance.now();
    layer.ticket = (layer.ticket ?? 0) + 1;
    const ticket = layer.ticket;
    try {
      const answer = await fetch(`${this.desk.root.dataset.base}${layer.code}.geojson?${query}`, { credentials: "same-origin", headers: live ? LIVE : {} });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (ticket !== layer.ticket) return; // a newer question is on its way
      layer.data = data;
      layer.failed = false;
      if (!at && layer.whole) layer.count = data.features.length;
    } catch {
      layer.failed = true;
    }
    layer.loaded = true;
    this.failure(layer);
    if (layer.number) layer.number.textContent = String(at ? layer.data?.features.length ?? "–" : layer.count);
    this.paintLegend(layer);
    await this.show(layer);
  }

  /** Where a layer's tiles are; another `turn` makes the map ask for all of them again. */
  address(layer) {
    const query = new URLSearchParams();
    const off = this.hidden.get(layer.code);
    if (off?.size) query.set("hide", [...off].sort().join(","));
    if (layer.turn) query.set("turn", String(layer.turn));
    return tileAddress(`${this.desk.root.dataset.tiles}${layer.code}/{z}/{x}/{y}.mvt`, query);
  }

  retile(layer) {
    layer.turn = (layer.turn ?? 0) + 1;
    this.map.getSource(`l-${layer.code}`)?.setTiles([this.address(layer)]);
  }

  /** Counts, legend and box of a layer of tiles again, from the tree. */
  async recount(layer) {
    // One change may touch several layers: they share an answer.
    this.again ??= fetch(this.desk.root.dataset.tree, { credentials: "same-origin", headers: LIVE })
      .then((answer) => (answer.ok ? answer.json() : { groups: [] }), () => ({ groups: [] }))
      .finally(() => setTimeout(() => (this.again = null), 200));
    const { groups } = await this.again;
    const fresh = groups.flatMap((group) => group.layers).find((one) => one.code === layer.code);
    if (!fresh) return;
    Object.assign(layer, { count: fresh.count, sums: fresh.sums, extent: fresh.extent });
    if (layer.number) layer.number.textContent = String(layer.count);
    this.paintLegend(layer);
  }

  /** A tile that does not come is said in the tree, once for a layer. */
  watchTiles() {
    this.map.on("error", (event) => {
      const layer = event.sourceId?.startsWith("l-") ? this.by.get(event.sourceId.slice(2)) : null;
      if (!layer?.tiles || layer.failed) return;
      layer.failed = true;
      this.failure(layer);
    });
  }

  failure(layer) {
    layer.line.classList.toggle("failed", layer.failed);
    layer.line.querySelector(".retry")?.remove();
    if (!layer.failed) return;
    const again = el("button", "retry", gettext("Failed, try again"));
    again.type = "button";
    again.addEventListener("click", () => {
      if (layer.tiles) {
        layer.failed = false;
        this.failure(layer);
        this.retile(layer);
      }
      this.load(layer);
    });
    layer.line.insertBefore(again, layer.number);
  }

  wide() {
    const box = this.map.getBounds();
    const dx = (box.getEast() - box.getWest()) * 0.3;
    const dy = (box.getNorth() - box.getSouth()) * 0.3;
    return [box.getWest() - dx, box.getSouth() - dy, box.getEast() + dx, box.getNorth() + dy];
  }

  moved() {
    for (const layer of this.by.values()) if (layer.shown && !layer.whole && !layer.tiles) this.load(layer);
    this.flags();
  }

  tick() {
    if (document.hidden || this.desk.at) return;
    for (const layer of this.by.values()) {
      if (layer.shown && layer.every_s && performance.now() - (layer.asked ?? 0) > layer.every_s * 1000) this.load(layer, true);
    }
  }

  hear(event) {
    if (this.desk.at) return;
    for (const layer of this.by.values()) {
      const changed = layer.register && event.kind === "record.changed" && event.data?.register === layer.register;
      if ((!changed && !layer.events.some((prefix) => event.kind.startsWith(prefix))) || layer.waiting) continue;
      layer.waiting = setTimeout(() => {
        layer.waiting = 0;
        this.load(layer, true);
      }, 250);
    }
  }

  /** The slider moved: everything again for the moment shown. */
  travel() {
    for (const layer of this.by.values()) {
      layer.line.classList.toggle("away", Boolean(this.desk.at) && !layer.past);
      this.load(layer);
    }
  }

  // --- drawing --------------------------------------------------------------------------------------------------
  /** Sources and style layers on a fresh style, fills lowest, alarms on top. */
  install() {
    const order = { shade: 0, fill: 1, line: 2, dot: 3, mark: 4, alarm: 5 };
    for (const layer of [...this.by.values()].sort((a, b) => order[a.draw] - order[b.draw])) {
      const source = `l-${layer.code}`;
      if (this.map.getSource(source)) continue;
      if (layer.tiles) {
        this.map.addSource(source, { type: "vector", tiles: [this.address(layer)], minzoom: 0, maxzoom: 16 });
        for (const one of tileStyle(source, layer.draw, layer.minzoom)) {
          one.layout = { ...one.layout, visibility: "none" };
          this.map.addLayer(one, this.below(one.type === "fill" ? "fill" : layer.draw));
        }
        continue;
      }
      this.map.addSource(source, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
      for (const one of styleOf(layer, source)) this.map.addLayer(one, this.below(layer.draw));
    }
    if (!this.map.getSource("selected")) {
      this.map.addSource("selected", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
      this.map.addLayer({ id: "selected", type: "circle", source: "selected", paint: { "circle-radius": 15, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": css("accent"), "circle-stroke-width": 3 } });
    }
  }

  /** Fills lie under water and roads, marks under the names of towns, alarms over everything. */
  below(draw) {
    const wanted = draw === "fill" ? ["g-water", "g-rivers", "g-buildings", "g-towns"] : draw === "alarm" ? [] : ["g-town-names"];
    return wanted.find((id) => this.map.getLayer(id));
  }

  shownFeatures(layer) {
    if (!layer.shown || (this.desk.at && !layer.past)) return [];
    const off = this.hidden.get(layer.code);
    const features = layer.data?.features ?? [];
    return off?.size ? features.filter(({ properties }) => !off.has(String(properties.group ?? properties.level ?? ""))) : features;
  }

  async show(layer) {
    if (layer.tiles) {
      const seen = layer.shown && !this.desk.at;
      for (const { id, source } of this.map.getStyle().layers) {
        if (source === `l-${layer.code}`) this.map.setLayoutProperty(id, "visibility", seen ? "visible" : "none");
      }
      this.tally();
      return;
    }
    const features = this.shownFeatures(layer);
    layer.pulsing = layer.draw === "alarm" ? features.filter(({ properties }) => properties.pulse) : [];
    const still = layer.draw === "alarm" ? features.filter(({ properties }) => !properties.pulse) : features;
    const drawn = still.filter((feature) => feature.geometry).map((feature) => {
      const facts = feature.properties;
      const text = facts.silent
        ? `${gettext("No data")}${facts.t ? `\n${ago(facts.t)}` : ""}`
        : [facts.value ?? "", facts.value && facts.t && !this.desk.at ? ago(facts.t) : ""].filter(Boolean).join("\n");
      return { ...feature, properties: { ...facts, level: facts.level ?? 0, _layer: layer.code, _text: text, _image: ["fill", "line"].includes(layer.draw) ? "" : imageName(layer.draw, facts, layer.icon) } };
    });
    const images = drawn.map((feature) => feature.properties._image).filter(Boolean);
    if (drawn.some((feature) => feature.properties.course !== undefined)) images.push("course|||");
    await ensureImages(this.map, images);
    this.map.getSource(`l-${layer.code}`)?.setData({ type: "FeatureCollection", features: drawn });
    this.flags();
    this.tally();
  }

  /** How much is on the map, for those who look at the page from outside. */
  tally() {
    const of = (one) => (one.tiles ? (one.shown && !this.desk.at ? one.count : 0) : this.shownFeatures(one).length);
    this.desk.root.dataset.features = String([...this.by.values()].reduce((sum, one) => sum + of(one), 0));
  }

  /** Pulsing marks in HTML: those that stand on each other become one, with the gravest level and a count. */
  flags() {
    const groups = [];
    const all = [...this.by.values()].flatMap((layer) => (layer.pulsing ?? []).filter((f) => f.geometry?.type === "Point").map((feature) => ({ layer, feature })));
    all.sort((a, b) => (a.feature.properties.level ?? 9) - (b.feature.properties.level ?? 9) || (b.feature.properties.t ?? 0) - (a.feature.properties.t ?? 0));
    for (const one of all) {
      const spot = this.map.project(one.feature.geometry.coordinates);
      const near = groups.find((group) => Math.hypot(group.spot.x - spot.x, group.spot.y - spot.y) < 26);
      if (near) near.more.push(one);
      else groups.push({ ...one, spot, more: [] });
    }
    const wanted = new Map(groups.map((group) => [`${group.layer.code}:${group.feature.properties.id}`, group]));
    for (const [key, marker] of this.markers) {
      if (!wanted.has(key)) {
        marker.remove();
        this.markers.delete(key);
      }
    }
    const boxes = groups.map(({ spot }) => [spot.x - 13, spot.y - 13, spot.x + 13, spot.y + 13]);
    boxes.push(...this.desk.panels()); // a flag under a panel says nothing
    let rank = 0;
    for (const [key, group] of wanted) {
      const { properties, geometry } = group.feature;
      let marker = this.markers.get(key);
      if (!marker) {
        const node = el("button", "pulse");
        node.type = "button";
        node.addEventListener("click", (event) => {
          event.stopPropagation();
          // With a tool in hand a pulse is a place like any other: a circle round an alarm is the usual wish.
          if (!this.desk.tools.click(marker.getLngLat().toArray())) this.desk.openCard(node.dataset.layer, node.dataset.id);
        });
        marker = this.desk.marker(node, geometry.coordinates);
        this.markers.set(key, marker);
      }
      const node = marker.getElement();
      const count = group.more.length + 1;
      const words = `${properties.label || properties.title}${count > 1 ? ` +${count - 1}` : ""}`;
      const side = rank < FLAGS ? freeSide(group.spot, words, boxes, this.map.getCanvas().clientWidth) : "";
      const signature = `${properties.level}|${words}|${side}`;
      node.style.zIndex = String(1000 - rank); // the gravest on top
      rank += 1;
      if (node.dataset.signature === signature) continue;
      Object.assign(node.dataset, { signature, layer: group.layer.code, id: properties.id });
      node.className = `pulse ${levelName(properties.level)} ${side === "left" ? "flip" : ""} maplibregl-marker`;
      node.setAttribute("aria-label", `${properties.title} ${clockTime(properties.t ?? now())}`);
      node.replaceChildren();
      if (side) {
        const flag = el("span", "flag", el("span", "", `${numeral(properties.level)} · ${words}`));
        if (properties.t) flag.append(el("time", "", clockTime(properties.t)));
        node.append(flag);
      }
    }
    this.desk.root.dataset.pulses = String(wanted.size);
  }

  /** The features of ours under a pixel, topmost first. */
  hits(point, reach = 6) {
    const ids = [...this.by.values()].filter((layer) => layer.shown).flatMap((layer) => (layer.tiles ? touched(`l-${layer.code}`) : [`l-${layer.code}`])).filter((id) => this.map.getLayer(id));
    if (!ids.length) return [];
    const box = [[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]];
    return this.map.queryRenderedFeatures(box, { layers: ids }).map((hit) => {
      const code = hit.source.slice(2);
      if (!this.by.get(code)?.tiles) return hit;
      return { source: hit.source, geometry: hit.geometry, properties: { ...factsOf(hit), _layer: code } };
    });
  }

  find(code, id) {
    const layer = this.by.get(code);
    if (layer?.tiles) return this.map.querySourceFeatures(`l-${code}`, { sourceLayer: "marks", filter: ["==", ["to-string", ["get", "id"]], String(id)] })[0];
    return this.by.get(code)?.data?.features.find((feature) => String(feature.properties.id) === String(id));
  }
}

/** The side of a mark where its flag covers no other mark or flag: right, left, or "" for no flag; takes the place. */
function freeSide({ x, y }, words, boxes, width) {
  const long = 96 + [...words].reduce((sum, c) => sum + (c.codePointAt(0) > 0x2e7f ? 12 : 6.6), 0);
  for (const side of ["right", "left"]) {
    const box = side === "right" ? [x + 20, y - 13, x + 22 + long, y + 13] : [x - 22 - long, y - 13, x - 20, y + 13];
    if (box[0] < 0 || box[2] > width) continue;
    if (boxes.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    boxes.push(box);
    return side;
  }
  return "";
}

const numeral = (level) => ({ 1: `Ⅰ ${gettext("Red")}`, 2: `Ⅱ ${gettext("Orange")}`, 3: `Ⅲ ${gettext("Yellow")}`, 4: `Ⅳ ${gettext("Blue")}` })[level] ?? gettext("Not graded");

function flat(coordinates) {
  return typeof coordinates[0] === "number" ? [coordinates] : coordinates.flatMap(flat);
}

function styleOf(layer, source) {
  const level = ["match", ["get", "level"], 1, css("red"), 2, css("orange"), 3, css("yellow"), 4, css("blue"), "rgba(0,0,0,0)"];
  if (layer.draw === "fill") {
    const colour = ["match", ["to-string", ["get", "tint"]], "accent", css("accent"), "gap", css("ink-2"), level];
    return [
      { id: source, type: "fill", source, minzoom: layer.minzoom, paint: { "fill-color": colour, "fill-opacity": ["interpolate", ["linear"], ["zoom"], 10, 0.17, 12.5, 0.06] } },
      { id: `${source}-line`, type: "line", source, minzoom: layer.minzoom, paint: { "line-color": colour, "line-width": 1.4, "line-opacity": 0.5 } },
    ];
  }
  if (layer.draw === "line") {
    const width = ["interpolate", ["linear"], ["zoom"], 9, 1.6, 13, 3];
    const line = { type: "line", source, minzoom: layer.minzoom, layout: { "line-cap": "round", "line-join": "round" } };
    return [
      { ...line, id: `${source}-edge`, paint: { "line-color": css("m-halo"), "line-width": ["interpolate", ["linear"], ["zoom"], 9, 3.4, 13, 6], "line-opacity": 0.8 } },
      { ...line, id: source, paint: { "line-color": css("accent"), "line-width": width, "line-opacity": 0.85 } },
    ];
  }
  const own = (factor) => ["*", factor, ["number", ["get", "size"], 1]];
  const grows = (...stops) => ["interpolate", ["linear"], ["zoom"], ...stops.map((one, at) => (at % 2 ? own(one) : one))];
  const size = layer.draw === "mark" ? grows(8, 0.42, 10, 0.62, 12, 1) : layer.draw === "dot" ? grows(8, 0.5, 11, 0.9, 13, 1.1) : 1;
  const from = layer.draw === "dot" ? 11.6 : 12.8;
  const arrow = {
    id: `${source}-course`, type: "symbol", source, minzoom: layer.minzoom, filter: ["has", "course"],
    layout: { "icon-image": "course|||", "icon-size": size, "icon-rotate": ["get", "course"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true },
  };
  return [...(layer.draw === "mark" ? [arrow] : []), {
    id: source, type: "symbol", source, minzoom: layer.minzoom,
    layout: {
      "icon-image": ["get", "_image"], "icon-size": size, "icon-allow-overlap": true, "icon-ignore-placement": true,
      "symbol-sort-key": ["case", ["==", ["get", "level"], 0], 9, ["-", 0, ["get", "level"]]],
      "text-field": ["step", ["zoom"], "", from, layer.draw === "dot" ? ["get", "_text"] : ["get", "title"]],
      "text-font": fonts(false), "text-size": 11, "text-anchor": "top", "text-offset": [0, layer.draw === "dot" ? 0.7 : 1], "text-optional": true, "text-max-width": 9, "text-line-height": 1.25,
    },
    paint: { "text-color": css("ink"), "text-halo-color": css("m-halo"), "text-halo-width": 1.5 },
  }];
}
