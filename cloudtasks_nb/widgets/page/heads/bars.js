// The distribution of a column's values as bars. Press one; for several, drag or use Shift.

import { h } from "../frame/dom.js";
import { number, plural } from "../frame/words.js";
import { walk } from "./walk.js";

/** The height of the bar for `count`, in percent; at least 3% if there are any. */
export const share = (count, most) => (count ? `${Math.max(3, (100 * count) / most).toFixed(1)}%` : "0");

const plain = (edge) => edge.replace("T", " ").replace("Z", "");

/** The range of a bar in words. (pure) */
export function barWords({ look, edges }, from, to = from) {
  const [low, high] = [edges[from], edges[to + 1]];
  if (look === "time") return `${plain(low)} to ${plain(high)} UTC`;
  const last = Number(high) - 1;
  return Number(low) === last ? low : `${low} to ${number(last)}`;
}

/** The first and the last bar that pass the filter; null without a filter on this field. (pure) */
export function chosenBars({ on }) {
  const first = on.indexOf(true);
  return first < 0 ? null : [first, on.lastIndexOf(true)];
}

export class Bars {
  constructor(head, between, reached) {
    const { field, label, on } = head;
    const asked = reached.get(`${field} asked`);
    const isAnswered = asked?.over !== String(on);
    Object.assign(this, { head, between, reached, chosen: isAnswered ? chosenBars(head) : asked.range });
    const most = Math.max(1, ...head.all);
    this.nodes = head.all.map((_, at) => this.#bar(at, most));
    const names = { role: "group", "aria-label": `Filter by ${label}` };
    this.node = h(
      "div.ct-bars",
      { ...names, class: on.length ? "ct-bars ct-filtered" : "ct-bars" },
      this.nodes,
    );
    walk(
      this.node,
      this.nodes,
      field,
      reached,
      (from, to, { shiftKey }) => shiftKey && this.#extend(from, to),
    );
    this.node.addEventListener("pointerdown", (event) => event.button === 0 && this.#drag(event));
    this.node.addEventListener("keydown", (event) => this.#escape(event));
  }

  #bar(at, most) {
    const { field, label, all, counts, on, noun } = this.head;
    const words = `${barWords(this.head, at)}: ${number(counts[at])} of ${plural(all[at], noun)}`;
    const attributes = {
      type: "button",
      class: `ct-column-bar ${on[at] ? "ct-on" : ""}`,
      "data-key": `head ${field} ${at}`,
      "aria-label": `${label} ${words}`,
      "aria-pressed": String(Boolean(on[at])),
      title: `${words}. Drag to select several.`,
      onclick: ({ detail }) => detail === 0 && this.#choose(at, at), // by keyboard; pointers drag
    };
    const layer = (name, count) => h(name, { style: `height: ${share(count, most)}` });
    return h("button", attributes, layer("span.ct-all", all[at]), layer("span.ct-in", counts[at]));
  }

  /** Filter by bars; choosing the same bars again removes the filter. */
  #choose(from, to) {
    this.reached.set(`${this.head.field} anchor`, from);
    const isSame = this.chosen && this.chosen[0] === from && this.chosen[1] === to;
    this.#ask(isSame ? null : [from, to]);
  }

  // The next press continues from here, also before the kernel answers with other `on`.
  #ask(range) {
    const { field, edges, on } = this.head;
    this.chosen = range;
    this.reached.set(`${field} asked`, { range, over: String(on) });
    this.between(field, ...(range ? [edges[range[0]], edges[range[1] + 1]] : ["", ""]));
  }

  #extend(from, to) {
    const { field } = this.head;
    const anchor = this.chosen ? (this.reached.get(`${field} anchor`) ?? from) : from;
    this.reached.set(`${field} anchor`, anchor);
    this.#ask([Math.min(anchor, to), Math.max(anchor, to)]);
  }

  #escape(event) {
    if (event.key !== "Escape" || !this.chosen) return;
    event.preventDefault();
    event.stopPropagation();
    this.#ask(null);
  }

  #drag(down) {
    const { left, width } = this.node.getBoundingClientRect();
    const { length } = this.nodes;
    const at = ({ clientX }) =>
      Math.max(0, Math.min(length - 1, Math.floor(((clientX - left) / width) * length)));
    const from = at(down);
    let range = [from, from];
    const mark = () =>
      this.nodes.forEach((node, place) => {
        node.classList.toggle("ct-on", place >= range[0] && place <= range[1]);
      });
    const move = (event) => {
      range = [Math.min(from, at(event)), Math.max(from, at(event))];
      mark();
    };
    this.node.classList.add("ct-filtered");
    mark();
    this.node.setPointerCapture(down.pointerId);
    this.node.addEventListener("pointermove", move);
    const end = (isDone) => {
      this.node.removeEventListener("pointermove", move);
      if (isDone) this.#choose(...range);
    };
    this.node.addEventListener("pointerup", () => end(true), { once: true });
    this.node.addEventListener("pointercancel", () => end(false), { once: true });
  }
}
