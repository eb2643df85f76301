/* Plays an HLS stream, says in words what became of a live picture, and ends it when its time is up. */
const frame = document.querySelector("[data-live]");

/* How often a fault of the line, or of what was received, is tried to be mended before the picture is given up. */
const MOST_MENDED = 3;
/* A part that does not come is asked for twice more: whoever looks shall not wait half a minute to hear that there is none. */
const PARTS = {
  default: {
    maxTimeToFirstByteMs: 10000,
    maxLoadTimeMs: 20000,
    timeoutRetry: { maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 2, retryDelayMs: 500, maxRetryDelayMs: 2000 },
  },
};

function say(what) {
  for (const part of frame.querySelectorAll("figcaption > span")) {
    part.hidden = !part.hasAttribute(`data-${what}`);
  }
  frame.dataset.state = what;
}

/* Plays through MediaSource where there is one, so that every browser does the same; else by the browser itself.
   Resolves to what ends the stream. */
async function playHls(video) {
  const { default: Hls, ErrorTypes, Events } = await import(new URL("../vendor/hls/hls.mjs", import.meta.url).href);
  if (!Hls.isSupported()) {
    if (!video.canPlayType("application/vnd.apple.mpegurl")) {
      say("unplayable");
      return () => {};
    }
    video.addEventListener("error", () => say("failed"));
    video.src = video.dataset.hls;
    return () => {
      video.pause();
      video.removeAttribute("src");
      video.load();
    };
  }
  const player = new Hls({ enableWorker: false, fragLoadPolicy: PARTS, maxBufferLength: 12, backBufferLength: 12 });
  let mended = 0;
  player.on(Events.ERROR, (_event, fault) => {
    if (!fault.fatal) return;
    mended += 1;
    if (mended <= MOST_MENDED && fault.type === ErrorTypes.MEDIA_ERROR) {
      player.recoverMediaError();
    } else if (mended <= MOST_MENDED && fault.type === ErrorTypes.NETWORK_ERROR && video.currentTime > 0) {
      player.startLoad();
    } else {
      player.destroy();
      say("failed");
    }
  });
  player.loadSource(video.dataset.hls);
  player.attachMedia(video);
  // A browser may forbid playing unasked; the video's own button remains.
  player.on(Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
  return () => player.destroy();
}

if (frame) {
  const video = frame.querySelector("[data-hls]");
  frame.querySelector("[data-moving]")?.addEventListener("error", () => say("failed"));
  const playing = video ? playHls(video) : Promise.resolve(() => {});
  playing.catch(() => say("failed"));
  setTimeout(async () => {
    if (frame.dataset.state) return;
    (await playing)();
    say("ended");
  }, Number(frame.dataset.seconds) * 1000);
}
