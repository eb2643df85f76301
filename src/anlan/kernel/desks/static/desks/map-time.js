// The slider over the last 24 hours: bars are alarms per quarter of an hour, letters the gravest of them. Drag looks
// back; Space plays; End returns to now. While the past is shown nothing can be acknowledged or opened.
import { gettext, levelColour, levelName } from "../web/text.js";
import { bureauTime, clockTime, dayTime, now } from "../web/time.js";
import { LIVE, onEvent } from "../web/stream.js";

const NS = "http://www.w3.org/2000/svg";
const DAY = 24 * 3600e3;

function shape(tag, attributes, text = "") {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text) node.textContent = text;
  return node;
}

export class Slider {
  constructor(desk) {
    this.desk = desk;
    this.bar = document.querySelector(".mtime");
    this.track = document.querySelector("[data-track]");
    this.band = document.querySelector("[data-replay-band]");
    this.back = document.querySelector("[data-return]");
    this.playButton = document.querySelector("[data-play]");
    this.speed = 600;
    this.data = { from: now() - DAY, to: now(), bar_ms: 900e3, bars: [], ticks: [] };
  }

  start() {
    this.ask();
    setInterval(() => !document.hidden && this.ask(), 60_000);
    onEvent("alarm.", () => {
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.ask(), 1500);
    });
    new ResizeObserver(() => this.draw()).observe(this.track);
    this.track.addEventListener("pointerdown", (event) => {
      this.track.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.stop();
      this.drag(event);
    });
    this.track.addEventListener("pointermove", (event) => this.dragging && this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.track.addEventListener(name, () => (this.dragging = false));
    this.track.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -300e3, ArrowRight: 300e3, PageUp: -3600e3, PageDown: 3600e3 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.go((this.desk.at ?? now()) + step);
    });
    this.playButton.addEventListener("click", () => this.toggle());
    this.back.addEventListener("click", () => this.live());
    document.querySelector("[data-speeds]").addEventListener("click", (event) => {
      const button = event.target.closest("[data-speed]");
      if (!button) return;
      this.speed = Number(button.dataset.speed);
      for (const one of button.parentElement.children) one.setAttribute("aria-pressed", String(one === button));
    });
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.target.closest("input, textarea, select, button, a, dialog")) return;
      if (event.key === " ") { event.preventDefault(); this.toggle(); }
      if (event.key === "End") { event.preventDefault(); this.live(); }
    });
  }

  async ask() {
    try {
      const answer = await fetch(this.desk.root.dataset.timeline, { credentials: "same-origin", headers: LIVE });
      if (answer.ok) this.data = await answer.json();
    } catch { /* the band at the top says that the line is cut; the bars stay as they were */ }
    this.draw();
  }

  x(ms) {
    return ((ms - this.data.from) / (this.data.to - this.data.from)) * this.width;
  }

  drag(event) {
    const box = this.track.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    if (share > 0.996) this.live();
    else this.go(this.data.from + share * (this.data.to - this.data.from));
  }

  go(ms) {
    const end = now();
    if (ms >= end - 2000) {
      this.live();
      return;
    }
    this.desk.at = Math.max(end - DAY + 1000, ms);
    this.desk.root.dataset.past = "1";
    this.bar.dataset.mode = "past";
    this.band.hidden = this.back.hidden = false;
    this.mark();
    const wait = Math.max(0, 250 - (performance.now() - (this.last ?? 0)));
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.last = performance.now();
      this.desk.layers.travel();
    }, wait);
  }

  live() {
    this.stop();
    const was = this.desk.at;
    this.desk.at = null;
    delete this.desk.root.dataset.past;
    this.bar.dataset.mode = "live";
    this.band.hidden = this.back.hidden = true;
    clearTimeout(this.later);
    this.mark();
    if (was) this.desk.layers.travel();
  }

  toggle() {
    if (this.timer) {
      this.stop();
      return;
    }
    if (!this.desk.at) this.go(now() - DAY);
    let before = performance.now();
    this.timer = setInterval(() => {
      const t = performance.now();
      this.go(this.desk.at + (t - before) * this.speed);
      before = t;
    }, 200);
    this.face(true);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.face(false);
  }

  face(playing) {
    const use = this.playButton.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, playing ? "#pause" : "#play"));
    this.playButton.querySelector("span").textContent = playing ? gettext("Pause") : gettext("Replay");
  }

  draw() {
    this.width = this.track.clientWidth;
    if (!this.width) return;
    const { from, to, bars, bar_ms: step } = this.data;
    const svg = shape("svg", { width: this.width, height: 56, "aria-hidden": "true" });
    const most = Math.max(4, ...bars);
    const wide = Math.max(1.5, (step / (to - from)) * this.width - 3);
    bars.forEach((count, i) => {
      if (!count) return;
      const high = Math.max(2.2, (count / most) * 20);
      svg.append(shape("rect", { class: "b", x: this.x(from + i * step) + 1.5, y: 24 - high, width: wide, height: high, rx: 1 }));
    });
    svg.append(shape("path", { class: "ax", d: `M0 28.5H${this.width}` }));
    const hours = this.width < 420 ? 6 : 3;
    for (let hour = 0; hour <= 24; hour += 1) {
      const t = to - (24 - hour) * 3600e3;
      const major = hour % hours === 0;
      svg.append(shape("path", { class: "tk", d: `M${this.x(t).toFixed(1)} 28.5v${major ? 6 : 3}` }));
      if (!major) continue;
      const words = hour === 0 ? dayTime(t) : hour === 24 ? gettext("%(time)s now", { time: clockTime(t) }) : clockTime(t);
      svg.append(shape("text", { x: this.x(t), y: 49, "text-anchor": hour === 0 ? "start" : hour === 24 ? "end" : "middle" }, words));
    }
    const taken = [];
    for (const tick of this.data.ticks) {
      const x = this.x(tick.t);
      if (taken.some((other) => Math.abs(other - x) < 18)) continue;
      taken.push(x);
      const group = shape("g", { class: `lt ${levelName(tick.level)}`, transform: `translate(${(x - 7.5).toFixed(1)} 21)` });
      const word = levelColour(tick.level);
      group.append(shape("title", {}, `${clockTime(tick.t)} ${tick.title}`));
      group.append(shape("rect", { width: 15, height: 14, rx: 3 }));
      group.append(shape("text", { x: 7.5, y: 10.8 }, word.slice(0, 1)));
      svg.append(group);
    }
    this.cursor = shape("g", {});
    this.cursor.append(shape("path", { class: "cur", d: "M0 4V34" }), shape("circle", { class: "knob", cx: 0, cy: 28.5, r: 5 }));
    svg.append(this.cursor);
    this.track.replaceChildren(svg);
    this.mark();
  }

  mark() {
    const at = this.desk.at ?? this.data.to;
    this.cursor?.setAttribute("transform", `translate(${Math.min(this.width, Math.max(0, this.x(at))).toFixed(1)} 0)`);
    this.track.setAttribute("aria-valuetext", this.desk.at ? bureauTime(at, true) : gettext("Now"));
    if (this.desk.at) this.band.textContent = gettext("Replay %(time)s: acts are off", { time: bureauTime(at, true) });
  }
}
