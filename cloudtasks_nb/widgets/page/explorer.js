// The explorer: locations, queues, and one open queue as controls, tasks, leases, monitor or access.

import { h, typing } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";
import { Opened } from "./queues/opened.js";
import { rowsOf } from "./queues/rows.js";
import { Search } from "./queues/search.js";
import { silentBox } from "./queues/silent.js";
import { QueueTable } from "./queues/table.js";

function openQueue(frame, row) {
  const { name, view } = frame.get("opening");
  if (name === row.name) return;
  const shown = view === "workbench" ? "panel" : (view ?? "panel"); // only a pull queue has leases
  frame.send("open_queue", { name: row.name, view: shown });
}

function header(frame) {
  const updated = h("span.ct-muted.ct-where");
  frame.watch(["rows", "place"], () => {
    updated.replaceChildren(...frame.freshness(frame.get("place").updated));
  });
  const refresh = frame.button("Refresh", () => frame.send("refresh"));
  const title = "The last hour: one call of Cloud Monitoring, which is billed";
  const failing = frame.button("Show failing", () => frame.send("show_failing"), { title });
  frame.watch(["place"], () => {
    failing.hidden = frame.get("place").failing;
  });
  return h("header", h("h3", "Queues"), updated, failing, refresh);
}

function render({ model, el }) {
  const frame = new Frame(model, el, "explorer", `Queues of project ${model.get("place").project}`);
  frame.rows = () => rowsOf(frame);
  let heads = { passes: () => true, fill() {} };
  const search = new Search(
    frame,
    () => changed(),
    (row) => heads.passes(row),
  );
  frame.isFound = (row) => search.finds(row) && heads.passes(row);
  const table = new QueueTable(frame, frame.isFound, (row) => openQueue(frame, row));
  const opened = new Opened(frame);
  const silent = h("div");
  const bar = h("div.ct-buttons");
  const slot = h("div");
  const changed = () => {
    search.fill();
    table.fill();
    heads.fill();
  };
  frame.part("explorer.heads").then(({ attach }) => {
    heads = attach(frame, table, { finds: (row) => search.finds(row), changed });
    changed();
  });
  typing(search.filters, () => {
    search.text.value = "";
    changed();
  });
  frame.root.append(
    ...[header(frame), search.places, search.filters, silent, table.node],
    h("div.ct-bar.ct-choice", bar),
    ...[slot, frame.status, opened.node, frame.folded],
  );
  frame.watchFacts(["rows", "place"], () => {
    changed();
    silent.replaceChildren(...silentBox(frame));
    frame.sync();
  });
  let fillBar = () => {};
  const markTicked = () => {
    table.mark();
    fillBar(frame, bar, slot);
  };
  frame.watch(["ticked"], markTicked);
  frame.part("explorer.verbs").then(({ choiceBar }) => {
    fillBar = choiceBar;
    markTicked();
  });
  frame.watch(["opening"], () => {
    table.mark();
    opened.show();
  });
  return () => frame.cleanup();
}

export default { render };
