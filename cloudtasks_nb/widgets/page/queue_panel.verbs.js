// The buttons of a queue panel, their forms, and the open tasks. All of it needs a kernel, so the kernel
// sends this part on request.

import { formSlot } from "./frame/forms.js";
import { doomForm, restoreBox } from "./queue/doom.js";
import { settingsForm } from "./queue/settings.js";
import { Opened } from "./queues/opened.js";

function readButtons(frame) {
  const refresh = frame.button("Refresh", () => frame.send("refresh"));
  const tasks = frame.button("Show tasks", () => frame.send("open_tasks"), { allowed: () => !frame.gone });
  if (frame.get("facts").estimates) return [refresh, tasks];
  const count = () => frame.send("count_tasks");
  return [refresh, tasks, frame.button("Count tasks", count, { allowed: () => !frame.gone })];
}

function controls(frame, slot) {
  if (frame.get("read_only")) return readButtons(frame);
  const state = () => frame.get("facts").state;
  const verb = (label, action, unless) =>
    frame.button(label, () => frame.send(action), { allowed: () => !frame.gone && state() !== unless });
  const opening = (label, build, kind) => {
    const open = (event) => slot.show((close) => build(frame.get("facts"), close), event.currentTarget);
    return frame.button(label, open, { kind, allowed: () => !frame.gone });
  };
  const doom = (action) => (facts, close) => doomForm(frame, facts, action, close);
  return [
    verb("Pause", "pause", "PAUSED"),
    verb("Resume", "resume", "RUNNING"),
    ...readButtons(frame),
    opening("Edit settings…", ({ form }, close) => settingsForm(frame, form, close)),
    opening("Purge…", doom("purge"), "ct-quiet-danger"),
    opening("Delete…", doom("delete"), "ct-quiet-danger"),
  ];
}

/** Fill the button bar, the slot below it, and the slot for the line that restores tasks. */
export function attach(frame, { controls: bar, below, restore }) {
  const slot = formSlot(frame);
  const opened = new Opened(frame, "close_tasks");
  bar.append(...controls(frame, slot));
  below.append(slot.node, opened.node);
  frame.watch(["restorable"], () => restore.replaceChildren(...restoreBox(frame.get("restorable") ?? {})));
  frame.watch(["opening"], () => opened.show());
  frame.sync();
}
