// Curves of readings. Data, as curve.json gives it and `renderCurve` takes it:
//   series      [[ms, value|null], …]; null breaks the line. Or several: [{name, data, low?, high?}, …]
//   name        of the one series;   low, high   [[ms, v|null], …] its envelope where it was thinned
//   limits      [{value, level, direction: "high"|"low"}]       level 1 … 4
//   alarms      [{from, to|null, level}]                        ms; to null: still on
//   unit        text
//   silentFrom  ms since when there is no data, or null
//   from, to    ms, the window
// Level colours mark levels, the curve itself is ink. A gap is hatched with words, never drawn as zero.
import { gettext, levelWord } from "./text.js";
import { clockTime, dayTime, bureauTime } from "./time.js";
import { LIVE } from "./stream.js";

const NAMES = { 1: "red", 2: "orange", 3: "yellow", 4: "blue" };
let library = null;
const drawn = new Map();

const load = () => (library ??= import(new URL("../vendor/echarts/echarts.mjs", import.meta.url).href));

/** One form for both ways of giving series, and limits with the side on which they are crossed. */
function normal(spec) {
  const flat = Array.isArray(spec.series?.[0]) || !spec.series?.length;
  const series = flat ? [{ name: spec.name ?? "", data: spec.series ?? [], low: spec.low, high: spec.high }] : spec.series;
  const limits = (spec.limits ?? []).map((limit) => ({ ...limit, side: limit.side ?? limit.direction ?? "high" }));
  return { ...spec, series, limits };
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

function hatch(colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(0, 8); pen.lineTo(8, 0);
  pen.moveTo(-2, 2); pen.lineTo(2, -2);
  pen.moveTo(6, 10); pen.lineTo(10, 6);
  pen.stroke();
  return { image: tile, repeat: "repeat" };
}

const fade = (hex, share) => {
  const n = Number.parseInt(hex.slice(1), 16);
  return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${share})`;
};

/** Bands between limits: above a high limit up to the next, below a low limit down to the next. */
function bands(limits, top, bottom, c) {
  const out = [];
  const band = (from, to, level) => out.push([
    { yAxis: from, itemStyle: { color: fade(c(NAMES[level]), 0.09) } }, { yAxis: to },
  ]);
  const high = limits.filter((l) => l.side !== "low").sort((a, b) => a.value - b.value);
  high.forEach((limit, i) => band(limit.value, high[i + 1]?.value ?? top, limit.level));
  const low = limits.filter((l) => l.side === "low").sort((a, b) => b.value - a.value);
  low.forEach((limit, i) => band(limit.value, low[i + 1]?.value ?? bottom, limit.level));
  return out.filter(([a, b]) => a.yAxis !== b.yAxis);
}

function extent(spec) {
  let low = Infinity;
  let high = -Infinity;
  for (const one of spec.series) for (const list of [one.data, one.low ?? [], one.high ?? []]) {
    for (const [, v] of list) if (v !== null && Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
  }
  if (low > high) [low, high] = [0, 1];
  const span = Math.max(high - low, Math.abs(high) * 0.02, 1e-9);
  // A limit belongs on the picture when the curve comes within reach of it, so that a quiet curve keeps its shape.
  for (const { value } of spec.limits ?? []) {
    if (value <= high + 2.5 * span && value >= low - 2.5 * span) { low = Math.min(low, value); high = Math.max(high, value); }
  }
  const pad = (high - low || 1) * 0.12;
  return [low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
}

function options(spec, small) {
  const c = colours();
  const font = c("font") || "sans-serif";
  const [bottom, top] = extent(spec);
  const ink3 = c("ink-3");
  const limits = (spec.limits ?? []).filter((l) => l.value >= bottom && l.value <= top);
  const areas = bands(limits, top, bottom, c);
  for (const alarm of spec.alarms ?? []) {
    areas.push([{ xAxis: alarm.from, itemStyle: { color: fade(c(NAMES[alarm.level] ?? "ink-3"), 0.16) } }, { xAxis: alarm.to ?? spec.to }]);
  }
  if (spec.silentFrom) {
    areas.push([
      {
        xAxis: spec.silentFrom, itemStyle: { color: hatch(c("ink-3")), opacity: 0.45 },
        name: gettext("No data since %(time)s", { time: clockTime(spec.silentFrom) }),
        label: { show: (spec.to - spec.silentFrom) / (spec.to - spec.from) > 0.3, color: c("ink-2"), fontFamily: font, fontSize: 11, position: "inside", backgroundColor: c("panel"), padding: [2, 5], borderRadius: 3 },
      },
      { xAxis: spec.to },
    ]);
  }
  const lines = limits.map((limit) => ({
    yAxis: limit.value,
    lineStyle: { color: c(NAMES[limit.level]), type: [4, 3], width: 1.2 },
    label: { show: true, position: "insideStartTop", formatter: `${+limit.value.toPrecision(6)}  ${levelWord(limit.level)}`, color: c(`${NAMES[limit.level]}-ink`), fontSize: 11, fontFamily: font, distance: 2 },
  }));
  const series = [];
  spec.series.forEach((one, i) => {
    if (one.low && one.high) {
      const base = { type: "line", symbol: "none", silent: true, lineStyle: { opacity: 0 }, stack: `envelope${i}`, tooltip: { show: false } };
      series.push({ ...base, data: one.low });
      series.push({ ...base, data: one.high.map(([t, v], k) => [t, v === null ? null : v - (one.low[k]?.[1] ?? v)]), areaStyle: { color: fade(c("ink"), 0.12) } });
    }
    series.push({
      type: "line", name: one.name, data: one.data, symbol: "none", connectNulls: false, animation: false, sampling: "lttb",
      lineStyle: { color: i === 0 ? c("ink") : c("accent"), width: 1.6, join: "round" }, itemStyle: { color: c("ink") },
      z: 5,
      ...(i === 0 ? {
        markLine: { silent: true, symbol: "none", data: lines, animation: false },
        markArea: { silent: true, data: areas, animation: false },
        markPoint: lastPoint(one, spec, c),
      } : {}),
    });
  });
  const long = spec.to - spec.from > 26 * 3600e3;
  const axis = (ms) => (long ? dayTime(ms).slice(0, spec.to - spec.from > 3 * 86400e3 ? 5 : 11) : clockTime(ms));
  return {
    animation: false, backgroundColor: "transparent",
    textStyle: { fontFamily: font, fontSize: 11, color: ink3 },
    grid: { left: 6, right: 10, top: small ? 10 : 28, bottom: small ? 2 : 4, containLabel: true },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c("panel"), borderColor: c("line"), borderWidth: 1,
      textStyle: { color: c("ink"), fontFamily: font, fontSize: 12 }, padding: [6, 10],
      axisPointer: { type: "line", lineStyle: { color: c("ink-3"), type: "solid", width: 1 } },
      formatter: (points) => {
        const shown = (Array.isArray(points) ? points : [points]).filter((p) => p.seriesName && p.value?.[1] !== null && p.value?.[1] !== undefined);
        if (!shown.length) return "";
        return [bureauTime(shown[0].value[0], true), ...shown.map((p) => `${p.seriesName}  ${+Number(p.value[1]).toPrecision(6)} ${spec.unit ?? ""}`)].join("\n");
      },
    },
    xAxis: {
      type: "time", min: spec.from, max: spec.to, splitNumber: small ? 3 : 6,
      axisLine: { lineStyle: { color: c("line") } }, axisTick: { show: false }, splitLine: { show: false },
      axisLabel: { color: ink3, formatter: axis, hideOverlap: true, fontSize: 11 },
    },
    yAxis: {
      type: "value", min: bottom, max: top, splitNumber: small ? 3 : 5, name: small ? "" : spec.unit ?? "", nameGap: 9, nameTextStyle: { color: ink3, align: "right", padding: [0, 6, 0, 0] },
      axisLabel: { color: ink3, showMinLabel: bottom === 0, showMaxLabel: false, fontSize: 11, formatter: (v) => String(+v.toPrecision(4)) },
      splitLine: { lineStyle: { color: c("line-2") } }, axisLine: { show: false }, axisTick: { show: false },
    },
    series,
  };
}

function lastPoint(one, spec, c) {
  if (spec.silentFrom) return undefined;
  for (let i = one.data.length - 1; i >= 0; i -= 1) {
    const [t, v] = one.data[i];
    if (v === null) continue;
    const on = (spec.limits ?? []).filter((l) => (l.side === "low" ? v <= l.value : v >= l.value)).map((l) => l.level);
    const colour = on.length ? c(NAMES[Math.min(...on)]) : c("ink");
    return { silent: true, animation: false, symbol: "circle", symbolSize: 7, data: [{ coord: [t, v], itemStyle: { color: colour, borderColor: c("panel"), borderWidth: 1.5 } }], label: { show: false } };
  }
  return undefined;
}

/** Draw or redraw a curve in `el`. Returns the chart, or null when there is nothing to draw (then `el` says so). */
export async function renderCurve(el, given) {
  const { init } = await load();
  const spec = normal(given);
  const empty = !spec.series.some((one) => one.data.some(([, v]) => v !== null));
  if (empty) {
    el.dataset.empty = gettext("No data in this window");
    drawn.get(el)?.chart.dispose();
    drawn.delete(el);
    return null;
  }
  delete el.dataset.empty;
  let kept = drawn.get(el);
  if (!kept) {
    const chart = init(el, null, { renderer: "canvas" });
    const watch = new ResizeObserver(() => (el.isConnected ? chart.resize() : watch.disconnect()));
    watch.observe(el);
    kept = { chart };
    drawn.set(el, kept);
  }
  kept.spec = spec;
  kept.chart.setOption(options(spec, el.clientHeight < 200), { notMerge: true });
  el.dataset.drawn = "1";
  return kept.chart;
}

/** Fetch curve data and draw it; says in words when it cannot be had. */
export async function loadCurve(el, url, live = false) {
  try {
    const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json", ...(live ? LIVE : {}) } });
    if (!answer.ok) throw new Error(String(answer.status));
    return await renderCurve(el, await answer.json());
  } catch {
    if (!drawn.has(el)) el.dataset.empty = gettext("The curve could not be loaded");
    return null;
  }
}

/** Every [data-curve="url"] below `from`, drawn; data-curve-every="10" asks again each so many seconds. */
export function drawCurves(from = document) {
  for (const el of from.querySelectorAll("[data-curve]")) {
    loadCurve(el, el.dataset.curve);
    const every = Number(el.dataset.curveEvery) || 0;
    if (every) {
      const timer = setInterval(() => (el.isConnected ? document.hidden || loadCurve(el, el.dataset.curve, true) : clearInterval(timer)), every * 1000);
    }
  }
}

document.body.addEventListener("anlan:theme", () => {
  for (const [el, { chart, spec }] of drawn) {
    if (el.isConnected) chart.setOption(options(spec, el.clientHeight < 200), { notMerge: true });
    else drawn.delete(el);
  }
});
