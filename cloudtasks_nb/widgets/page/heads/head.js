// The content of a column head: values with counts, or bars. Pressing them filters.

import { when } from "../frame/cells.js";
import { h } from "../frame/dom.js";
import { number, plural } from "../frame/words.js";
import { Bars, share } from "./bars.js";
import { walk } from "./walk.js";

const MODES = {
  "": ["not filtered", "Show only these"],
  only: ["only these", "Leave these out"],
  without: ["left out", "Show these again"],
};

function valueButton({ field, noun }, { value, label, tone, all, count, mode }, most, toggle) {
  const [now, next] = MODES[mode];
  const of = `${number(count)} of ${plural(all, noun)}`;
  const attributes = {
    type: "button",
    class: `ct-value ct-${mode || "off"} ${tone ? `ct-tone-${tone}` : ""}`,
    "data-key": `head ${field}:${value}`,
    "aria-label": `${field} ${label}, ${of}: ${now}`,
    "aria-pressed": String(mode !== ""),
    title: `${label}: ${of}. ${next}`,
    style: `--ct-all: ${share(all, most)}; --ct-share: ${share(count, most)}`,
    onclick: () => toggle(field, value),
  };
  return h("button", attributes, h("span.ct-value-label", label), h("span.ct-count", number(count)));
}

function valueList(head, { toggle }, reached) {
  const { field, label, values, others } = head;
  const most = Math.max(...values.map(({ all }) => all));
  const nodes = values.map((value) => valueButton(head, value, most, toggle));
  const group = h("div.ct-values", { role: "group", "aria-label": `Filter by ${label}` }, nodes);
  walk(group, nodes, field, reached);
  const [all, count] = others;
  const rest = all
    ? h("span.ct-rest.ct-muted", h("span", "others"), h("span.ct-count", number(count)))
    : null;
  return [group, rest];
}

// The words below the bars: the first and the last value. `most` is the greatest number.
function endWords({ look, edges, most = Number(edges.at(-1)) - 1 }) {
  if (look === "time") {
    const ends = [edges[0], edges.at(-1)].map((edge) => when(edge));
    return ends[0].textContent === ends[1].textContent ? ends.slice(0, 1) : ends;
  }
  return Number(edges[0]) === most ? edges.slice(0, 1) : [edges[0], number(most)];
}

function barGroup(head, { between }, reached) {
  const ends = endWords(head).map((end) => h("span", end));
  return [new Bars(head, between, reached).node, h("div.ct-ends.ct-muted", ends)];
}

/** The content of a head. `act` has `toggle(field, value)` and `between(field, low, high)`. */
export function headContent(head, act, reached) {
  return (head.look === "values" ? valueList : barGroup)(head, act, reached);
}
