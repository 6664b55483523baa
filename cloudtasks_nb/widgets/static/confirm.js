// The second step before something that is about many: it names how many, and arms only when that is typed.

function field(label, ...controls) {
  return h("label", { class: "ct-field" }, h("span", {}, label), controls);
}

function textInput(props = {}) {
  return h("input", { type: "text", class: "ct-input", autocomplete: "off", spellcheck: "false", autocapitalize: "off", ...props });
}

// `act` gets the count as text; the queue's id may be typed instead of it.
function confirmForm(frame, { label, words, count, id, act, close, danger = true }) {
  const accepted = [String(count), id];
  const isArmed = () => accepted.includes(input.value.trim());
  const go = () => { if (isArmed() && !frame.busy) act(String(count)), close(); };
  const input = textInput();
  const form = h("form", { class: danger ? "ct-confirm" : "ct-form", "aria-label": label, onsubmit: (event) => (event.preventDefault(), go()) },
    h("p", {}, words),
    h("label", {}, "Type ", h("code", {}, String(count)), " (or the queue id ", h("code", {}, id), ") to arm the button", input),
    h("div", { class: "ct-buttons" }, frame.button(label, null, { type: "submit", kind: danger ? "ct-danger" : "ct-primary", allowed: isArmed }),
      h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel")));
  input.addEventListener("input", () => frame.sync());
  typing(form, close);
  return { form, first: input };
}
