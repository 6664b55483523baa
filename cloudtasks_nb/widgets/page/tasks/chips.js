// Filter buttons for values that no column head shows.

import { h, muted } from "../frame/dom.js";
import { number, plural } from "../frame/words.js";

const MODES = {
  "": { now: "not filtered", next: "Show only these" },
  only: { now: "only these", next: "Leave these out" },
  without: { now: "left out", next: "Show these again" },
};

function chip(frame, { field, value, label, count, tone, mode }) {
  const { now, next } = MODES[mode] ?? MODES.without;
  const attributes = {
    type: "button",
    class: `ct-chip ct-${mode || "off"} ${tone ? `ct-tone-${tone}` : ""}`,
    "data-key": `${field}:${value}`,
    "aria-label": `${field} ${label}, ${plural(count, "task")}: ${now}`,
    "aria-pressed": String(mode !== ""),
    title: next,
    onclick: () => frame.tell("toggle", { field, value }),
  };
  const words = [h("span.ct-chip-label", label), h("span.ct-count", number(count))];
  return h("button", attributes, field === "tag" ? muted("tag ") : null, words);
}

export function chipBar(frame) {
  const bar = h("div.ct-chips", { role: "group", "aria-label": "Filters" });
  frame.watch(["facets"], () => {
    bar.replaceChildren(...frame.get("facets").map((facet) => chip(frame, facet)));
  });
  return bar;
}
