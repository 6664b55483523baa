// The controls of the task browser: view options, actions on many tasks, forms, and one task in detail.
// All of it needs a kernel, so the kernel sends this part on request.

import { formSlot } from "./frame/forms.js";
import { detailSlot } from "./frame/pane.js";
import { detailPane } from "./tasks/detail.js";
import { editSlot } from "./tasks/edit.js";
import { downloads } from "./tasks/export.js";
import { verbBar } from "./tasks/verbs.js";
import { progressRow, viewControls } from "./tasks/view.js";

// The pane of the open task; closing it returns the focus to its row.
function openedTask(frame, table) {
  const close = () => {
    const { id } = frame.get("detail");
    frame.tell("close_task", {});
    if (id) table.focus(id);
  };
  const detail = detailSlot(frame, "detail", "id", (opened) => detailPane(frame, opened, close));
  if (table.asked) detail.ask(table.asked);
  table.asks = detail.ask;
  return detail.node;
}

/** Fill the slots around the table and the status line. */
export function attach(frame, table, { view, progress, side, above, below }) {
  const slot = formSlot(frame);
  downloads(frame);
  view.append(...viewControls(frame));
  progress.append(progressRow(frame));
  above.append(verbBar(frame, slot), slot.node);
  side.append(openedTask(frame, table));
  below.append(editSlot(frame));
  frame.sync();
}
