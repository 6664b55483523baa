// Rates and retries edited in place: what does not fit is said beside its field, and never sent.

const DURATION_UNITS = { "": 1, s: 1, m: 60, min: 60, h: 3600, d: 86400 };

// "1 h 30 min" in seconds; NaN for anything else.
function durationSeconds(text) {
  let total = 0, rest = text;
  while (rest) {
    const part = /^(\d+(?:\.\d+)?|\.\d+)\s*(min|s|m|h|d)?\s*/.exec(rest);
    if (!part) return NaN;
    total += Number(part[1]) * DURATION_UNITS[part[2] ?? ""];
    rest = rest.slice(part[0].length);
  }
  return text ? total : NaN;
}

function fits(field, text) {
  if (text === "") return true; // the default again
  if (field.kind === "attempts" && text.toLowerCase() === "unlimited") return true;
  if (field.kind === "duration") return durationSeconds(text) >= field.low && durationSeconds(text) <= field.high;
  if (!(field.kind === "number" ? /^(\d+(\.\d*)?|\.\d+)$/ : /^\d+$/).test(text)) return false;
  return Number(text) >= field.low && Number(text) <= field.high;
}

// The form over the settings as they are when it opens; only what was changed is sent.
function settingsForm(frame, fields, close) {
  const inputs = new Map();
  const text = (name) => inputs.get(name)?.value.trim() ?? "";
  const changed = () => fields.filter((field) => text(field.name) !== field.value);
  const wrong = (field) => {
    if (!fits(field, text(field.name))) return `Type ${field.hint}.`;
    const [shortest, longest] = ["min_backoff", "max_backoff"].map((name) => durationSeconds(text(name)));
    return field.name === "max_backoff" && shortest > longest ? "Shorter than the shortest delay." : "";
  };
  const ready = () => changed().length > 0 && fields.every((field) => !wrong(field));
  const save = (event) => {
    event.preventDefault();
    if (!ready() || frame.busy) return;
    frame.send("update", { settings: Object.fromEntries(changed().map((field) => [field.name, text(field.name)])) });
    close();
  };
  const row = (field) => {
    const id = frame.id(field.name);
    const input = h("input", { id, type: "text", class: "ct-input", value: field.value, autocomplete: "off", spellcheck: "false",
      "aria-describedby": `${id}-say`, placeholder: "default" });
    const say = h("span", { id: `${id}-say`, class: "ct-say ct-muted" }, field.hint);
    inputs.set(field.name, input);
    return h("div", { class: "ct-setting" }, h("label", { for: id }, field.label), input, say);
  };
  const group = (legend, name) => {
    const held = fields.filter((field) => field.group === name);
    return held.length ? h("fieldset", {}, h("legend", {}, legend), held.map(row)) : null;
  };
  const form = h("form", { class: "ct-settings", "aria-label": "Settings", onsubmit: save },
    h("div", { class: "ct-groups" }, group("Rates", "rate_limits"), group("Retries", "retry_config")),
    h("div", { class: "ct-buttons" },
      frame.button("Save", null, { kind: "ct-primary", allowed: ready, type: "submit" }),
      h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel"),
      h("span", { class: "ct-muted" }, "An empty field means the default.")));
  const check = () => {
    for (const field of fields) {
      const input = inputs.get(field.name), words = wrong(field);
      input.toggleAttribute("aria-invalid", Boolean(words));
      if (words) input.setAttribute("aria-invalid", "true");
      const say = form.querySelector(`#${CSS.escape(input.id)}-say`);
      say.textContent = words || field.hint;
      say.className = `ct-say ${words ? "ct-wrong" : "ct-muted"}`;
    }
    frame.sync();
  };
  form.addEventListener("input", check);
  typing(form, close);
  return { form, first: inputs.get(fields[0]?.name) };
}
