// Images of marks: an icon of the sprite on a disc, a dot, a hatched dot for silence. Level colours mark a level only.
import { levelName } from "../web/text.js";
import { css } from "./map-ground.js";

const RATIO = 2;
const sprite = fetch(new URL("../web/icons.svg", import.meta.url)).then((answer) => answer.text())
  .then((text) => new DOMParser().parseFromString(text, "image/svg+xml"));

async function glyph(name, colour, size) {
  const symbol = (await sprite).getElementById(name) ?? (await sprite).getElementById("dot");
  const inner = [...symbol.children].map((child) => new XMLSerializer().serializeToString(child)).join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 18 18" fill="none" stroke="${colour}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">${inner}</svg>`;
  const image = new Image(size, size);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  return image;
}

function canvas(size) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = size * RATIO;
  const pen = tile.getContext("2d");
  pen.scale(RATIO, RATIO);
  return pen;
}

function disc(pen, x, y, r, fill, edge, width = 1.5) {
  pen.beginPath();
  pen.arc(x, y, r, 0, Math.PI * 2);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = width;
  pen.stroke();
}

function hatch(pen, x, y, r) {
  pen.save();
  pen.beginPath();
  pen.arc(x, y, r, 0, Math.PI * 2);
  pen.clip();
  pen.strokeStyle = css("ink-2");
  pen.lineWidth = 1;
  for (let d = -2 * r; d <= 2 * r; d += 3) {
    pen.beginPath();
    pen.moveTo(x + d - r, y + r);
    pen.lineTo(x + d + r, y - r);
    pen.stroke();
  }
  pen.restore();
}

/** Name of the image of a feature: kind | icon | level | silent. */
export function imageName(draw, facts, fallback) {
  if (draw === "mark") return `mark|${facts.icon || fallback}|${facts.level ?? 0}|${facts.silent ? 1 : 0}`;
  return `${draw === "alarm" ? "still" : "dot"}||${facts.level ?? 0}|${facts.silent ? 1 : 0}`;
}

async function draw(name) {
  const [kind, icon, levelText, silent] = name.split("|");
  const level = Number(levelText);
  const halo = css("m-halo");
  const colour = level ? css(levelName(level)) : css("ink-2");
  if (kind === "mark") {
    const pen = canvas(26);
    disc(pen, 13, 13, 9.5, silent === "1" ? css("panel") : css("ink-2"), halo);
    if (silent === "1") hatch(pen, 13, 13, 9);
    pen.drawImage(await glyph(icon, silent === "1" ? css("ink-2") : css("panel"), 12 * RATIO), 7, 7, 12, 12);
    if (level) {
      pen.fillStyle = colour;
      pen.strokeStyle = halo;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.roundRect(17, 2, 7, 7, 2);
      pen.fill();
      pen.stroke();
    }
    return pen;
  }
  if (kind === "still") {
    const pen = canvas(20);
    disc(pen, 10, 10, 6.5, colour, halo, 2);
    disc(pen, 10, 10, 2, halo, halo, 0.5);
    return pen;
  }
  if (kind === "course") {
    // A tip above the disc of the mark, turned by the map; the disc covers the rest.
    const pen = canvas(44);
    pen.beginPath();
    pen.moveTo(22, 2);
    pen.lineTo(29.5, 15);
    pen.lineTo(14.5, 15);
    pen.closePath();
    pen.fillStyle = css("accent");
    pen.strokeStyle = halo;
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
    return pen;
  }
  const pen = canvas(16);
  disc(pen, 8, 8, 4.2, silent === "1" ? css("panel") : level ? colour : css("panel"), silent === "1" || !level ? css("ink-2") : halo, 1.4);
  if (silent === "1") hatch(pen, 8, 8, 4);
  return pen;
}

/** Add the images that are missing on the map; resolves when they stand. */
export async function ensureImages(map, names) {
  await Promise.all([...new Set(names)].filter((name) => !map.hasImage(name)).map(async (name) => {
    const pen = await draw(name);
    if (!map.hasImage(name)) map.addImage(name, pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height), { pixelRatio: RATIO });
  }));
}
