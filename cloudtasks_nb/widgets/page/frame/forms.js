// Forms of a panel: Enter submits, Escape closes, and the input enables the buttons.

import { buttons, focus, h, pushButton, textInput, typing } from "./dom.js";

/**
 * A form around `content`, with a submit button and Cancel. `act` runs if the form is `ready` and no action
 * is running; `changed` runs after each edit. `extra` precedes Cancel, `note` follows it. A form that
 * `changes` the service warns if it is the real one.
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

/** Confirms an action on many tasks: the button works once their number (or the queue's id) is typed. */
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
  const typed = h("label", "Type ", asCount, " (or the queue id ", asId, ") to enable the button", input);
  return { form: actionForm(frame, options, h("p", words), typed), first: input };
}

/** A place for one form at a time. Closing it returns the focus to the button that opened it. */
export function formSlot(frame) {
  const node = h("div.ct-slot");
  const slot = { node, about: null, close: () => {}, isOutdated: () => false };
  const refuse = (event) => {
    if (!slot.isOutdated()) return; // the update that closes the form waits for the end of this press
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  node.addEventListener("submit", refuse, true);
  /** `about` identifies what the form acts on, so that callers can close an outdated form. */
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
