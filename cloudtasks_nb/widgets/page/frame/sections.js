// Draws sections that Python rendered: a JSON tree to fold, a table, a picture, or lines of text.

import { cells } from "./cells.js";
import { h, muted, tableHead } from "./dom.js";

function jsonLeaf({ kind, text, comma, note }) {
  const look = kind === "number" ? "ct-numeral" : `ct-${kind}`;
  return [h("span", { class: look }, text), comma, note ? muted(`  (${note})`) : null];
}

// The JSON tree of a card. Open, it reads as JSON; folded, it shows the number of items.
function jsonTree(branch) {
  const { kind, text, key, comma, open, children } = branch;
  if (kind === "cut") return [muted(text)];
  const name = key ? [h("span.ct-key", key), ": "] : [];
  if (!children.length) return [...name, ...jsonLeaf(branch)];
  const [before, after] = kind === "object" ? "{}" : "[]";
  const folded = h("span.ct-fold-words.ct-muted", ` … ${text}`);
  const items = children.map((child) => h("li", jsonTree(child)));
  return [h("details", { open }, h("summary", name, before, folded), h("ul", items), after, comma)];
}

export function textLines(text, label) {
  return h("pre.ct-lines", { tabindex: "0", "aria-label": label }, text);
}

function sectionTable({ summary, rows, columns }) {
  const body = rows.map(([name, ...values]) =>
    h(
      "tr",
      h("th", { scope: "row" }, cells(name)),
      values.map((value) => h("td", cells(value))),
    ),
  );
  const caption = h("caption", summary);
  return h("table.ct-data.ct-headers", caption, tableHead(columns), h("tbody", body));
}

export function sectionBody(section) {
  const { summary, tree, rows, picture, text } = section;
  if (tree) return h("div.ct-json", { role: "group", "aria-label": summary }, jsonTree(tree));
  if (picture) return h("img", { src: picture, alt: text });
  if (rows) return sectionTable(section);
  return text ? textLines(text, summary) : null;
}

export function sectionFold(section) {
  const summary = h("summary", section.summary);
  return h("details.ct-section", { open: section.open }, summary, sectionBody(section));
}

export function facts(pairs) {
  return pairs.flatMap(([name, value]) => [h("dt", name), h("dd", cells(value))]);
}

export function factsList(pairs) {
  return h("dl.ct-facts", facts(pairs));
}
