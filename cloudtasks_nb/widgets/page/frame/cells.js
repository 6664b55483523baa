// Cells as Python rendered them: text with a look, and instants that keep running.

import { h, pushButton } from "./dom.js";
import { relative } from "./words.js";

const TAIL = 14; // signs at the end of a name that stay whole
const LONG_NAME = 22;

const timeWords = (iso) => relative(Date.parse(iso), Date.now());

/** An instant that keeps running, exact on hover. */
export function when(iso, empty = "–") {
  return iso ? h("time", { datetime: iso, title: iso }, timeWords(iso)) : empty;
}

/** Let the instants below `root` say how far away they are now. */
export function tickTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const text = timeWords(time.getAttribute("datetime"));
    if (time.textContent !== text) time.textContent = text;
  }
}

function cellNode({ time, text, title, look, tone }) {
  if (time) return when(time);
  const classes = { badge: `ct-badge ct-${tone || "plain"}`, muted: "ct-muted" };
  return h(look === "code" ? "code" : "span", { class: classes[look], title: title || null }, text);
}

/** Rendered cells from Python as nodes, a space between two. */
export function cells(values) {
  return values.flatMap((cell, at) => (at ? [" ", cellNode(cell)] : [cellNode(cell)]));
}

/** Text that gives way in its middle: the end of an id or a URL says more than the part before it. */
export function cut(text) {
  const signs = Array.from(text);
  const part = (...range) => h("span", signs.slice(...range).join(""));
  return h("span.ct-cut", part(0, -TAIL), part(-TAIL));
}

/** A long name as a button: cut for the eye, whole for screen readers and on hover. */
export function nameButton(name, open, { kind = "", key = name } = {}) {
  const title = name.length > LONG_NAME ? name : null;
  const attributes = { "aria-label": name, title, "data-key": key };
  return pushButton(cut(name), open, { kind: `ct-link ct-name ${kind}`, ...attributes });
}

/** A number, or a dash where there is none. */
export const orDash = (value, words) => (value === null ? "–" : words(value));
