// Column heads that sort: ascending, descending, and unsorted.

import { h } from "../frame/dom.js";
import { sortedBy } from "../heads/order.js";

function direction(name, { sorting }) {
  const by = sortedBy(name, sorting);
  if (!by) return { arrow: "", sort: null };
  const arrow = `${by.isDown ? "↓" : "↑"}${by.isAlone ? "" : by.place}`;
  return { arrow, sort: by.place > 1 ? null : by.isDown ? "descending" : "ascending" };
}

/** `edge`, once loaded, draws the edge; `width` has the width now in px, and a function that sets it. */
export function columnHead(frame, { name, label, look }, at, width, edge) {
  const { arrow, sort } = direction(name, at);
  const scope = at.scope === "page" ? "this page" : "the loaded tasks";
  const attributes = {
    type: "button",
    class: "ct-sort",
    "data-column": name,
    "data-key": `sort ${name}`,
    title: `Sort ${scope} by ${label.toLowerCase()}; with Shift, also by other columns`,
    onclick: ({ shiftKey }) => frame.tell("cycle_sort", { column: name, beside: shiftKey }),
  };
  const button = h("button", attributes, label, h("span", { "aria-hidden": "true" }, arrow));
  return h(
    "th",
    { scope: "col", class: look === "number" ? "ct-number" : null, "aria-sort": sort },
    button,
    edge?.({ name, label }, width),
  );
}
