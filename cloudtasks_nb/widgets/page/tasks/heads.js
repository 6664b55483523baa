// Column heads that sort: up, down, and as the service lists them.

import { h } from "../frame/dom.js";
import { nextOrder, sortedBy } from "../heads/order.js";
import { edge } from "./edge.js";

function direction(name, { sorting }) {
  const by = sortedBy(name, sorting);
  if (!by) return { arrow: "", sort: null };
  const arrow = `${by.isDown ? "↓" : "↑"}${by.isAlone ? "" : by.place}`;
  return { arrow, sort: by.place > 1 ? null : by.isDown ? "descending" : "ascending" };
}

/** `width` is how wide the column is now, in px, and how another width is set. */
export function columnHead(frame, { name, label, look }, at, width) {
  const { arrow, sort } = direction(name, at);
  const scope = at.scope === "page" ? "this page" : "what is loaded";
  const attributes = {
    type: "button",
    class: "ct-sort",
    "data-column": name,
    "data-key": `sort ${name}`,
    title: `Sort ${scope} by ${label.toLowerCase()}; with Shift, beside other columns`,
    onclick: ({ shiftKey }) => frame.tell("sort", { column: nextOrder(name, at.sorting, shiftKey) }),
  };
  const button = h("button", attributes, label, h("span", { "aria-hidden": "true" }, arrow));
  return h(
    "th",
    { scope: "col", class: look === "number" ? "ct-number" : null, "aria-sort": sort },
    button,
    edge({ name, label }, width),
  );
}
