// The monitor: line charts of a queue over one time window, and the same samples as a table.

import { cells, orDash } from "./frame/cells.js";
import { buttons, h, muted, tableHead } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";
import { number, plural } from "./frame/words.js";
import { LineChart } from "./monitor/line_chart.js";

const PAUSES = [
  [1, "every second"],
  [2, "every 2 s"],
  [5, "every 5 s"],
  [10, "every 10 s"],
  [30, "every 30 s"],
  [60, "every minute"],
  [0, "stopped"],
];
const ROWS = 12;
const COLUMNS = ["Time", "Tasks", "Attempts, last minute", "Oldest delay, s"];

function choice(label, options, now, choose) {
  const held = options.some(([value]) => value === now) ? options : [[now, `every ${now} s`], ...options];
  const items = held.map(([value, words]) => h("option", { value, selected: value === now }, words));
  const attributes = { class: "ct-select", "aria-label": label };
  return h("select", { ...attributes, onchange: (event) => choose(Number(event.target.value)) }, items);
}

function windowWords(seconds) {
  return seconds >= 3600 ? `last ${plural(seconds / 3600, "hour")}` : `last ${seconds / 60} min`;
}

const rounded = (value) => number(Math.round(value));

function sampleRow([time, tasks, attempts, delayS]) {
  const head = h("th", { scope: "row" }, new Date(time).toLocaleTimeString());
  const values = [tasks, attempts, delayS]; // a point of the metrics also has its longest gap
  return h(
    "tr",
    head,
    values.map((value) => h("td.ct-number", orDash(value, rounded))),
  );
}

function chartsFor(estimates) {
  if (!estimates) return [new LineChart("Tasks (counted)", 1, { unit: "tasks" })];
  return [
    new LineChart("Tasks (estimate)", 1, { unit: "tasks" }),
    new LineChart("Attempts, last minute", 2, { unit: "attempts" }),
    new LineChart("Oldest delay (estimate)", 3, { whole: false, age: true }),
  ];
}

// Selects the pause between samples and the time window.
function timeControls(frame) {
  const pause = h("span");
  const span = h("span");
  const sample = (seconds) => frame.tell("sample_every", { seconds });
  const show = (seconds) => frame.tell("show_last", { seconds });
  const { estimates, windows } = frame.get("facts");
  if (estimates) {
    frame.watch(["live_s"], () =>
      pause.replaceChildren(choice("Sample", PAUSES, frame.get("live_s"), sample)),
    );
  }
  const spans = windows.map((seconds) => [seconds, windowWords(seconds)]);
  frame.watch(["window_s"], () => span.replaceChildren(choice("Show", spans, frame.get("window_s"), show)));
  return [pause, span];
}

function samplesTable(body) {
  const caption = h("caption", "The newest samples");
  const table = h("table.ct-samples", caption, tableHead(COLUMNS), body);
  return h("details.ct-code", h("summary", "as a table"), table);
}

function followSize(frame, charts) {
  const watcher = new ResizeObserver(() => {
    for (const chart of charts) chart.draw();
  });
  watcher.observe(frame.root);
  frame.undo.push(() => watcher.disconnect());
}

function render({ model, el }) {
  const { id, estimates } = model.get("facts");
  const frame = new Frame(model, el, "monitor", `Monitor of queue ${id}`, { unseen: true });
  const charts = chartsFor(estimates);
  const state = h("span.ct-state");
  const updated = h("span.ct-muted.ct-where");
  const body = h("tbody");
  const count = muted();
  const before = muted();
  const now = frame.button("Sample now", () => frame.send("refresh"));
  frame.root.append(
    h("header", h("h3", id), state, updated),
    h(
      "div.ct-charts",
      charts.map((chart) => chart.node),
    ),
    h("div.ct-bar", buttons(now, timeControls(frame), count)),
    before,
    samplesTable(body),
    frame.status,
    frame.folded,
  );
  followSize(frame, charts);
  frame.watch(["facts"], () => {
    const { points, gap_s: gapS, badge, updated: at, count: taken, past } = model.get("facts");
    state.replaceChildren(...cells(badge));
    updated.replaceChildren(...frame.freshness(at));
    for (const chart of charts) chart.fill(points, model.get("window_s"), gapS);
    body.replaceChildren(...points.slice(-ROWS).reverse().map(sampleRow));
    count.replaceChildren(`${plural(taken, "sample")} in monitor.to_dataframe()`);
    before.replaceChildren(past ? `The hour before: ${past}` : "");
  });
  return () => frame.cleanup();
}

export default { render };
