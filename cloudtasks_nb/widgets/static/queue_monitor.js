// A queue over time: three lines that share one window, and the same as a table.

const PAUSES = [[1, "every second"], [2, "every 2 s"], [5, "every 5 s"], [10, "every 10 s"], [30, "every 30 s"], [60, "every minute"], [0, "stopped"]];
const ROWS = 12;

function choice(label, options, now, choose) {
  const held = options.some(([value]) => value === now) ? options : [[now, `every ${now} s`], ...options];
  const select = h("select", { class: "ct-select", "aria-label": label, onchange: () => choose(Number(select.value)) },
    held.map(([value, words]) => h("option", { value, selected: value === now }, words)));
  return select;
}

function windowWords(seconds) {
  return seconds >= 3600 ? `last ${plural(seconds / 3600, "hour")}` : `last ${seconds / 60} min`;
}

function sampleRows(points) {
  return points.slice(-ROWS).reverse().map(([time, depth, executed, oldest]) => h("tr", {},
    h("th", { scope: "row" }, new Date(time).toLocaleTimeString()),
    ...[depth, executed, oldest].map((value) => h("td", { class: "ct-number" }, value === null ? "–" : Math.round(value).toLocaleString("en")))));
}

function render({ model, el }) {
  const facts = () => model.get("facts");
  const frame = new Frame(model, el, "monitor", `Monitor of queue ${facts().id}`, { unseen: true });
  const charts = [new LineChart(facts().estimates ? "Tasks (estimate)" : "Tasks (counted)", 1, { unit: "tasks" })];
  if (facts().estimates) charts.push(
    new LineChart("Executed in the last minute", 2, { unit: "tasks" }),
    new LineChart("Age of the oldest task (estimate)", 3, { whole: false, age: true }));
  const state = h("span", { class: "ct-state" });
  const updated = h("span", { class: "ct-muted ct-where" });
  const body = h("tbody");
  const table = h("table", { class: "ct-samples" }, h("caption", {}, "The newest samples"),
    h("thead", {}, h("tr", {}, ["Time", "Tasks", "Executed, last minute", "Oldest age, s"].map((name) => h("th", { scope: "col" }, name)))), body);
  const pause = h("span"), span = h("span"), count = h("span", { class: "ct-muted" });
  frame.root.append(
    h("header", {}, h("h3", {}, facts().id), state, h("span", { class: "ct-muted" }, facts().location), updated),
    h("div", { class: "ct-charts" }, charts.map((chart) => chart.node)),
    h("div", { class: "ct-bar" }, h("div", { class: "ct-buttons" },
      frame.button("Sample now", () => frame.send("refresh")), pause, span, count)),
    h("details", { class: "ct-code" }, h("summary", {}, "as a table"), table),
    frame.status, frame.folded);
  const resized = new ResizeObserver(() => charts.forEach((chart) => chart.draw()));
  resized.observe(frame.root);
  frame.undo.push(() => resized.disconnect());
  frame.watch(["facts"], () => {
    const { points, gap_s, badge, updated: at, count: taken } = facts();
    state.replaceChildren(...cells(badge));
    updated.replaceChildren(...frame.freshness(at));
    charts.forEach((chart) => chart.fill(points, model.get("window_s"), gap_s));
    body.replaceChildren(...sampleRows(points));
    count.replaceChildren(`${plural(taken, "sample")} in monitor.to_dataframe()`);
  });
  if (facts().estimates) frame.watch(["live_s"], () =>
    pause.replaceChildren(choice("Sample", PAUSES, model.get("live_s"), (seconds) => frame.tell("sample_every", { seconds }))));
  frame.watch(["window_s"], () => span.replaceChildren(
    choice("Show", facts().windows.map((seconds) => [seconds, windowWords(seconds)]), model.get("window_s"), (seconds) => frame.tell("show_last", { seconds }))));
  return () => frame.cleanup();
}

export default { render };
