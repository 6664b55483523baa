// Draws cells that Python rendered: styled text, and relative times that stay up to date.

import { h, pushButton } from "./dom.js";
import { relative } from "./words.js";

const TAIL = 14; // characters at the end of a name that are never cut
const LONG_NAME = 22;

const timeWords = (iso) => relative(Date.parse(iso), Date.now());

/** A relative time that stays up to date; hovering shows the exact time. */
export function when(iso, empty = "–") {
  return iso ? h("time", { datetime: iso, title: iso }, timeWords(iso)) : empty;
}

/** Update the relative times below `root`. */
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

/** Nodes for rendered cells, with a space between them. */
export function cells(values) {
  return values.flatMap((cell, at) => (at ? [" ", cellNode(cell)] : [cellNode(cell)]));
}

/** Text that is cut in the middle: the end of an id or a URL tells more than the part before it. */
export function cut(text) {
  const signs = Array.from(text);
  const part = (...range) => h("span", signs.slice(...range).join(""));
  return h("span.ct-cut", part(0, -TAIL), part(-TAIL));
}

/** A name as a button: shown cut if it is long, but whole for screen readers and on hover. */
export function nameButton(name, open, { kind = "", key = name } = {}) {
  const title = name.length > LONG_NAME ? name : null;
  const attributes = { "aria-label": name, title, "data-key": key };
  return pushButton(cut(name), open, { kind: `ct-link ct-name ${kind}`, ...attributes });
}

/** The words for a number, or a dash for null. */
export const orDash = (value, words) => (value === null ? "–" : words(value));
