// The search box: places, coordinates, points and rows of the layers; arrows and Enter fly there.
import { el, gettext } from "../web/text.js";

export class Finder {
  constructor(desk) {
    this.desk = desk;
    this.box = document.getElementById("find");
    this.list = document.getElementById("hits");
    this.hits = [];
    this.at = 0;
  }

  start() {
    this.box.addEventListener("input", () => {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.ask(), 180);
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        this.choose(this.at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (this.hits[this.at]) this.fly(this.hits[this.at]);
        else this.ask();
      } else if (event.key === "Escape") this.close();
    });
    this.box.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.box.addEventListener("focus", () => this.hits.length && this.open());
  }

  async ask() {
    const text = this.box.value.trim();
    if (!text) {
      this.hits = [];
      this.close();
      return;
    }
    try {
      const answer = await fetch(`${this.desk.root.dataset.find}?${new URLSearchParams({ q: text })}`, { credentials: "same-origin" });
      if (this.box.value.trim() !== text) return;
      this.hits = answer.ok ? (await answer.json()).hits : [];
    } catch {
      this.hits = [];
    }
    this.at = 0;
    this.paint();
  }

  paint() {
    this.list.replaceChildren(...this.hits.map((hit, i) => {
      const line = el("li", "", el("b", "", hit.title), el("span", "", hit.note));
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", String(i === this.at));
      line.addEventListener("mousedown", (event) => {
        event.preventDefault();
        this.fly(hit);
      });
      return line;
    }));
    if (!this.hits.length) this.list.append(el("li", "none", gettext("Nothing found")));
    this.open();
  }

  choose(at) {
    this.at = (at + this.hits.length) % Math.max(1, this.hits.length);
    [...this.list.children].forEach((line, i) => line.setAttribute("aria-selected", String(i === this.at)));
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  open() {
    this.list.hidden = false;
    this.box.setAttribute("aria-expanded", "true");
  }

  close() {
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
  }

  fly(hit) {
    this.close();
    this.box.blur();
    const place = hit.lon === null ? null : [hit.lon, hit.lat];
    if (place) this.desk.fly(place, hit.zoom);
    if (hit.layer && hit.id) this.desk.openCard(hit.layer, hit.id, place, true);
  }
}
