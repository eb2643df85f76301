// What every page does: live stream, clocks, keyboard, toasts, dialogs, htmx errors in words.
import { gettext, el } from "./text.js";
import { startTicking, tick } from "./time.js";
import { LIVE, onEvent, sessionEnded, startStream, streamState } from "./stream.js";
import { play, startSound } from "./sound.js";

const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

/** A line at the foot of the screen. `act` = {label, run} gives it a button (undo); stays `seconds`. */
export function toast(words, { kind = "", seconds = 6, act = null } = {}) {
  const line = el("div", `toast ${kind}`.trim(), el("span", "", words));
  const away = () => line.remove();
  if (act) {
    const button = el("button", "", act.label);
    button.type = "button";
    button.addEventListener("click", () => {
      away();
      act.run();
    });
    line.append(button);
  }
  $("[data-toasts]")?.append(line);
  if (seconds) setTimeout(away, seconds * 1000);
  return away;
}

/** The token that every changing request carries. */
export const csrfToken = () => $("input[name=csrfmiddlewaretoken]")?.value ?? "";

/** POST a form to our own server; returns the Response. Says in words when the line is cut. */
export async function send(url, data = {}) {
  const body = new URLSearchParams(data);
  try {
    const answer = await fetch(url, {
      method: "POST", body, credentials: "same-origin", redirect: "follow",
      headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch", Accept: "application/json, text/html" },
    });
    if (answer.status === 401) location.reload();
    else if (!answer.ok) toast(await reason(answer), { kind: "error", seconds: 10 });
    return answer;
  } catch {
    toast(gettext("The server cannot be reached. Nothing was sent; try again."), { kind: "error", seconds: 10 });
    return null;
  }
}

async function reason(answer) {
  const type = answer.headers.get("Content-Type") ?? "";
  if (type.includes("json")) {
    const data = await answer.clone().json().catch(() => ({}));
    const words = data.words ?? data.why ?? data.detail;
    if (words) return words;
  }
  return failure(answer.status);
}

function failure(status) {
  if (status === 403) return gettext("Not allowed: this is not part of your posts.");
  if (status === 404) return gettext("Not found, or not part of your posts.");
  if (status === 409) return gettext("Someone was faster. The page shows the newest state.");
  if (status === 413) return gettext("The file is too large.");
  if (status === 429) return gettext("Too many requests. Wait a moment and try again.");
  return gettext("The server could not do this. Nothing was changed.");
}

// --- htmx -------------------------------------------------------------------------------------------------------
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
  // What the page asks by itself, on a timer or for an event of the stream, keeps nobody signed in.
  if (!event.detail.triggeringEvent?.isTrusted) Object.assign(event.detail.headers, LIVE);
});
document.addEventListener("htmx:responseError", async (event) => {
  const { xhr } = event.detail;
  if (xhr.status !== 401) toast(failure(xhr.status), { kind: "error", seconds: 10 });
  else if (!xhr.getResponseHeader("HX-Redirect")) sessionEnded();
});
document.addEventListener("htmx:sendError", () => {
  if (streamState() !== "lost") toast(gettext("The server cannot be reached. Nothing was sent; try again."), { kind: "error" });
});
document.addEventListener("htmx:afterSwap", (event) => {
  tick();
  markRow();
  if (event.target.id === "sheet-body" && event.target.childElementCount) $("#sheet").showModal();
});
// HX-Trigger: {"toast": {"words": "…", "undo": "/path/"}}
document.addEventListener("toast", (event) => {
  const { words, value, kind, undo } = event.detail;
  const act = undo ? { label: gettext("Undo"), run: () => send(undo).then((answer) => answer?.ok && location.reload()) } : null;
  toast(words ?? value, { kind, act, seconds: undo ? 10 : 6 });
});

// --- forms ------------------------------------------------------------------------------------------------------
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-autosubmit]")) event.target.form?.requestSubmit();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  const words = form.dataset.ask ?? event.submitter?.dataset.ask;
  if (words && !confirm(words)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (!form.hasAttribute("data-once")) return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "1"; // a second press sends nothing
  setTimeout(() => delete form.dataset.sent, 8000);
}, true);

// --- dialogs and menus ------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) document.getElementById(opener.dataset.dialogOpen)?.showModal();
  if (event.target.closest("[data-dialog-close]") || event.target.matches("dialog")) event.target.closest("dialog")?.close();
  if (event.target.closest("[data-help]")) $("#help").showModal();
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (event.target.closest("[data-theme-switch]")) {
    const dark = document.documentElement.dataset.theme !== "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    document.cookie = `anlan_theme=${dark ? "dark" : "light"}; path=/; max-age=31536000; SameSite=Lax`;
    document.body.dispatchEvent(new CustomEvent("anlan:theme"));
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => toast(gettext("Copied")));
});

