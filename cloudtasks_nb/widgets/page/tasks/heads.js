// Column heads that sort: up, down, and as the service lists them.

import { h } from "../frame/dom.js";
import { edge } from "./edge.js";

/** How the next press sorts: ascending, then descending, then not at all. */
export function nextOrder(name, { column, descending }) {
  if (column !== name) return { column: name };
  return descending ? {} : { column: name, descending: true };
}

function direction(name, { column, descending }) {
  if (column !== name) return { arrow: "", sort: null };
  return descending ? { arrow: "↓", sort: "descending" } : { arrow: "↑", sort: "ascending" };
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
    title: `Sort ${scope} by ${label.toLowerCase()}`,
    onclick: () => frame.tell("sort", nextOrder(name, at)),
  };
  const button = h("button", attributes, label, h("span", { "aria-hidden": "true" }, arrow));
  return h(
    "th",
    { scope: "col", class: look === "number" ? "ct-number" : null, "aria-sort": sort },
    button,
    edge({ name, label }, width),
  );
}
