// A line chart over time: inline SVG, drawn again at each width, so that its text keeps its size.

import { h, muted } from "../frame/dom.js";
import { number, plural, unitOf } from "../frame/words.js";
import { nearest, scale, stretches } from "./scale.js";

const SVG = "http://www.w3.org/2000/svg";
const CHART = { height: 140, left: 46, right: 12, top: 24, bottom: 22 };
const NARROWEST_PX = 80;
const WHOLE_HOURS_S = 7200; // longer windows are labelled in hours

function s(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

const rounded = (value, more) => value.toLocaleString("en", { maximumFractionDigits: 1, ...more });
const axisText = (attributes, words) => s("text", { class: "ct-axis", ...attributes }, words);

export class LineChart {
  /** `column`: index of the value in a point. `age`: values are seconds, shown in a fitting unit. */
  constructor(title, column, { whole = true, age = false, unit = "" } = {}) {
    Object.assign(this, { title, column, whole, age, unit });
    this.now = h("span.ct-now");
    this.axis = muted();
    this.canvas = h("div.ct-canvas");
    const caption = h("figcaption", h("span", title), this.now, this.axis);
    this.node = h("figure.ct-chart", caption, this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => this.#leave());
  }

  fill(points, windowS, gapS) {
    Object.assign(this, { points, windowS, gapS });
    this.draw();
  }

  draw() {
    const width = Math.round(this.canvas.clientWidth);
    if (!this.points || width < NARROWEST_PX) return;
    const values = this.points.map((point) => point[this.column]).filter((value) => value !== null);
    const ticks = this.#measure(width, Math.max(0, ...values));
    this.mark = s("g", { class: "ct-mark", visibility: "hidden" });
    const { height } = CHART;
    const label = this.#words(values);
    const svg = s(
      "svg",
      { width, height, role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}` },
      axisText({ x: 0, y: 10 }, this.shownUnit),
      ...this.#grid(ticks, width),
      ...this.#times(width),
      ...this.#lines(),
      this.mark,
    );
    this.canvas.replaceChildren(svg);
    this.#leave();
  }

  // Set the mappings from times and values to pixels. Returns the ticks of the scale.
  #measure(width, greatest) {
    [this.shownUnit, this.size] = this.age ? unitOf(greatest) : [this.unit, 1];
    const { top, ticks } = scale(greatest / this.size, this.whole);
    const { height, left, right, bottom } = CHART;
    const end = this.points.at(-1)?.[0] ?? Date.now();
    const spanMs = this.windowS * 1000;
    const room = width - left - right;
    this.x = (time) => left + (room * (time - end + spanMs)) / spanMs;
    this.timeAt = (x) => end - spanMs + ((x - left) * spanMs) / room;
    this.y = (value) => height - bottom - ((height - bottom - CHART.top) * value) / this.size / top;
    return ticks;
  }

  #say(value) {
    if (value === null) return "none";
    if (this.shownUnit === "tasks") return plural(value, "task");
    return `${rounded(value / this.size)} ${this.shownUnit}`;
  }

  #grid(ticks, width) {
    return ticks.flatMap((tick) => {
      const y = this.y(tick * this.size);
      const line = s("line", { class: "ct-grid", x1: CHART.left, x2: width - CHART.right, y1: y, y2: y });
      const words = rounded(tick, { notation: "compact" });
      return [line, axisText({ x: CHART.left - 7, y: y + 4, "text-anchor": "end" }, words)];
    });
  }

  #times(width) {
    const [unit, size] = this.windowS >= WHOLE_HOURS_S ? ["h", 3600] : ["min", 60];
    const room = width - CHART.left - CHART.right;
    const label = (share, anchor) => {
      const x = CHART.left + room * (1 - share);
      const words = share ? `−${number((this.windowS * share) / size)} ${unit}` : "now";
      return axisText({ "text-anchor": anchor, y: CHART.height - 5, x }, words);
    };
    return [label(1, "start"), label(0.5, "middle"), label(0, "end")];
  }

  // One path and an area below it for each run of points without a gap; a single point is a dot.
  #lines() {
    const base = this.y(0);
    const place = (point) => [this.x(point[0]).toFixed(1), this.y(point[this.column]).toFixed(1)];
    return stretches(this.points, this.column, this.gapS).flatMap((points) => {
      const places = points.map(place);
      const [[firstX, firstY]] = places;
      if (places.length === 1) return [s("circle", { class: "ct-dot", cx: firstX, cy: firstY, r: 2.5 })];
      const line = places.map((at) => at.join(",")).join("L");
      const below = `M${firstX},${base}L${line}L${places.at(-1)[0]},${base}Z`;
      return [s("path", { class: "ct-below", d: below }), s("path", { class: "ct-stroke", d: `M${line}` })];
    });
  }

  #words(values) {
    if (!values.length) return `${this.title}: no values yet.`;
    const [one, size] = this.windowS >= WHOLE_HOURS_S ? ["hour", 3600] : ["minute", 60];
    const now = this.#say(this.points.at(-1)[this.column]);
    const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => this.#say(value));
    const span = plural(this.windowS / size, one);
    return `${this.title}: now ${now}; in the last ${span} from ${low} to ${high}.`;
  }

  #point(event) {
    if (!this.points?.length || !this.x) return;
    const near = nearest(this.points, this.timeAt(event.clientX - this.canvas.getBoundingClientRect().left));
    const x = this.x(near[0]);
    const value = near[this.column];
    const line = s("line", { x1: x, x2: x, y1: CHART.top, y2: CHART.height - CHART.bottom });
    const dot = value === null ? [] : [s("circle", { class: "ct-dot", cx: x, cy: this.y(value), r: 3.5 })];
    this.mark.replaceChildren(line, ...dot);
    this.mark.setAttribute("visibility", "visible");
    this.now.textContent = this.#say(value);
    this.axis.textContent = `at ${new Date(near[0]).toLocaleTimeString()}`;
  }

  #leave() {
    if (!this.x) return; // nothing was drawn yet
    this.mark.setAttribute("visibility", "hidden");
    const last = this.points.at(-1);
    this.now.textContent = last ? this.#say(last[this.column]) : "–";
    this.axis.textContent = "";
  }
}
