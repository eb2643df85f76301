// The grid of yearly figures: arrow keys and Enter walk it, a block pasted from a spreadsheet fills it from one cell on.
const grid = document.querySelector("[data-figures]");

const cells = () => [...grid.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input")]);

function place(input) {
  const all = cells();
  const row = all.findIndex((line) => line.includes(input));
  return { all, row, column: row < 0 ? -1 : all[row].indexOf(input) };
}

function move(input, down, right) {
  const { all, row, column } = place(input);
  const next = all[row + down]?.[column + right];
  if (!next) return false;
  next.focus();
  next.select();
  return true;
}

grid?.addEventListener("keydown", (event) => {
  const input = event.target;
  if (!input.matches("tbody input") || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const atStart = input.selectionStart === 0 && input.selectionEnd === 0;
  const atEnd = input.selectionStart === input.value.length;
  const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], Enter: [1, 0] }[event.key]
    ?? (event.key === "ArrowLeft" && atStart ? [0, -1] : event.key === "ArrowRight" && atEnd ? [0, 1] : null);
  if (!step) return;
  // Enter in the last row sends nothing by itself: the button does.
  event.preventDefault();
  move(input, ...step);
});

grid?.addEventListener("paste", (event) => {
  const input = event.target;
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!input.matches("tbody input") || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const { all, row, column } = place(input);
  text.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach((line, down) => {
    line.split("\t").forEach((value, right) => {
      const cell = all[row + down]?.[column + right];
      if (!cell) return;
      cell.value = value.trim();
      cell.classList.add("pasted");
    });
  });
});

grid?.addEventListener("input", (event) => event.target.classList?.remove("pasted"));
