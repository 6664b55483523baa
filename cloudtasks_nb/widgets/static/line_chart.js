// A line over time: inline SVG, drawn anew at the width that there is, so that its text keeps its size.

const SVG = "http://www.w3.org/2000/svg";
const CHART = { height: 140, left: 46, right: 12, top: 24, bottom: 22 };

function s(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

// The smallest of 1, 2, 5, 10, 20 … that is at least `value`.
function roundUp(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * size).find((step) => step >= value * (1 - 1e-9));
}

// Two to four steps from zero to above the greatest value.
function scale(greatest, whole) {
  const step = Math.max(roundUp((greatest || 1) / 3), whole ? 1 : 0);
  const steps = Math.max(1, Math.ceil((greatest || 1) / step - 1e-9));
  return { top: steps * step, ticks: Array.from({ length: steps + 1 }, (_, at) => at * step) };
}

function compact(value) {
  return value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 });
}

// Ages in the unit that their axis needs.
function ageUnit(greatest) {
  const [unit, size] = UNITS.find(([, length]) => greatest >= 2 * length) ?? ["s", 1];
  return { unit, size };
}

class LineChart {
  constructor(title, column, { whole = true, age = false, unit = "" } = {}) {
    Object.assign(this, { title, column, whole, age, unit });
    this.now = h("span", { class: "ct-now" });
    this.axis = h("span", { class: "ct-muted" });
    this.canvas = h("div", { class: "ct-canvas" });
    this.node = h("figure", { class: "ct-chart" }, h("figcaption", {}, h("span", {}, title), this.now, this.axis), this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => this.#leave());
  }

  fill(points, windowS, gapS) {
    Object.assign(this, { points, windowS, gapS });
    this.draw();
  }

  draw() {
    const width = Math.round(this.canvas.clientWidth);
    if (!this.points || width < 80) return;
    const known = this.points.filter((point) => point[this.column] !== null);
    const greatest = Math.max(0, ...known.map((point) => point[this.column]));
    const { unit, size } = this.age ? ageUnit(greatest) : { unit: this.unit, size: 1 };
    const { top, ticks } = scale(greatest / size, this.whole);
    const end = this.points.at(-1)?.[0] ?? Date.now(), start = end - this.windowS * 1000;
    const { height, left, right, bottom } = CHART;
    this.x = (time) => left + (width - left - right) * (time - start) / (end - start);
    this.y = (value) => height - bottom - (height - bottom - CHART.top) * value / size / top;
    this.say = (value) => {
      if (value === null) return "none";
      if (unit === "tasks") return plural(value, "task");
      return `${(value / size).toLocaleString("en", { maximumFractionDigits: 1 })} ${unit}`;
    };
    this.mark = s("g", { class: "ct-mark", visibility: "hidden" });
    const svg = s("svg", { width, height, role: "img", "aria-label": this.#words(known), viewBox: `0 0 ${width} ${height}` },
      s("text", { class: "ct-axis", x: left - 7, y: 10, "text-anchor": "end" }, unit), ...this.#grid(ticks, size, width), ...this.#times(width), ...this.#lines(known), this.mark);
    this.canvas.replaceChildren(svg);
    this.#leave();
  }

  #grid(ticks, size, width) {
    return ticks.flatMap((tick) => {
      const y = this.y(tick * size);
      return [s("line", { class: "ct-grid", x1: CHART.left, x2: width - CHART.right, y1: y, y2: y }),
        s("text", { class: "ct-axis", x: CHART.left - 7, y: y + 4, "text-anchor": "end" }, compact(tick))];
    });
  }

  #times(width) {
    const [unit, size] = this.windowS >= 7200 ? ["h", 3600] : ["min", 60];
    const label = (share, anchor) => s("text", { class: "ct-axis", "text-anchor": anchor, y: CHART.height - 5,
      x: CHART.left + (width - CHART.left - CHART.right) * (1 - share) }, share ? `−${(this.windowS * share / size).toLocaleString("en")} ${unit}` : "now");
    return [label(1, "start"), label(0.5, "middle"), label(0, "end")];
  }

  // One path for each stretch without a gap, and an area below it; a lone point is a dot.
  #lines(known) {
    const stretches = [];
    let before = null;
    for (const point of known) {
      if (before === null || point[0] - before > this.gapS * 1000) stretches.push([]);
      stretches.at(-1).push([this.x(point[0]).toFixed(1), this.y(point[this.column]).toFixed(1)]);
      before = point[0];
    }
    const base = this.y(0);
    return stretches.flatMap((points) => {
      if (points.length === 1) return [s("circle", { class: "ct-dot", cx: points[0][0], cy: points[0][1], r: 2.5 })];
      const line = points.map((at) => at.join(",")).join("L");
      return [s("path", { class: "ct-below", d: `M${points[0][0]},${base}L${line}L${points.at(-1)[0]},${base}Z` }),
        s("path", { class: "ct-stroke", d: `M${line}` })];
    });
  }

  #words(known) {
    if (!known.length) return `${this.title}: no values yet.`;
    const values = known.map((point) => point[this.column]);
    const window = this.windowS >= 7200 ? plural(this.windowS / 3600, "hour") : plural(this.windowS / 60, "minute");
    return `${this.title}: now ${this.say(this.points.at(-1)[this.column])}; in the last ${window} from ${this.say(Math.min(...values))} to ${this.say(Math.max(...values))}.`;
  }

  #point(event) {
    if (!this.points?.length || !this.x) return;
    const at = event.clientX - this.canvas.getBoundingClientRect().left;
    const near = this.points.reduce((best, point) => Math.abs(this.x(point[0]) - at) < Math.abs(this.x(best[0]) - at) ? point : best);
    const x = this.x(near[0]), value = near[this.column];
    this.mark.replaceChildren(s("line", { x1: x, x2: x, y1: CHART.top, y2: CHART.height - CHART.bottom }),
      ...(value === null ? [] : [s("circle", { class: "ct-dot", cx: x, cy: this.y(value), r: 3.5 })]));
    this.mark.setAttribute("visibility", "visible");
    this.now.textContent = `${this.say(value)}`;
    this.axis.textContent = `at ${new Date(near[0]).toLocaleTimeString()}`;
  }

  #leave() {
    this.mark?.setAttribute("visibility", "hidden");
    if (!this.say) return;
    const last = this.points.at(-1);
    this.now.textContent = last ? this.say(last[this.column]) : "–";
    this.axis.textContent = "";
  }
}
