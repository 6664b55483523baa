// The detail pane of a task: facts, headers, payload, and the buttons that act on it.

import { armed } from "../frame/armed.js";
import { buttons, h, pushButton } from "../frame/dom.js";
import { pane } from "../frame/pane.js";
import { factsList, sectionBody, sectionFold, textLines } from "../frame/sections.js";

// The payload decoded, and as it came where that says something else.
function payloadBlock(payload) {
  const bar = buttons(h("span.ct-section-label", payload.summary));
  const body = sectionBody(payload);
  const block = h("div.ct-section", bar, body);
  if (payload.raw === null) return block;
  const asItCame = textLines(payload.raw, "payload as it came");
  const toggle = () => {
    const isRaw = raw.getAttribute("aria-pressed") !== "true";
    raw.setAttribute("aria-pressed", String(isRaw));
    block.lastChild.replaceWith(isRaw ? asItCame : body);
  };
  const raw = pushButton("Raw", toggle, { kind: "ct-small", "aria-pressed": "false" });
  bar.append(raw);
  return block;
}

function taskButtons(frame, { id, can_run: canRun }, close) {
  const act = (action) => () => frame.send(action, { task_id: id });
  const keyed = (verb, button) => Object.assign(button.dataset, { key: `${verb} ${id}` }) && button;
  const edit = frame.button("Edit…", act("edit"));
  edit.dataset.key = "edit task"; // no id holds a space
  const dangerous = { kind: "ct-quiet-danger" };
  return [
    canRun ? keyed("run", armed(frame, "Run", `Send ${id} now?`, act("run_task"))) : null,
    edit,
    keyed("delete", armed(frame, "Delete", `Delete ${id} for good?`, act("delete_task"), dangerous)),
    keyed("close", pushButton("Close", close)),
  ];
}

/** `isHeld`: the task is leased here, and its row has the verbs. */
export function detailPane(frame, detail, close, isHeld = false) {
  const { id, kind, facts, headers, payload } = detail;
  const isPlain = isHeld || frame.get("read_only");
  const verbs = isPlain ? pushButton("Close", close) : taskButtons(frame, detail, close);
  const names = { title: id, label: `Task ${id}`, words: `${kind} task`, verbs, close };
  const inside = payload ? [payloadBlock(payload), payload.inner.map(sectionFold)] : [];
  return pane(names, factsList(facts), headers.map(sectionFold), inside);
}
