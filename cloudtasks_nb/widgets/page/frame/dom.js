// Creates elements from text only: text from the service is never parsed as HTML.

const isThere = (value) => value !== undefined && value !== null && value !== false;

function set(node, name, value) {
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else node.setAttribute(name, value === true ? "" : String(value));
}

/**
 * Create an element: h("span.ct-muted", { title }, ...children). Attributes ("title", "onclick", "class") are
 * optional; children are nodes or text.
 */
export function h(selector, ...given) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  const props = given[0]?.constructor === Object ? given.shift() : {};
  for (const [name, value] of Object.entries(props)) {
    if (isThere(value)) set(node, name, value);
  }
  node.append(...given.flat(Number.POSITIVE_INFINITY).filter(isThere)); // strings become text
  return node;
}

export const muted = (...children) => h("span.ct-muted", children);
export const strong = (...children) => h("strong", children);
export const buttons = (...children) => h("div.ct-buttons", children);

/** A button that is always enabled. `frame.button` is disabled while an action runs. */
export function pushButton(label, onclick, { kind = "", ...attributes } = {}) {
  return h("button", { type: "button", class: `ct-button ${kind}`, onclick, ...attributes }, label);
}

/** The head of a table. Each column is a name or a node. */
export function tableHead(columns, classOf = () => null) {
  const heads = columns.map((name, at) => h("th", { scope: "col", class: classOf(name, at) }, name));
  return h("thead", h("tr", heads));
}

export function textInput(props = {}) {
  const plain = { type: "text", class: "ct-input", autocomplete: "off", spellcheck: "false" };
  return h("input", { ...plain, autocapitalize: "off", ...props });
}

export function field(label, ...controls) {
  return h("label.ct-field", h("span", label), controls);
}

export function checkLabel(box, words, title) {
  return h("label.ct-check-label", { title }, box, words);
}

/** Focus without scrolling the notebook. */
export function focus(node) {
  node?.focus({ preventScroll: true });
}

/** Keep keys in the form from the notebook's shortcuts; Escape closes the form. */
export function typing(form, close) {
  form.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close();
  });
}
