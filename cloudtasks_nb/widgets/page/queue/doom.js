// The form that confirms a purge or delete: it offers a backup, and requires the queue's id.

import { checkLabel, h, strong, textInput } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";
import { plural } from "../frame/words.js";

const DOOMS = {
  purge: {
    submit: "Purge for good",
    words: (count, id) => ["Purge removes ", count, " from queue ", id, ". This cannot be undone."],
  },
  delete: {
    submit: "Delete for good",
    words: (count, id) => [
      ...["Delete removes queue ", id, " with ", count],
      ". This cannot be undone, and the name stays blocked for days.",
    ],
  },
};

/** Words for the number of tasks, and how exact it is. */
export function depthWords({ depth, estimates }) {
  if (depth === null) return "all its tasks";
  const tasks = plural(depth, "task");
  return estimates ? `about ${tasks} (estimate)` : `${tasks} (counted)`;
}

/** The file name of a backup made now: project, queue and time in UTC. */
export function backupName({ start }, now = new Date()) {
  return `${start}${now.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z.parquet`;
}

function backupChoice(frame, offered) {
  const wanted = h("input", { type: "checkbox", checked: offered.ticked });
  const file = textInput({ value: backupName(offered), "aria-label": "Backup file" });
  file.hidden = !offered.ticked;
  wanted.addEventListener("change", () => {
    file.hidden = !wanted.checked;
    frame.sync();
  });
  return {
    node: h("div.ct-backup", checkLabel(wanted, offered.words), file),
    path: () => (wanted.checked ? file.value.trim() : ""),
    isReady: () => !wanted.checked || file.value.trim() !== "",
  };
}

/** After a purge or delete with a backup: the line of Python that restores the tasks. */
export function restoreBox({ words, line, note }) {
  if (!line) return [];
  return [h("div.ct-restore", h("p", words), h("pre", h("code", line)), h("p.ct-note", note))];
}

export function doomForm(frame, facts, action, close) {
  const { submit, words } = DOOMS[action];
  const input = textInput();
  const backup = backupChoice(frame, facts.backup);
  const act = () => {
    frame.send(action, { confirm: input.value, backup: backup.path() });
    close();
  };
  const ready = () => input.value === facts.id && backup.isReady();
  const options = {
    label: `Confirm: ${action}`,
    look: "ct-confirm",
    submit,
    danger: true,
    ready,
    act,
    close,
  };
  const form = actionForm(
    frame,
    options,
    h("p", words(strong(depthWords(facts)), strong(facts.id))),
    backup.node,
    h("label", "Type the queue id ", h("code", facts.id), " to enable the button", input),
  );
  return { form, first: input };
}
