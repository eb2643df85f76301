// The map desk: puts the ground, the layers, the card, the tools and the slider together.
import { el, gettext, levelWord } from "../web/text.js";
import { ago, bureauTime } from "../web/time.js";
import { LIVE, onEvent } from "../web/stream.js";
import { send, toast } from "../web/frame.js";
import { drawCurves } from "../web/chart.js";
import { emptyStyle, groundStyle, roadSigns } from "./map-ground.js";
import { Layers } from "./map-layers.js";
import { openHeap } from "./map-tiles.js";
import { Slider } from "./map-time.js";
import { Tools } from "./map-around.js";
import { Finder } from "./map-search.js";

const VIEW = "anlan.map.view";
const phone = matchMedia("(max-width: 639.9px)");

class MapDesk {
  constructor(root, library) {
    this.root = root;
    this.library = library;
    this.at = null; // ms of the moment shown; null is now
    this.bounds = root.dataset.bounds ? root.dataset.bounds.split(",").map(Number) : [73, 18, 135, 54];
    this.card = document.getElementById("mcard");
    this.open = null;
  }

  async start() {
    const ground = this.root.dataset.ground ? await fetch(this.root.dataset.ground, { credentials: "same-origin" }).then((a) => (a.ok ? a.json() : null)).catch(() => null) : null;
    this.ground = ground;
    const [w, s, e, n] = this.bounds;
    const dx = (e - w) * 0.6;
    const dy = (n - s) * 0.6;
    this.map = new this.library.Map({
      container: "map", style: this.style(), attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, fadeDuration: 0,
      minZoom: 6, maxZoom: 18, maxBounds: [[w - dx, s - dy], [e + dx, n + dy]], renderWorldCopies: false,
      localIdeographFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font").trim(), ...this.firstView(),
    });
    this.map.touchZoomRotate?.disableRotation();
    this.root.anlanMap = this.map;
    await new Promise((done) => this.map.once("load", done));
    roadSigns(this.map, ground);
    this.layers = new Layers(this);
    this.tools = new Tools(this);
    this.slider = new Slider(this);
    this.finder = new Finder(this);
    this.pointer();
    this.chrome();
    await this.layers.start();
    this.tools.start();
    this.slider.start();
    this.finder.start();
    const wanted = new URLSearchParams(location.search).get("open");
    if (wanted?.includes(":")) {
      const cut = wanted.indexOf(":");
      await this.openCard(wanted.slice(0, cut), wanted.slice(cut + 1), null, true);
    }
    this.map.once("idle", () => (this.root.dataset.ready = "1"));
    this.map.triggerRepaint();
  }

  style() {
    const dark = document.documentElement.dataset.theme === "dark";
    const { hillshade, hillshadeDark } = this.root.dataset;
    const shade = (dark ? hillshadeDark || hillshade : hillshade) ?? "";
    return this.ground || shade ? groundStyle(this.ground, shade, this.bounds) : emptyStyle();
  }

  /** What floats over the map, as boxes in the map's own pixels. */
  panels() {
    const origin = this.root.getBoundingClientRect();
    return [...this.root.querySelectorAll(":scope > .float")].filter((panel) => !panel.hidden && panel.offsetParent !== null).map((panel) => {
      const box = panel.getBoundingClientRect();
      return [box.left - origin.left, box.top - origin.top, box.right - origin.left, box.bottom - origin.top];
    });
  }

  // --- views ----------------------------------------------------------------------------------------------------
  padding() {
    if (phone.matches) return { top: 64, bottom: 72, left: 8, right: 8 };
    return { top: 68, bottom: 96, left: this.root.classList.contains("wide") ? 60 : 284, right: this.card.hidden ? 24 : 392 };
  }

  firstView() {
    const at = new URLSearchParams(location.search).get("at")?.split(",").map(Number);
    if (at?.length >= 2 && at.every(Number.isFinite)) return { center: [at[0], at[1]], zoom: at[2] ?? 13 };
    const kept = JSON.parse(sessionStorage.getItem(VIEW) ?? "null");
    if (kept) return kept;
    return { bounds: this.bounds, fitBoundsOptions: { padding: this.padding() } };
  }

  fit(box) {
    this.map.fitBounds(box, { padding: this.padding(), maxZoom: 14, duration: 500 });
  }

  home() {
    this.fit(this.bounds);
  }

