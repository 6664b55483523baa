// The look and the width of each kind of column.

import { cells, cut, when } from "../frame/cells.js";
import { h } from "../frame/dom.js";
import { number } from "../frame/words.js";

const SIGN_PX = 7.3;
const STATUS_SIGN_PX = 9.2; // capitals of a wide font
const CHECK_PX = 34;
const SHORT_ID_PX = 140; // a longer id may lose its middle
export const TARGET_PX = 210; // at least; it takes the remaining width
const SAMPLED = 500; // number of values that determine a width

const between = (least, px, most) => Math.min(most, Math.max(least, px));
const longest = (texts) => Math.max(0, ...texts.slice(0, SAMPLED).map((text) => text.length));

const LOOKS = {
  text: (value) => h("td.ct-clip", { title: value.length > 24 ? value : null }, value),
  target: (value) => h("td.ct-mono.ct-target", { title: value }, cut(value.replace(/^https:\/\//, ""))),
  status: (value) => h("td.ct-clip", { title: value.map(({ text }) => text).join(" ") }, cells(value)),
  number: (value) => h("td.ct-number", number(value)),
  time: (value, isLease) =>
    h("td.ct-clip", isLease ? "lease ends " : null, when(new Date(value).toISOString())),
};
const WIDTHS = {
  text: ({ different }) => between(92, 20 + SIGN_PX * longest(different), 240),
  status: ({ different }) =>
    between(140, 40 + STATUS_SIGN_PX * longest(different.map(([cell]) => cell.text)), 320),
  time: ({ name }, leased) => (name === "schedule" && leased ? 158 : 104),
  number: () => 84,
  target: () => null, // the remaining width
};

/** The cell of one task; `row` is its index. Repeated values are sent once, and `at` refers to them. */
export function cellOf({ name, look, values, different, at }, row, isLeased) {
  const value = values ? values[row] : different[at[row]];
  if (value === null || value === undefined || Number.isNaN(value)) return h("td.ct-muted", "–");
  return LOOKS[look](value, name === "schedule" && isLeased);
}

/** The minimum width of the whole table. */
export function tableWidth(widths) {
  return Math.round(widths.reduce((sum, px) => sum + (px ?? TARGET_PX), 0));
}

/**
 * Widths in px, check boxes first; `chosen` ones win. Null: the column takes the remaining width. Ids are cut
 * if then all columns fit into `roomPx`.
 */
export function columnWidths(ids, columns, leased, chosen = {}, roomPx = 0) {
  const idPx = Math.min(360, 36 + SIGN_PX * Math.max(8, longest(ids)));
  const own = columns.map((column) => WIDTHS[column.look](column, leased));
  const shortPx = roomPx - tableWidth([CHECK_PX, ...own]);
  const fitPx = shortPx < SHORT_ID_PX ? idPx : Math.min(idPx, shortPx);
  return [CHECK_PX, chosen.task || fitPx, ...columns.map(({ name }, at) => chosen[name] || own[at])];
}
