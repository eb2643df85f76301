// The siren. Browsers let a page sound only after a touch, so there is a button that arms it, and as long as it is not
// armed the bar says "muted" in words. Of several armed tabs only one sounds.
import { gettext } from "./text.js";
import { onEvent } from "./stream.js";

const KEY = "anlan.sound";
let context = null;

/** Beeps by level: [frequency Hz, length s, pause s] … */
const PATTERNS = {
  1: [[880, 0.22, 0.06], [660, 0.22, 0.06], [880, 0.22, 0.06], [660, 0.22, 0.06], [880, 0.22, 0.06], [660, 0.3, 0]],
  2: [[784, 0.22, 0.1], [784, 0.22, 0.1], [784, 0.3, 0]],
  3: [[659, 0.22, 0.12], [659, 0.28, 0]],
  4: [[523, 0.3, 0]],
};

const wanted = () => localStorage.getItem(KEY) === "on";

/** True when a sound would be heard now. */
export const armed = () => wanted() && context?.state === "running";

function show() {
  const button = document.querySelector("[data-sound]");
  if (!button) return;
  const on = armed();
  button.hidden = false;
  button.dataset.state = on ? "armed" : "muted";
  button.setAttribute("aria-pressed", String(on));
  button.querySelector("use").setAttribute("href", button.querySelector("use").getAttribute("href").replace(/#.*/, on ? "#sound" : "#mute"));
  button.querySelector("[data-sound-words]").textContent = on ? "" : gettext("Muted");
  button.title = on ? gettext("Alarm sound is on. Press to mute.") : gettext("Alarm sound is muted. Press to arm it.");
}

async function arm() {
  context ??= new AudioContext();
  context.onstatechange = show;
  if (context.state !== "running") await context.resume();
}

/** Sound the pattern of a level once; silent when not armed. Resolves when it has ended. */
export async function play(level) {
  if (!armed()) return;
  let at = context.currentTime + 0.02;
  for (const [frequency, length, pause] of PATTERNS[level] ?? PATTERNS[4]) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = "triangle";
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.28, at + 0.02);
    gain.gain.setValueAtTime(0.28, at + length - 0.03);
    gain.gain.linearRampToValueAtTime(0, at + length);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + length);
    at += length + pause;
  }
  await new Promise((done) => setTimeout(done, (at - context.currentTime) * 1000));
}

const lately = new Map();

async function sound(event) {
  // An alarm and the notice of it both ask for a sound; one is enough.
  const about = event.data.ref || event.ref || String(event.id);
  if (performance.now() - (lately.get(about) ?? -Infinity) < 10_000) return undefined;
  lately.set(about, performance.now());
  document.documentElement.dataset.lastSound = `${about} ${armed() ? "heard" : "muted"}`;
  if (!navigator.locks) return play(event.data.level);
  // One tab sounds: the others find the lock of this event taken and leave it.
  return navigator.locks.request(`anlan-sound-${about}`, { ifAvailable: true }, (lock) => lock && play(event.data.level));
}

/** Show the button and listen; called once by the frame. */
export function startSound() {
  const button = document.querySelector("[data-sound]");
  if (!button) return;
  button.addEventListener("click", async () => {
    if (armed()) localStorage.setItem(KEY, "off");
    else {
      localStorage.setItem(KEY, "on");
      await arm();
      play(4);
    }
    show();
  });
  if (wanted()) {
    // Armed before: the first touch on this page is enough.
    const again = () => arm().then(show);
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, again, { once: true });
    if (navigator.userActivation?.hasBeenActive) again();
  }
  onEvent("", (event) => event.data?.sound && sound(event));
  show();
}
