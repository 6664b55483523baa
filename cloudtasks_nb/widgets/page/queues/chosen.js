// Buttons that act on the ticked queues.

import { armed } from "../frame/armed.js";
import { focus, h, muted, pushButton, strong } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";
import { among, plural } from "../frame/words.js";

/** Words for the number of tasks in the queues, and how exact it is. */
export function heldWords(rows, isEstimated) {
  const tasks = plural(
    rows.reduce((sum, row) => sum + (row.depth ?? 0), 0),
    "task",
  );
  if (isEstimated) return `about ${tasks} (estimate)`;
  return rows.every((row) => row.depth !== null) ? `${tasks} (counted)` : "tasks that were not counted";
}

function rowsNamed(frame, names) {
  const wanted = new Set(names);
  return frame.rows().filter((row) => wanted.has(row.name));
}

/** Words for the chosen queues: their number, how many the search hides, and three names. */
function chosenWords(frame, names) {
  const rows = rowsNamed(frame, names);
  const hidden = rows.filter((row) => !frame.isFound(row)).length;
  const unseen = hidden ? `, of which the search hides ${hidden}` : "";
  return `${plural(names.length, "queue")}${unseen}. ${among(rows.map((row) => row.id))}`;
}

// The form that warns before several queues are resumed.
function resumeForm(frame, names, close) {
  const { estimates, surge } = frame.get("place");
  const rows = rowsNamed(frame, names);
  const act = () => {
    frame.send("resume_queues", { names, confirm: true });
    close();
  };
  const submit = `Resume ${plural(names.length, "queue")}`;
  const options = { label: "Confirm: resume", look: "ct-confirm", submit, danger: true, act, close };
  const held = ["They hold ", strong(heldWords(rows, estimates)), ". "];
  const words = h("p", `Resume ${chosenWords(frame, names)} `, held, surge);
  const form = actionForm(frame, options, words);
  return { form, first: form.querySelector("button:not(.ct-action)") }; // Cancel
}

function resume(frame, names, slot) {
  if (names.length === 1) return frame.send("resume_queues", { names });
  const { form, first } = resumeForm(frame, names, () => slot.replaceChildren());
  slot.replaceChildren(form);
  focus(first);
}

function verbsFor(frame, names, slot) {
  const small = { kind: "ct-small" };
  const count = () => frame.send("count_tasks", { names });
  const pause = () => frame.send("pause_queues", { names });
  const pauseButton = armed(frame, "Pause chosen", "", pause, small);
  pauseButton.question = () => `Pause ${chosenWords(frame, names)}`;
  const resumeLabel = names.length > 1 ? "Resume chosen…" : "Resume chosen";
  return [
    frame.get("place").estimates ? null : frame.button("Count tasks", count, small),
    ...(frame.get("read_only")
      ? []
      : [pauseButton, frame.button(resumeLabel, () => resume(frame, names, slot), small)]),
  ];
}

/** Fill `bar` with buttons for the ticked queues, and close any form in `slot`. */
export function choiceBar(frame, bar, slot) {
  const names = frame.ticked();
  slot.replaceChildren();
  if (!names.length) return bar.replaceChildren(muted("Tick queues to act on several."));
  const count = h("strong", { title: "as data: explorer.chosen" }, `${plural(names.length, "queue")} chosen`);
  const clear = pushButton("Clear", () => frame.tell("choose", { names, on: false }), { kind: "ct-small" });
  bar.replaceChildren(count, ...verbsFor(frame, names, slot).filter(Boolean), clear);
}
