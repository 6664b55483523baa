// The detail pane of a task: facts, headers, payload, and the buttons that act on it.

import { armed } from "../frame/armed.js";
import { buttons, h, pushButton } from "../frame/dom.js";
import { pane } from "../frame/pane.js";
import { factsList, sectionBody, sectionFold, textLines } from "../frame/sections.js";

const WHY_TITLE = "Explain why this task has not run: reads the task and its queue once each";

// The decoded payload, and the raw payload if it differs.
function payloadBlock(payload) {
  const bar = buttons(h("span.ct-section-label", payload.summary));
  const body = sectionBody(payload);
  const block = h("div.ct-section", bar, body);
  if (payload.raw === null) return block;
  const asItCame = textLines(payload.raw, "raw payload");
  const toggle = () => {
    const isRaw = raw.getAttribute("aria-pressed") !== "true";
    raw.setAttribute("aria-pressed", String(isRaw));
    block.lastChild.replaceWith(isRaw ? asItCame : body);
  };
  const raw = pushButton("Raw", toggle, { kind: "ct-small", "aria-pressed": "false" });
  bar.append(raw);
  return block;
}

function whyButton(frame, id) {
  const why = frame.button("Why?", () => frame.send("explain_task", { task_id: id }), { title: WHY_TITLE });
  why.dataset.key = "why task"; // no id holds a space
  return why;
}

// The reason why the task has not run, after the user asked.
function whyBlock(why) {
  if (!why) return [];
  const cure = why.cure ? h("code.ct-cure", why.cure) : null;
  return [
    h(
      "section.ct-section.ct-why-task",
      { "aria-label": "Why?" },
      h("p", why.sentence),
      cure,
      sectionFold(why.evidence),
    ),
  ];
}

function taskButtons(frame, { id, can_run: canRun }, close) {
  const act = (action) => () => frame.send(action, { task_id: id });
  const keyed = (verb, button) => Object.assign(button.dataset, { key: `${verb} ${id}` }) && button;
  const edit = frame.button("Edit…", act("edit"));
  edit.dataset.key = "edit task"; // no id holds a space
  const dangerous = { kind: "ct-quiet-danger" };
  return [
    whyButton(frame, id),
    canRun ? keyed("run", armed(frame, "Run", `Send ${id} now?`, act("run_task"))) : null,
    edit,
    keyed("delete", armed(frame, "Delete", `Delete ${id} for good?`, act("delete_task"), dangerous)),
    keyed("close", pushButton("Close", close)),
  ];
}

/** `isHeld`: the task is leased here, and its row has the verbs. */
export function detailPane(frame, detail, close, isHeld = false) {
  const { id, kind, facts, headers, payload, why } = detail;
  const plain = [isHeld ? null : whyButton(frame, id), pushButton("Close", close)];
  const verbs = isHeld || frame.get("read_only") ? plain : taskButtons(frame, detail, close);
  const names = { title: id, label: `Task ${id}`, words: `${kind} task`, verbs, close };
  const inside = payload ? [payloadBlock(payload), payload.inner.map(sectionFold)] : [];
  return pane(names, whyBlock(why), factsList(facts), headers.map(sectionFold), inside);
}
