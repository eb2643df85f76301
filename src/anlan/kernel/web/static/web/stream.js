// The live side of a page. Every event of the server becomes two DOM events on <body>:
//   anlan:alarm.raised   the kind itself           detail = {id, kind, ref, at, data}
//   anlan:alarm          its first word            (for hx-trigger="anlan:alarm from:body throttle:800ms")
// and `onEvent(prefix, fn)` for scripts. States: idle, open, lost, ended.
/** Header of requests that no person caused: they do not count as use of the session (people/sessions.py). */
export const LIVE = { "X-Anlan-Live": "1" };

const listeners = new Map();
const seen = new Set();
let state = "idle";
let lostTimer = 0;

/** Call `fn(event)` for each event whose kind starts with `prefix` ("alarm.", "" for all). Returns a function that stops. */
export function onEvent(prefix, fn) {
  const key = Symbol(prefix);
  listeners.set(key, { prefix, fn });
  return () => listeners.delete(key);
}

/** idle, open, lost or ended. */
export const streamState = () => state;

function hear(event) {
  if (seen.has(event.id)) return;
  seen.add(event.id);
  if (seen.size > 4000) seen.delete(seen.values().next().value);
  for (const { prefix, fn } of [...listeners.values()]) if (event.kind.startsWith(prefix)) fn(event);
  for (const name of new Set([event.kind, event.kind.split(".")[0]])) {
    document.body.dispatchEvent(new CustomEvent(`anlan:${name}`, { detail: event }));
  }
}

function change(next) {
  state = next;
  document.documentElement.dataset.stream = next;
  clearTimeout(lostTimer);
  const line = document.querySelector("[data-stream-lost]");
  // A blink of the line says nothing; five seconds without a stream do.
  if (next === "lost") lostTimer = setTimeout(() => line?.removeAttribute("hidden"), 5000);
  else line?.toggleAttribute("hidden", next !== "ended");
  document.body.dispatchEvent(new CustomEvent("anlan:stream", { detail: { state: next } }));
}

/** The session is known to have ended, from an answer that came before the stream's own word. */
export const sessionEnded = () => state !== "ended" && change("ended");

function reload() {
  document.body.dispatchEvent(new CustomEvent("anlan:reset"));
}

function take(message) {
  if (message.type === "event") hear(message.event);
  else if (message.type === "state") change(message.state);
  else if (message.type === "reset") reload();
}

function direct(address, since) {
  const source = new EventSource(`${address}?since=${since}`);
  source.onopen = () => change("open");
  source.onerror = () => change(source.readyState === EventSource.CLOSED ? "ended" : "lost");
  source.addEventListener("anlan", (message) => hear(JSON.parse(message.data)));
  source.addEventListener("reset", reload);
  source.addEventListener("end", (message) => {
    if (JSON.parse(message.data).why !== "signed-out") return;
    source.close();
    change("ended");
  });
}

/** Join the browser's one stream; called once by the frame. */
export function startStream() {
  const { events, since, worker } = document.body.dataset;
  if (!events) return;
  const from = Number(since) || 0;
  if (!("SharedWorker" in globalThis)) {
    direct(events, from);
    return;
  }
  const shared = new SharedWorker(worker, { name: "anlan-events" });
  shared.onerror = () => direct(events, from);
  shared.port.onmessage = ({ data }) => take(data);
  const join = () => shared.port.postMessage({ type: "join", address: new URL(events, location.href).href, since: from });
  join();
  addEventListener("pagehide", () => shared.port.postMessage({ type: "leave" }));
  addEventListener("pageshow", (event) => event.persisted && join());
}