  fly(place, zoom) {
    // Into the middle of what the panels leave free; on a phone above the sheet.
    const { left, right } = this.padding();
    const offset = phone.matches ? [0, -this.map.getCanvas().clientHeight * 0.26] : [(left - right) / 2, -10];
    this.map.easeTo({ center: place, zoom: Math.max(zoom ?? 0, this.map.getZoom()), offset, duration: 600 });
  }

  marker(node, place, options = {}) {
    return new this.library.Marker({ element: node, anchor: "center", ...options }).setLngLat(place).addTo(this.map);
  }

  // --- pointer --------------------------------------------------------------------------------------------------
  pointer() {
    const tip = el("div", "tip");
    tip.hidden = true;
    this.root.append(tip);
    let timer = 0;
    const away = () => {
      clearTimeout(timer);
      tip.hidden = true;
    };
    this.map.on("mousemove", (event) => {
      away();
      timer = setTimeout(() => {
        const [hit] = this.layers.hits(event.point).filter((one) => one.properties.title);
        this.map.getCanvas().style.cursor = this.tools.mode ? "crosshair" : hit ? "pointer" : "";
        if (!hit || this.tools.mode) return;
        const facts = hit.properties;
        tip.replaceChildren(el("b", "", facts.title));
        const second = [facts.level ? levelWord(facts.level) : "", facts.silent ? gettext("No data") : facts.value ?? "", facts.t && !this.at ? ago(facts.t) : facts.t ? bureauTime(facts.t) : ""];
        const words = second.filter(Boolean).join(" · ");
        if (words) tip.append(el("span", "sub", words));
        tip.style.left = `${event.point.x}px`;
        tip.style.top = `${event.point.y}px`;
        tip.hidden = false;
      }, 60);
    });
    this.map.on("mouseout", away);
    this.map.on("movestart", away);
    this.map.on("click", (event) => {
      away();
      if (this.tools.click(event.lngLat.toArray())) return;
      const hit = this.layers.hits(event.point, phone.matches ? 14 : 6).find((one) => this.layers.by.get(one.properties._layer)?.card);
      if (hit?.properties.count !== undefined) openHeap(this.map, hit);
      else if (hit) this.openCard(hit.properties._layer, hit.properties.id);
      else if (phone.matches) this.closeCard();
    });
  }

  // --- card -----------------------------------------------------------------------------------------------------
  async openCard(code, id, place = null, fly = false) {
    const feature = this.layers.find(code, id);
    const spot = place ?? (feature?.geometry?.type === "Point" ? feature.geometry.coordinates : null);
    const url = `${this.root.dataset.base}${encodeURIComponent(code)}/${encodeURIComponent(id)}/card/`;
    this.open = { code, id: String(id), url };
    if (!(await this.fillCard(true))) return;
    const inside = this.card.querySelector("[data-card]");
    const where = spot ?? (inside?.dataset.lon ? [Number(inside.dataset.lon), Number(inside.dataset.lat)] : null);
    this.select(where);
    if (where && (fly || this.covered(where))) this.fly(where, fly ? 13 : phone.matches ? 11.5 : 0);
  }

  /** True when a place lies under the card or outside the window. */
  covered(place) {
    const { x, y } = this.map.project(place);
    const { clientWidth: w, clientHeight: h } = this.map.getCanvas();
    const { left } = this.padding();
    return x < left || y < 70 || x > w - (phone.matches ? 20 : 400) || y > h * (phone.matches ? 0.32 : 0.9);
  }

