// The part with all loaded rows and the filtering heads. It needs a kernel, which applies the filters.

import { h } from "./frame/dom.js";
import { number } from "./frame/words.js";
import { headContent } from "./heads/head.js";
import { chipBar } from "./tasks/chips.js";
import { edge } from "./tasks/edge.js";
import { LoadedRows } from "./tasks/loaded.js";
import { together } from "./tasks/together.js";

function countCell(frame) {
  const { matched, count, scope } = frame.get("place");
  const where = scope === "page" ? "on page" : "loaded";
  return h("td.ct-loaded", h("strong", number(matched)), h("span.ct-muted", ` of ${number(count)} ${where}`));
}

/** Fill the second head row, give the table all rows, and add chips to the filter. */
export function attach(frame, table, filter) {
  filter.append(chipBar(frame));
  const rows = new LoadedRows(
    frame,
    () => table.fill(),
    (ticked) => table.markSelected(ticked),
  );
  table.loaded = () => rows.now;
  table.edge = edge;
  const reached = new Map();
  const act = {
    toggle: (field, value) => frame.tell("toggle", { field, value }),
    between: (field, low, high) => frame.tell("between", { field, low, high }),
  };
  const cell = ({ name, label }) => {
    const head = frame.get("heads").find(({ column }) => column === name);
    const named = { ...head, label: label.toLowerCase(), noun: "task" };
    return h("td", { "data-column": name }, head ? headContent(named, act, reached) : null);
  };
  const draw = () => {
    table.under.replaceChildren(h("td.ct-check"), countCell(frame), ...frame.get("table").columns.map(cell));
    table.under.hidden = false;
  };
  const drawSoon = together(() => frame.redraw(draw));
  frame.watch(["heads", "place"], drawSoon);
  table.fill();
}
