// Forms of a panel: Enter sends, Escape closes, buttons follow what is typed.

import { buttons, focus, h, pushButton, textInput, typing } from "./dom.js";

/**
 * A form over `content`, with a submit button and Cancel. `act` runs when it is `ready` and no action is
 * under way; `changed` runs after each edit. `extra` stands before Cancel, `note` after it. A form that
 * `changes` the service says when it is the real one.
 */
export function actionForm(frame, options, ...content) {
  const { label, look = "ct-form", submit, danger, ready = () => true, act, changed, close } = options;
  const { changes = true } = options;
  const go = (event) => {
    event.preventDefault();
    if (ready() && !frame.busy) act();
  };
  const kind = danger ? "ct-danger" : "ct-primary";
  const button = frame.button(submit, null, { type: "submit", kind, allowed: ready });
  const row = buttons(button, options.extra, pushButton("Cancel", close), options.note);
  const warning = changes && frame.stakes ? h("p.ct-stakes", frame.stakes) : null;
  const form = h("form", { class: look, "aria-label": label, onsubmit: go }, warning, content, row);
  form.addEventListener("input", () => {
    changed?.();
    frame.sync();
  });
  typing(form, close);
  return form;
}

/** The second step of a verb for many: it arms only when their number (or the queue's id) is typed. */
export function confirmForm(frame, { label, words, count, id, act, close, danger = true }) {
  const accepted = [String(count), id];
  const input = textInput();
  const options = {
    label,
    look: danger ? "ct-confirm" : "ct-form",
    submit: label,
    danger,
    ready: () => accepted.includes(input.value.trim()),
    act: () => {
      act(String(count));
      close();
    },
    close,
  };
  const [asCount, asId] = accepted.map((text) => h("code", text));
  const typed = h("label", "Type ", asCount, " (or the queue id ", asId, ") to arm the button", input);
  return { form: actionForm(frame, options, h("p", words), typed), first: input };
}

/** A place for one form at a time. A form takes the focus, and gives it back to the button that opened it. */
export function formSlot(frame) {
  const node = h("div.ct-slot");
  const slot = { node, about: null, close: () => {} };
  /** `about`: what the form is about, for who must know whether that is still so. */
  slot.show = (build, opener, about = null) => {
    slot.close = () => {
      node.replaceChildren();
      slot.about = null;
      frame.focusBack(opener);
    };
    const { form, first } = build(slot.close);
    slot.about = about;
    node.replaceChildren(form);
    focus(first);
    frame.sync();
  };
  return slot;
}
