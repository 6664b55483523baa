// The History tab: a report of a time window, and charts that can show less without another request.

import { cells, when } from "../frame/cells.js";
import { h, muted, tableHead } from "../frame/dom.js";
import { keepView } from "../frame/kept.js";
import { facts } from "../frame/sections.js";
import { duration } from "../frame/words.js";
import { LineChart } from "../monitor/line_chart.js";

const REPORTS = [
  ["1h", "the last hour"],
  ["24h", "the last 24 hours"],
  ["7d", "the last 7 days"],
];
const SPANS_S = [900, 3600, 21600, 86400, 604800];
const DAY_S = 86400;
const BEGIN = "24h";

/** The spans that the charts offer: every usual span shorter than the report, and all of it. (pure) */
export function spansFor(wholeS) {
  return [...SPANS_S.filter((span) => span < wholeS), wholeS];
}

/** The points `[time_ms, ...]` of the last `spanS` seconds. (pure) */
export function lastOf(points, spanS) {
  const end = points.at(-1)?.[0] ?? 0;
  return points.filter(([time]) => time > end - spanS * 1000);
}

function choice(label, options, now, choose) {
  const items = options.map(([value, words]) => h("option", { value, selected: value === now }, words));
  const onchange = (event) => choose(event.target.value);
  return h("select.ct-select", { onchange, "data-key": label }, items);
}

const labelled = (select) => h("label.ct-pick-one", muted(select.dataset.key), select);

function spanWords(seconds) {
  if (seconds === DAY_S) return "24 h"; // as in REPORTS
  return seconds % DAY_S === 0 && seconds > DAY_S ? `${seconds / DAY_S} days` : duration(seconds);
}

function eventTable({ summary, columns, rows }) {
  const row = ([first, ...others]) =>
    h(
      "tr",
      h("th", { scope: "row" }, cells(first)),
      others.map((value) => h("td", cells(value))),
    );
  const body = h("tbody", rows.map(row));
  return h("div.ct-scroll", h("table.ct-data.ct-events", h("caption", summary), tableHead(columns), body));
}

export class HistoryView {
  constructor(frame) {
    this.frame = frame;
    this.charts = [
      new LineChart("Attempts that succeeded", 2, {}),
      new LineChart("Attempts that failed", 3, {}),
      new LineChart("Tasks in the queue", 1, { unit: "tasks" }),
    ];
    this.charts[1].node.classList.add("ct-of-failures");
    this.bar = h("div.ct-bar");
    this.report = h("dl.ct-facts");
    this.events = h("div");
    this.box = h(
      "div.ct-charts",
      this.charts.map((chart) => chart.node),
    );
    this.node = h(
      "section.ct-history",
      { "aria-label": "History" },
      this.bar,
      this.box,
      this.report,
      this.events,
    );
    this.node.hidden = true;
    const watcher = new ResizeObserver(() => this.draw());
    watcher.observe(this.node);
    frame.undo.push(() => watcher.disconnect());
    frame.watch(["story"], () => this.fill());
    frame.on("change:busy", () => frame.busy || frame.afterPress(() => this.#fillBar()));
  }

  /** Read the report when first opened, not earlier, because metrics are billed. */
  open() {
    this.node.hidden = false;
    if (!this.frame.get("story").points) this.#read(BEGIN);
    else this.draw();
  }

  close() {
    this.node.hidden = true;
  }

  #read(since) {
    this.frame.send("read_history", { since });
    if (!this.frame.busy) this.#fillBar(); // nothing was sent
  }

  #fillBar() {
    const controls = this.#controls(this.frame.get("story"));
    this.frame.redraw(() => this.bar.replaceChildren(...controls));
  }

  fill() {
    const story = this.frame.get("story");
    const isRead = Boolean(story.points);
    for (const part of [this.box, this.report]) part.hidden = !isRead;
    this.spanS = isRead ? story.span_s : 0;
    this.#fillBar();
    if (!isRead) return;
    this.report.replaceChildren(...facts(story.facts));
    keepView(this.events, () => this.events.replaceChildren(...story.events.map(eventTable)));
    this.draw();
  }

  #controls(story) {
    const since = story.since ?? BEGIN;
    const again = this.frame.button(story.points ? "Read again" : "Read", () => this.#read(since));
    const read = (value) => this.#read(value);
    const report = labelled(this.frame.control(choice("Report of", REPORTS, since, read)));
    if (!story.points) return [report, again];
    const spans = spansFor(story.span_s).map((span) => [String(span), spanWords(span)]);
    const show = choice("Charts show the last", spans, String(this.spanS), (value) => {
      this.spanS = Number(value);
      this.draw();
    });
    const step = muted(`in steps of ${duration(story.step_s)}, read `, when(story.updated));
    return [report, labelled(show), again, step];
  }

  draw() {
    const story = this.frame.get("story");
    if (this.node.hidden || !story.points) return;
    const points = lastOf(story.points, this.spanS);
    for (const chart of this.charts) chart.fill(points, this.spanS, 2.5 * story.step_s);
  }
}
