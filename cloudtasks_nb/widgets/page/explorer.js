// The explorer: locations, queues, and one open queue as controls, tasks, leases, monitor or access.

import { h, typing } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";
import { Opened } from "./queues/opened.js";
import { QueueRows } from "./queues/rows.js";
import { Search } from "./queues/search.js";
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

// Actions on the ticked queues and on silent locations. Other ticks close an open form.
function verbs(frame, table) {
  const [bar, slot, silent] = ["div.ct-buttons", "div", "div"].map((kind) => h(kind));
  let fill = () => {};
  let before = "";
  const mark = () => {
    const names = frame.ticked().join(" ");
    if (names === before) return;
    before = names;
    table.mark();
    fill();
  };
  frame.part("explorer.verbs").then(({ choiceBar, silentBox }) => {
    fill = () => choiceBar(frame, bar, slot);
    fill();
    frame.watchFacts(["place"], () => silent.replaceChildren(...silentBox(frame)));
  });
  return { bar, slot, silent, mark };
}

function render({ model, el }) {
  const frame = new Frame(model, el, "explorer", `Queues of project ${model.get("place").project}`);
  const queues = new QueueRows(frame, () => {
    changed();
    mark();
  });
  frame.rows = () => queues.all;
  frame.ticked = () => queues.ticked;
  let heads = { passes: () => true, fill() {} };
  const search = new Search(
    frame,
    () => changed(),
    (row) => heads.passes(row),
  );
  frame.isFound = (row) => search.finds(row) && heads.passes(row);
  const table = new QueueTable(frame, frame.isFound, (row) => openQueue(frame, row));
  const { bar, slot, silent, mark } = verbs(frame, table);
  const opened = new Opened(frame);
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
    frame.sync();
  });
  frame.watch(["ticked"], mark);
  frame.watch(["opening"], () => {
    table.mark();
    opened.show();
  });
  return () => frame.cleanup();
}

export default { render };
