// Column heads of the queue table that filter each other. The kernel sends this part on request.

import { h } from "./frame/dom.js";
import { number } from "./frame/words.js";
import { headContent } from "./heads/head.js";
import { Crossed, FIELDS } from "./queues/crossed.js";

/** Fill the second head row. Returns `passes` (does a row pass the filters?) and `fill` (draw again). */
export function attach(frame, table, { finds, changed }) {
  const crossed = new Crossed();
  const reached = new Map();
  const cell = (column, rows) => {
    const head = FIELDS[column] ? crossed.head(column, rows) : null;
    const edge = (text) => head.numbers[head.edges.indexOf(text)];
    const act = {
      toggle: (field, value) => {
        crossed.toggle(field, value);
        changed();
      },
      between: (field, low, high) => {
        if (low === "") crossed.between(field, null);
        else crossed.between(field, edge(low), edge(high));
        changed();
      },
    };
    return h("td", { "data-column": column }, head ? headContent(head, act, reached) : null);
  };
  const count = () =>
    h(
      "td.ct-loaded",
      h("strong", number(table.found.length)),
      h("span.ct-muted", ` of ${number(frame.get("rows").listed)} listed`),
    );
  return {
    passes: (row) => crossed.passes(row),
    fill() {
      const found = frame.rows().filter(finds);
      const cells = table.names.map((name) => (name === "Queue" ? count() : cell(name, found)));
      frame.redraw(() => table.under.replaceChildren(h("td"), ...cells, h("td")));
      table.under.hidden = false;
    },
  };
}
