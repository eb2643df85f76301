// Tells the place of this phone while its person shares it: measured here, kept in the phone until the server has it.
import { gettext } from "../web/text.js";
import { clockTime, now } from "../web/time.js";
import { csrfToken } from "../web/frame.js";

const EVERY_MS = 15_000; // at most so often a position is kept
const MOST = 200; // positions of one post
const MOST_KEPT = 20_000; // positions that wait in the phone; the oldest give way
const page = document.querySelector("[data-share]");
const until = Number(page.dataset.until) || 0;
const mine = page.dataset.user; // a phone may be handed on: what waits belongs to one person
const words = page.querySelector("[data-share-words]");

const say = (text) => {
  if (words) words.textContent = text;
};

// --- what waits in the phone ------------------------------------------------------------------------------------
const opened = new Promise((done, failed) => {
  const asked = indexedDB.open("anlan-positions", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("waiting", { keyPath: "key", autoIncrement: true }).createIndex("user", "user");
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => failed(asked.error);
});

async function inStore(mode, work) {
  const store = (await opened).transaction("waiting", mode).objectStore("waiting");
  return new Promise((done, failed) => {
    const asked = work(store);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

const keep = (row) => inStore("readwrite", (store) => store.add({ ...row, user: mine }));
const waiting = (most) => inStore("readonly", (store) => store.index("user").getAll(mine, most));
const count = () => inStore("readonly", (store) => store.index("user").count(mine));

async function drop(keys) {
  const store = (await opened).transaction("waiting", "readwrite").objectStore("waiting");
  for (const key of keys) store.delete(key);
  await new Promise((done, failed) => {
    store.transaction.oncomplete = done;
    store.transaction.onerror = () => failed(store.transaction.error);
  });
}

// --- sending ------------------------------------------------------------------------------------------------------
let sending = false;

/** Send what waits, the oldest first; a position leaves the phone only when the server has it on disk. */
async function flush() {
  if (sending) return;
  sending = true;
  try {
    for (let rows = await waiting(MOST); rows.length; rows = await waiting(MOST)) {
      const positions = rows.map(({ t, lat, lon, accuracy, speed, heading }) => ({ t, lat, lon, accuracy, speed, heading }));
      const answer = await fetch(page.dataset.positions, {
        method: "POST", credentials: "same-origin", body: JSON.stringify({ positions }), redirect: "error",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch" },
      });
      if (answer.status === 401 || answer.status === 403) {
        say(gettext("You are signed out; sign in again to go on. %(n)s positions wait in this phone.", { n: await count() }));
        return;
      }
      // 422: the server will never take them, whatever is waited for.
      if (!answer.ok && answer.status !== 422) throw new Error(String(answer.status));
      await drop(rows.map((row) => row.key));
      page.dataset.sent = String(Number(page.dataset.sent ?? 0) + (answer.ok ? (await answer.json()).accepted : 0));
      if (answer.ok) page.dataset.sentAt = String(now());
    }
    report();
  } catch {
    say(gettext("No network: %(n)s positions wait in this phone.", { n: await count() }));
  } finally {
    sending = false;
  }
}

let last = null;

function report() {
  if (!last) return;
  const at = page.dataset.sentAt ? gettext("sent %(time)s", { time: clockTime(Number(page.dataset.sentAt), true) }) : gettext("not sent yet");
  say([gettext("Last position ± %(m)s m", { m: Math.round(last.accuracy ?? 0) }), at].join(" · "));
}

// --- measuring ----------------------------------------------------------------------------------------------------
let watch = null;

function end(message) {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  page.dataset.sharing = "0";
  if (message) say(message);
}

async function measured({ coords, timestamp }) {
  if (now() >= until) return over();
  // The clock of the phone may be wrong, that of the page is the server's: the age of the measurement is kept.
  const t = Math.round(now() - Math.max(0, Date.now() - timestamp));
  if (last && t - last.t < EVERY_MS) return undefined;
  last = { t, lat: coords.latitude, lon: coords.longitude, accuracy: coords.accuracy, speed: coords.speed, heading: Number.isFinite(coords.heading) ? coords.heading : null };
  await keep(last);
  const n = await count();
  if (n > MOST_KEPT) await drop((await waiting(n - MOST_KEPT)).map((row) => row.key));
  return flush();
}

function over() {
  end(gettext("The time is over: your place is no longer shared."));
  flush().then(() => location.reload());
}

function refused(problem) {
  if (problem.code === 1) end(gettext("This browser may not tell its place. Allow it in the settings of the browser, then begin again."));
  else say(gettext("No position at the moment; it is tried again."));
}

function begin() {
  if (!navigator.geolocation || !globalThis.isSecureContext) {
    say(gettext("This browser tells no place here: the page must be opened by https."));
    return;
  }
  page.dataset.sharing = "1";
  watch = navigator.geolocation.watchPosition(measured, refused, { enableHighAccuracy: true, maximumAge: 5_000, timeout: 60_000 });
  setTimeout(over, Math.min(2 ** 31 - 1, Math.max(0, until - now())));
  // As long as the page is seen, the screen stays on where the browser can.
  navigator.wakeLock?.request("screen").catch(() => {});
  page.querySelector("[data-share-stop]")?.addEventListener("submit", () => end(""));
}

if (until > now()) begin();
// What was measured while it was shared is sent later too; nothing new is measured.
flush();
addEventListener("online", flush);
setInterval(flush, 30_000);
