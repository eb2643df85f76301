// Shared worker: one event stream for all tabs of this browser. Keeps the last events, so that a tab that opens a
// moment later hears what happened since its page was made.
const KEPT = 1000;
const ports = new Set();
const kept = [];
const seen = new Set();
let source = null;
let state = "idle";
let address = "";

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function change(next) {
  if (state !== next) {
    state = next;
    tell({ type: "state", state });
  }
}

function connect(since) {
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource(`${address}?since=${since}`);
  source.addEventListener("hello", () => change("open"));
  source.addEventListener("anlan", (message) => {
    const event = JSON.parse(message.data);
    if (seen.has(event.id)) return; // the stream gives an event again rather than not at all
    seen.add(event.id);
    kept.push(event);
    if (kept.length > KEPT) seen.delete(kept.shift().id);
    tell({ type: "event", event });
  });
  source.addEventListener("reset", () => tell({ type: "reset" }));
  source.addEventListener("end", (message) => {
    const { why } = JSON.parse(message.data);
    if (why !== "signed-out") return; // a restart: EventSource comes back by itself
    source.close();
    change("ended");
  });
  source.onerror = () => {
    // CLOSED means refused (signed out); otherwise the browser is already trying again.
    if (source.readyState === EventSource.CLOSED) change("ended");
    else change("lost");
  };
  source.onopen = () => change("open");
}

self.onconnect = (connection) => {
  const port = connection.ports[0];
  port.onmessage = ({ data }) => {
    if (data.type === "join") {
      address = data.address;
      ports.add(port);
      if (state === "ended") state = "idle"; // a new page: perhaps signed in again
      connect(data.since);
      port.postMessage({ type: "state", state });
      for (const event of kept) if (event.id > data.since) port.postMessage({ type: "event", event });
    } else if (data.type === "leave") {
      ports.delete(port);
      if (ports.size === 0 && source) {
        source.close();
        source = null;
        kept.length = 0;
        seen.clear();
        change("idle");
      }
    }
  };
};
