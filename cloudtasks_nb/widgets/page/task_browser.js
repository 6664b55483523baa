// The task browser: one page of tasks or all of them, a filter, a selection, and one task in detail.

import { when } from "./frame/cells.js";
import { buttons, h, muted } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";
import { filterRow } from "./tasks/filters.js";
import { placeWords } from "./tasks/scope.js";
import { TaskTable } from "./tasks/table.js";
import { together } from "./tasks/together.js";

const PAGES_TITLE = "Back to reading page by page";
const ALL_TITLE = "Read every page, so that filter and order apply to all tasks";

function navigation(frame) {
  const at = () => frame.get("place");
  const isPaging = () => at().scope === "page";
  const verb = (label, action, options) => frame.button(label, () => frame.send(action), options);
  const hasBefore = () => at().number > 1;
  const steps = [
    verb("First", "first_page", { allowed: hasBefore }),
    verb("Back", "previous_page", { allowed: hasBefore }),
    verb("Next", "next_page", { allowed: () => at().more }),
  ];
  const pages = verb("Pages", "first_page", { title: PAGES_TITLE });
  const all = verb("Load all", "load_all", { title: ALL_TITLE });
  const where = h("span.ct-place");
  frame.watch(["place"], () => {
    for (const button of steps) button.hidden = !isPaging();
    pages.hidden = isPaging();
    all.hidden = !(isPaging() ? at().more || hasBefore() : at().scope === "part");
    where.textContent = placeWords(at());
  });
  return buttons(steps, pages, where, all, verb("Refresh", "refresh"));
}

function updatedWords({ updated, outdated }) {
  if (!updated) return ["not read yet"];
  const warning = h("span.ct-warning", " · changed since, refresh");
  return ["updated ", when(updated), outdated ? warning : ""];
}

function header(frame) {
  const { id } = frame.get("place");
  const updated = h("span.ct-muted.ct-where");
  frame.watch(["place"], () => {
    updated.replaceChildren(...updatedWords(frame.get("place")));
    frame.sync();
  });
  return h("header", h("h3", id), muted("tasks"), updated);
}

function render({ model, el }) {
  const frame = new Frame(model, el, "tasks", `Tasks of queue ${model.get("place").id}`);
  const table = new TaskTable(frame, (id) => {
    table.asked = id;
    table.asks?.(id);
    frame.send("open_task", { task_id: id });
  });
  const [view, progress, side] = ["div.ct-buttons.ct-end", "div", "div.ct-side"].map((kind) => h(kind));
  const filter = filterRow(frame);
  const [above, below] = [h("div"), h("div")];
  frame.root.append(
    header(frame),
    h("div.ct-bar", navigation(frame), view),
    filter,
    progress,
    h("div.ct-split", h("div", table.node, side)),
    ...[above, frame.status, below, frame.folded],
  );
  frame
    .part("task_browser.verbs")
    .then(({ attach }) => attach(frame, table, { view, progress, side, above, below }));
  frame.part("task_browser.heads").then(({ attach }) => attach(frame, table, filter));
  const fill = together(() => frame.redraw(() => table.fill()));
  frame.watch(["table", "widths"], fill);
  frame.watchFacts(["place"], fill);
  frame.watch(["selected", "ticked"], () => table.markSelected());
  frame.watch(["detail"], () => table.mark());
  frame.sync();
  return () => frame.cleanup();
}

export default { render };
