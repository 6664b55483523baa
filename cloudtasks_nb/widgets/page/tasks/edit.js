// The form that creates a changed copy of a task. Untouched fields keep their values, secrets included.

import { checkLabel, field, focus, h, strong, textInput } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";

const METHODS = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

export function headerLines(headers) {
  return headers.map(([name, value]) => `${name}: ${value}`).join("\n");
}

/** "Name: value" lines as an object; null if a line has another form. */
export function readHeaders(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  const pairs = lines.map((line) => [line.indexOf(":"), line]);
  if (pairs.some(([at]) => at < 1)) return null;
  return Object.fromEntries(pairs.map(([at, line]) => [line.slice(0, at).trim(), line.slice(at + 1).trim()]));
}

export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function textArea(value, rows) {
  const node = h("textarea.ct-input.ct-area", { rows, spellcheck: "false" });
  node.value = value;
  return node;
}

const rowsFor = (count, least, most) => Math.min(most, Math.max(least, count));

// The inputs for a task of this kind, by the field that they change.
function inputsOf({ kind, url, method, headers, tag, payload }) {
  const area = payload === null ? null : textArea(payload, rowsFor(payload.split("\n").length, 3, 14));
  if (kind === "pull") return { tag: textInput({ value: tag }), payload: area };
  const options = METHODS.map((name) => h("option", { selected: name === method }, name));
  return {
    url: textInput({ value: url }),
    method: h("select.ct-select", options),
    headers: textArea(headerLines(headers), rowsFor(headers.length, 2, 8)),
    payload: area,
  };
}

/** Arguments of the new task that differ from the old one. `now` is the text of each input by its name. */
export function changesOf(old, now, delay) {
  const before = { ...old, headers: headerLines(old.headers ?? []) };
  const changed = Object.entries(now).filter(([name, text]) => text !== before[name]);
  const given = Object.fromEntries(changed);
  if ("headers" in given) given.headers = readHeaders(given.headers);
  if (delay.trim() !== "") given.schedule = Number(delay);
  return given;
}

/** The reason why the form cannot be submitted, or "". */
export function problemOf(headers, delay) {
  const isDelay = delay.trim() === "" || Number(delay) >= 0;
  if (readHeaders(headers ?? "") === null) return "Write headers as Name: value, one per line.";
  return isDelay ? "" : "The delay must be a number of seconds.";
}

function fieldsOf({ kind, kept }, { url, method, headers, tag, payload }) {
  const target = () => [field("Method", method), field(kind === "http" ? "URL" : "Relative URL", url)];
  const none = () => h("p.ct-muted", `Payload: ${kept}`);
  return [
    tag ? field("Tag", tag) : h("div.ct-pair", target()),
    headers ? field("Headers", headers) : null,
    payload ? field(`Payload${kept ? ` (${kept})` : ""}`, payload) : none(),
  ];
}

const valuesOf = (inputs) => {
  const there = Object.entries(inputs).filter(([, input]) => input);
  return Object.fromEntries(there.map(([name, input]) => [name, input.value]));
};

function editForm(frame, old, close) {
  const inputs = inputsOf(old);
  const { headers, payload } = inputs;
  const delay = textInput({ placeholder: "as it was", inputmode: "decimal", class: "ct-input ct-short" });
  const drop = h("input", { type: "checkbox" });
  const note = h("p.ct-muted", { role: "status" });
  const wasJson = Boolean(old.payload?.trim()) && isJson(old.payload);
  const problem = () => problemOf(headers?.value, delay.value);
  const act = () => {
    const changes = changesOf(old, valuesOf(inputs), delay.value);
    frame.send("enqueue_edited", { task_id: old.id, changes, delete_old: drop.checked });
  };
  const changed = () => {
    const isBroken = wasJson && !isJson(payload.value);
    note.textContent = problem() || (isBroken ? "The payload was JSON, and is not valid JSON now." : "");
    note.classList.toggle("ct-warning", note.textContent !== "");
  };
  const label = `Edit ${old.id}`;
  const form = actionForm(
    frame,
    { label, submit: "Create task", ready: () => !problem(), act, changed, close },
    h("p", "Creates a new task like ", strong(old.id), ", with a new id."),
    fieldsOf(old, inputs),
    field("Due in seconds from now (0: now)", delay),
    note,
    checkLabel(drop, `Delete ${old.id} once the new task exists`),
  );
  return { form, first: payload ?? inputs.url ?? inputs.tag };
}

/** The slot of the form, which opens after the kernel has read the old task. */
export function editSlot(frame) {
  const node = h("div");
  const close = () => {
    frame.tell("close_form", {});
    frame.focusOn("edit task");
  };
  let shown = "";
  frame.watch(["form"], () => {
    const old = frame.get("form");
    const said = JSON.stringify(old);
    if (said === shown) return; // keep the typed text
    shown = said;
    if (!old.id) return node.replaceChildren();
    const { form, first } = editForm(frame, old, close);
    node.replaceChildren(form);
    focus(first);
    frame.sync();
  });
  return node;
}
