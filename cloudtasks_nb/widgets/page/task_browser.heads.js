// The table that answers: all loaded rows, and heads that filter. It is loaded from the kernel, which judges.

import { h } from "./frame/dom.js";
import { number } from "./frame/words.js";
import { headContent } from "./heads/head.js";
import { LoadedRows } from "./tasks/loaded.js";

function countCell(frame) {
  const { matched, count, scope } = frame.get("place");
  const where = scope === "page" ? "on this page" : "loaded";
  return h("td.ct-loaded", h("strong", number(matched)), h("span.ct-muted", ` of ${number(count)} ${where}`));
}

/** Fill the second row of the head, and give the table all rows. */
export function attach(frame, table) {
  const rows = new LoadedRows(frame, () => table.fill());
  table.loaded = () => rows.now;
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
  frame.watchTogether(["heads", "place"], () => {
    table.under.replaceChildren(h("td.ct-check"), countCell(frame), ...frame.get("table").columns.map(cell));
    table.under.hidden = false;
  });
  table.fill();
}
