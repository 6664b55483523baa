// Sections as Python rendered them: a JSON tree to fold, a table, a picture, or lines of text.

// The tree of a card, made of text alone: open it reads as JSON, folded it says how much it holds.
function jsonTree({ kind, text, key, note, comma, open, children }) {
  const name = key ? [h("span", { class: "ct-key" }, key), ": "] : [];
  if (kind === "cut") return [h("span", { class: "ct-muted" }, text)];
  if (!children.length) {
    const look = kind === "number" ? "ct-numeral" : `ct-${kind}`;
    return [...name, h("span", { class: look }, text), comma, note ? h("span", { class: "ct-muted" }, `  (${note})`) : null];
  }
  const [before, after] = kind === "object" ? "{}" : "[]";
  return [h("details", { open },
    h("summary", {}, name, before, h("span", { class: "ct-fold-words ct-muted" }, ` … ${text}`)),
    h("ul", {}, children.map((child) => h("li", {}, jsonTree(child)))), after, comma)];
}

function lines(text, label) {
  return h("pre", { class: "ct-lines", tabindex: "0", "aria-label": label }, text);
}

function sectionBody({ summary, tree, rows, columns, picture, text }) {
  if (tree) return h("div", { class: "ct-json", role: "group", "aria-label": summary }, jsonTree(tree));
  if (picture) return h("img", { src: picture, alt: text });
  if (!rows) return text ? lines(text, summary) : null;
  return h("table", { class: "ct-data ct-headers" }, h("caption", {}, summary),
    h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, cells(name)), h("td", {}, cells(value))))));
}

function sectionFold(part) {
  return h("details", { class: "ct-section", open: part.open }, h("summary", {}, part.summary), sectionBody(part));
}

function factsList(facts) {
  return h("dl", { class: "ct-facts" }, facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, cells(value))]));
}
