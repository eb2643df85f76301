// The tree of registers: groups that fold and stay as they were left, a search by name or pinyin, all by keys.
const tree = document.querySelector("[data-tree]");
const COOKIE = "anlan_folds";

const kidsOf = (group) => group.querySelector(".kids");
const folds = () => [...tree.querySelectorAll("[data-fold]")];

function fold(button, open) {
  button.setAttribute("aria-expanded", String(open));
  kidsOf(button.closest("section")).hidden = !open;
}

/* How each group was left, for the server to draw the next page so. */
function remember() {
  const said = folds().map((button) => `${button.getAttribute("aria-expanded") === "true" ? "o" : "c"}-${button.closest("section").dataset.group}`);
  document.cookie = `${COOKIE}=${said.join(".")}; path=/registers/; max-age=31536000; SameSite=Lax`;
}

function search(typed) {
  const wanted = typed.trim().toLowerCase().replace(/\s+/g, "");
  let hits = 0;
  for (const group of tree.querySelectorAll("section")) {
    let here = 0;
    for (const link of group.querySelectorAll("a")) {
      const name = link.querySelector("span").textContent.toLowerCase().replace(/\s+/g, "");
      const sounds = (link.dataset.sounds ?? "").replace(/ /g, "").split("|");
      link.hidden = wanted !== "" && !name.includes(wanted) && !sounds.some((one) => one.includes(wanted));
      here += link.hidden ? 0 : 1;
    }
    hits += here;
    group.hidden = here === 0;
    const button = group.querySelector("[data-fold]");
    // While somebody searches, what is found is shown, folded or not; how it was left is not forgotten.
    if (button) kidsOf(group).hidden = wanted === "" && button.getAttribute("aria-expanded") !== "true";
  }
  tree.querySelector("[data-tree-none]").hidden = hits > 0;
}

/* What the arrow keys go through: headings and links that can be seen. */
function stops() {
  return [...tree.querySelectorAll("[data-fold], a")].filter((node) => node.offsetParent !== null);
}

function keys(event) {
  const find = tree.querySelector("[data-tree-find]");
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const all = stops();
    const next = at === find ? (event.key === "ArrowDown" ? 0 : -1) : all.indexOf(at) + (event.key === "ArrowDown" ? 1 : -1);
    (all[next] ?? find).focus();
  } else if (event.key === "Enter" && at === find) {
    const first = find.value.trim() && stops().find((node) => node.matches("a"));
    if (!first) return;
    first.click();
  } else if (event.key === "Escape" && at === find && find.value) {
    find.value = "";
    search("");
  } else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && at !== find) {
    const button = at.closest("section")?.querySelector("[data-fold]");
    if (!button) return;
    fold(button, event.key === "ArrowRight");
    remember();
    button.focus();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

if (tree) {
  const find = tree.querySelector("[data-tree-find]");
  find.addEventListener("input", () => search(find.value));
  find.addEventListener("click", () => find.focus()); // its letter clicks it
  tree.addEventListener("keydown", keys);
  tree.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fold]");
    if (button) {
      fold(button, button.getAttribute("aria-expanded") !== "true");
      remember();
    }
    if (event.target.closest("[data-tree-all]")) {
      const open = folds().some((one) => one.getAttribute("aria-expanded") !== "true");
      for (const one of folds()) fold(one, open);
      remember();
    }
  });
  tree.querySelector("a.on")?.scrollIntoView({ block: "nearest" });
}
