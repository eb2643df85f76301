// Words of our scripts in the language of the page. The server finds every gettext("…") in our scripts and sends the
// translations with /i18n.js, so a sentence is written once, here in English.
const words = globalThis.anlanTexts ?? {};

/** The sentence in the language of the page; `%(name)s` is filled from `values`. */
export function gettext(sentence, values = null) {
  const text = words[sentence] ?? sentence;
  return values ? text.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? values[name] : whole)) : text;
}

const NUMERALS = { 1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ" };
const NAMES = { 1: "red", 2: "orange", 3: "yellow", 4: "blue" };

/** CSS name of a level 1 … 4; "none" when not graded. */
export const levelName = (level) => NAMES[level] ?? "none";

/** "Ⅱ Orange": numeral and word, since colour alone says nothing. */
export function levelWord(level) {
  const colour = { 1: gettext("Red"), 2: gettext("Orange"), 3: gettext("Yellow"), 4: gettext("Blue") }[level];
  return colour ? `${NUMERALS[level]} ${colour}` : gettext("Not graded");
}

/** The colour word alone, for the letters on the time slider. */
export const levelColour = (level) =>
  ({ 1: gettext("Red"), 2: gettext("Orange"), 3: gettext("Yellow"), 4: gettext("Blue") })[level] ?? "";

/** An element with class and text; children may be elements or texts. Nothing here ever parses HTML. */
export function el(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const sprite = new URL("icons.svg", import.meta.url).pathname;

/** An icon of the sprite. */
export function icon(name, className = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `i ${className}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
