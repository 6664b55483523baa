// The form for rates and retries. An invalid value is explained beside its field and not sent.

import { h, muted, textInput } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";
import { secondsOf } from "../frame/words.js";

/** The typed text as a number; NaN if it is not one. */
function numberOf(kind, text) {
  if (kind === "duration") return secondsOf(text);
  const digits = kind === "number" ? /^(\d+(\.\d*)?|\.\d+)$/ : /^\d+$/;
  return digits.test(text) ? Number(text) : Number.NaN;
}

export function fits({ kind, low, high }, text) {
  if (text === "") return true; // back to the default
  if (kind === "attempts" && text.toLowerCase() === "unlimited") return true;
  const value = numberOf(kind, text);
  return value >= low && value <= high;
}

/** The reason why a field cannot be saved, or "". `typed` returns the text of any field. */
export function problemOf(field, typed) {
  if (!fits(field, typed(field.name))) return `Type ${field.hint}.`;
  if (field.name !== "max_backoff") return "";
  return secondsOf(typed("min_backoff")) > secondsOf(typed("max_backoff"))
    ? "Must not be shorter than the shortest delay."
    : "";
}

// One setting: its label, its input, and a line with the allowed values or the error.
class Setting {
  constructor(frame, field) {
    const id = frame.id(field.name);
    const attributes = { id, value: field.value, "aria-describedby": `${id}-say`, placeholder: "default" };
    this.field = field;
    this.input = textInput(attributes);
    this.say = h("span", { id: `${id}-say`, class: "ct-say ct-muted" }, field.hint);
    this.node = h("div.ct-setting", h("label", { for: id }, field.label), this.input, this.say);
  }

  get text() {
    return this.input.value.trim();
  }

  get isChanged() {
    return this.text !== this.field.value;
  }

  mark(problem) {
    if (problem) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
    this.say.textContent = problem || this.field.hint;
    this.say.className = `ct-say ${problem ? "ct-wrong" : "ct-muted"}`;
  }
}

function group(legend, name, settings) {
  const held = settings.filter(({ field }) => field.group === name);
  return held.length
    ? h(
        "fieldset",
        h("legend", legend),
        held.map(({ node }) => node),
      )
    : null;
}

/** The form with the settings at the time it opens; it sends only changed settings. */
export function settingsForm(frame, fields, close) {
  const settings = fields.map((field) => new Setting(frame, field));
  const byName = new Map(settings.map((setting) => [setting.field.name, setting]));
  const typed = (name) => byName.get(name)?.text ?? "";
  const problem = ({ field }) => problemOf(field, typed);
  const changed = () => settings.filter((setting) => setting.isChanged);
  const act = () => {
    frame.send("update", {
      settings: Object.fromEntries(changed().map(({ field, text }) => [field.name, text])),
    });
    close();
  };
  const options = {
    label: "Settings",
    look: "ct-settings",
    submit: "Save",
    ready: () => changed().length > 0 && !settings.some(problem),
    act,
    changed: () => {
      for (const setting of settings) setting.mark(problem(setting));
    },
    close,
    note: muted("An empty field means the default."),
  };
  const groups = [group("Rates", "rate_limits", settings), group("Retries", "retry_config", settings)];
  const form = actionForm(frame, options, h("div.ct-groups", groups));
  return { form, first: settings[0]?.input };
}