  select(place) {
    this.place = place;
    const features = place ? [{ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: place } }] : [];
    this.map.getSource("selected")?.setData({ type: "FeatureCollection", features });
  }

  async fillCard(first) {
    const { url } = this.open;
    let html = "";
    try {
      const answer = await fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true", ...(first ? {} : LIVE) } });
      if (answer.status === 404) {
        if (first) toast(gettext("Not found, or not part of your posts."));
        this.closeCard();
        return false;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      html = await answer.text();
    } catch {
      toast(gettext("The details could not be loaded"), { kind: "error" });
      return false;
    }
    if (this.open?.url !== url) return false;
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    // The curve that is drawn stays, so that a refresh does not blink.
    const old = this.card.querySelector("[data-curve][data-drawn]");
    const slot = fresh.querySelector("[data-curve]");
    const scroll = this.card.querySelector(".scroll")?.scrollTop ?? 0;
    const keep = !first && old && slot && old.dataset.curve === slot.dataset.curve;
    if (keep) slot.replaceWith(old);
    this.card.replaceChildren(...fresh.childNodes);
    this.card.hidden = false;
    this.root.classList.add("has-card");
    if (!keep) drawCurves(this.card);
    const body = this.card.querySelector(".scroll");
    if (body && !first) body.scrollTop = scroll;
    return true;
  }

  closeCard() {
    this.open = null;
    this.card.hidden = true;
    this.card.replaceChildren();
    this.root.classList.remove("has-card");
    this.select(null);
  }

  async act(button) {
    const data = {};
    for (const [key, value] of Object.entries(button.dataset)) if (key.startsWith("value")) data[key.slice(5).replace(/^[-A-Z]/, (c) => c.replace("-", "").toLowerCase())] = value;
    button.disabled = true;
    const answer = await send(button.dataset.act, data);
    button.disabled = false;
    if (!answer) return;
    if (answer.ok) { // a refusal was said by send()
      const said = await answer.json().catch(() => ({}));
      const { undo } = button.dataset;
      const back = undo ? { label: gettext("Undo"), run: () => send(undo).then(() => this.refresh()) } : null;
      toast(said.words ?? gettext("Done"), { act: back, seconds: back ? 10 : 6 });
    }
    this.refresh();
  }

  refresh() {
    if (this.open) this.fillCard(false);
    for (const layer of this.layers.by.values()) if (layer.events.length) this.layers.load(layer);
  }

  // --- the rest of the screen -----------------------------------------------------------------------------------
  chrome() {
    this.card.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]");
      if (act) this.act(act);
      if (event.target.closest("[data-card-close]")) this.closeCard();
      if (event.target.closest("[data-card-around]") && this.place) this.tools.draw(this.place, this.tools.radius);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.open && !this.tools.mode && !event.target.closest("input, dialog")) this.closeCard();
    });
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.map.zoomTo(this.map.getZoom() + Number(button.dataset.zoom), { duration: 200 }));
    const tree = document.getElementById("mtree");
    document.querySelector("[data-fold]").addEventListener("click", () => {
      tree.classList.toggle("folded");
      this.root.classList.toggle("wide", tree.classList.contains("folded"));
    });
    document.querySelector('[data-panel="mtree"]').addEventListener("click", () => tree.classList.toggle("open"));
    const scale = document.querySelector("[data-scale]");
    const measure = () => {
      const y = this.map.getCanvas().clientHeight / 2;
      const [a, b] = [this.map.unproject([0, y]), this.map.unproject([80, y])];
      const m = a.distanceTo(b);
      const power = 10 ** Math.floor(Math.log10(m));
      const round = power * ([5, 2, 1].find((step) => step * power <= m) ?? 1);
      scale.textContent = round >= 1000 ? `${round / 1000} km` : `${round} m`;
      scale.style.width = `${((80 * round) / m).toFixed(0)}px`;
    };
    measure();
    this.map.on("move", measure);
    this.map.on("moveend", () => {
      const center = this.map.getCenter().toArray();
      sessionStorage.setItem(VIEW, JSON.stringify({ center, zoom: this.map.getZoom() }));
      this.root.dataset.view = [...center.map((v) => v.toFixed(4)), this.map.getZoom().toFixed(1)].join(",");
    });
    onEvent("", (event) => {
      if (!this.open || this.at) return;
      const related = ["alarm.", "case.", "chain."].some((prefix) => event.kind.startsWith(prefix));
      if (!related) return;
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.open && this.fillCard(false), 400);
    });
    document.body.addEventListener("anlan:reset", () => this.refresh());
    document.body.addEventListener("anlan:theme", () => {
      this.map.setStyle(this.style(), { diff: false });
      this.map.once("style.load", () => {
        roadSigns(this.map, this.ground);
        this.layers.install();
        this.tools.install();
        for (const layer of this.layers.by.values()) this.layers.show(layer);
        this.select(this.place ?? null);
      });
    });
  }
}

async function begin() {
  const root = document.getElementById("mdesk");
  try {
    const library = await import(new URL("../vendor/maplibre-gl/maplibre-gl.mjs", import.meta.url).href);
    await new MapDesk(root, library).start();
  } catch (problem) {
    console.warn("map:", problem);
    root.dataset.ready = "failed";
    const box = el("div", "state error", el("b", "", gettext("The map cannot be drawn here")), el("p", "", gettext("This browser has no WebGL, or it is switched off. Lists and cards work without it.")));
    root.append(el("div", "mfail", box));
  }
}

begin();
