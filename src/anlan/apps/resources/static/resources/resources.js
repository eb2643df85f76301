// Pages of resources: print, more rows of a receipt, and finding a line in a long list of goods.

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const more = event.target.closest("[data-more-rows]");
  if (!more) return;
  const body = document.querySelector("[data-rows]");
  const last = body.querySelector("tr:last-child");
  const number = Number(last.dataset.n) + 1;
  const row = last.cloneNode(true);
  row.dataset.n = String(number);
  for (const field of row.querySelectorAll("[name]")) {
    field.name = field.name.replace(/-\d+$/, `-${number}`);
    field.value = "";
  }
  row.querySelector(".fault")?.remove();
  body.append(row);
  row.querySelector("select, input").focus();
});

document.addEventListener("input", (event) => {
  const find = event.target.closest("[data-find-line]");
  if (!find) return;
  const typed = find.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("[data-line]")) {
    const filled = [...row.querySelectorAll("input:not([type=hidden])")].some((field) => field.value);
    row.hidden = !filled && !row.dataset.line.toLowerCase().includes(typed);
  }
});