// --- keyboard ---------------------------------------------------------------------------------------------------
const DESKS = { m: "map", d: "duty", w: "work", r: "registers", s: "system" };
let waitsForDesk = 0;
let chosen = null;

const typing = (node) => node?.closest?.("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]");

function rows() {
  return $$("[data-list] [data-row]").filter((row) => row.offsetParent !== null);
}

function identity(row) {
  return row.id || row.dataset.ref || $("a[href]", row)?.getAttribute("href") || "";
}

function markRow() {
  // After a list was loaded anew the cursor stays on the same thing.
  if (chosen && !chosen.node.isConnected) {
    const again = rows().find((row) => identity(row) && identity(row) === chosen.key);
    if (again) choose(again, false);
  }
}

function choose(row, scroll = true) {
  for (const other of $$("[data-row].cur")) other.classList.remove("cur");
  row.classList.add("cur");
  chosen = { node: row, key: identity(row) };
  if (scroll) row.scrollIntoView({ block: "nearest" });
  row.dispatchEvent(new CustomEvent("anlan:row", { bubbles: true }));
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("cur"));
  choose(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))]);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if ($("dialog[open]")) return;
  if (waitsForDesk) {
    clearTimeout(waitsForDesk);
    waitsForDesk = 0;
    const link = $(`.rail a[data-desk="${DESKS[event.key]}"]`);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  const key = event.key;
  if (key === "g") waitsForDesk = setTimeout(() => (waitsForDesk = 0), 1200);
  else if (key === "/") {
    const box = $("[data-search]");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  } else if (key === "?") $("#help").showModal();
  else if (key === "j" || key === "k") {
    event.preventDefault();
    move(key === "j" ? 1 : -1);
  } else if (key === "Enter" && chosen?.node.isConnected && !event.target.closest("a, button, summary")) {
    $("a[href], [data-open]", chosen.node)?.click();
  } else {
    // A button that carries its letter: <button data-key="a">
    const button = $$(`[data-key="${CSS.escape(key.toLowerCase())}"]`).find((node) => node.offsetParent !== null && !node.disabled);
    if (button) {
      event.preventDefault();
      button.click();
    }
  }
});

// --- live -------------------------------------------------------------------------------------------------------
onEvent("notice.new", (event) => {
  const count = $("[data-unread]");
  if (count) count.textContent = String((Number(count.textContent) || 0) + 1);
  if (event.data?.title) toast(event.data.title, { seconds: 8 });
});
// Parts that ask again by themselves: data-refresh-on="alarm. case." with hx-trigger="refresh".
const due = new Map();
onEvent("", (event) => {
  for (const node of $$("[data-refresh-on]")) {
    if (node.dataset.refreshOn.split(/\s+/).some((prefix) => event.kind.startsWith(prefix)) && !due.has(node)) {
      due.set(node, setTimeout(() => {
        due.delete(node);
        if (node.isConnected) globalThis.htmx?.trigger(node, "refresh");
      }, 250));
    }
  }
});
document.body.addEventListener("anlan:stream", ({ detail }) => {
  if (detail.state !== "ended") return;
  const words = $("[data-stream-lost] span");
  if (words) words.textContent = gettext("You are signed out. Load the page again to sign in.");
});
// Too much was missed: what stands here may be stale, so the parts that can are asked again, else the page.
document.body.addEventListener("anlan:reset", () => {
  const parts = $$("[data-refresh-on]");
  if (parts.length) for (const node of parts) globalThis.htmx?.trigger(node, "refresh");
  else toast(gettext("This page is out of date."), { seconds: 0, act: { label: gettext("Load again"), run: () => location.reload() } });
});

// On a phone the tab of this page may lie outside of the strip.
for (const tab of $$(".tabs .on, .tabs [aria-current]")) {
  const strip = tab.closest(".tabs");
  strip.scrollLeft += tab.getBoundingClientRect().left + tab.offsetWidth / 2 - strip.getBoundingClientRect().left - strip.clientWidth / 2;
}
for (const line of $$("[data-toast]")) setTimeout(() => line.remove(), 7000);
startTicking();
startStream();
startSound();
globalThis.anlan = { toast, send, onEvent, play, streamState };
