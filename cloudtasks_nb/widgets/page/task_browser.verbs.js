// What reads and acts on tasks: how they are shown, the verbs for many, the forms, and one task in detail.
// It is loaded from the kernel, which all of it needs.

import { formSlot } from "./frame/forms.js";
import { detailSlot } from "./frame/pane.js";
import { detailPane } from "./tasks/detail.js";
import { editSlot } from "./tasks/edit.js";
import { downloads } from "./tasks/export.js";
import { verbBar } from "./tasks/verbs.js";
import { progressRow, viewControls } from "./tasks/view.js";

// The pane of the opened task; closing it gives the focus back to its row.
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

/** Fill the places around the table and the status line. */
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
