// The look and the width of each kind of column.

import { cells, cut, when } from "../frame/cells.js";
import { h } from "../frame/dom.js";
import { number } from "../frame/words.js";

const SIGN_PX = 7.3;
const STATUS_SIGN_PX = 8.9; // capitals of a wide font
const CHECK_PX = 34;
const SHORT_ID_PX = 140; // a longer id may lose its middle
const TARGET_SPARE_PX = 90; // a target may lose its middle, too
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
    between(100, 40 + STATUS_SIGN_PX * longest(different.map(([cell]) => cell.text)), 320),
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

// If all columns then fit into the room, first targets and then ids get less than they need.
function shared(widths, roomPx) {
  const overPx = tableWidth(widths) - roomPx;
  const targetPx = widths.includes(null) ? Math.min(overPx, TARGET_SPARE_PX) : 0;
  const idPx = overPx - targetPx;
  if (overPx <= 0 || (idPx && idPx > widths[1] - SHORT_ID_PX)) return widths;
  return widths.map((px, at) => (at === 1 ? px - idPx : (px ?? TARGET_PX - targetPx)));
}

/** Widths in px, check boxes first; `chosen` ones win. Null: the column takes the remaining width. */
export function columnWidths(ids, columns, leased, chosen = {}, roomPx = 0) {
  const idPx = between(94, 36 + SIGN_PX * longest(ids), 360);
  const own = columns.map((column) => WIDTHS[column.look](column, leased));
  const [, task, ...others] = shared([CHECK_PX, idPx, ...own], roomPx);
  return [CHECK_PX, chosen.task || task, ...columns.map(({ name }, at) => chosen[name] || others[at])];
}
