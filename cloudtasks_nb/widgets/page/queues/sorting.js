// The columns of the queue table, and how each one sorts. (pure)

import { sortedBy } from "../heads/order.js";

/** The sort key of each column: numbers begin with the greatest. */
const KEYS = {
  Queue: (row) => row.id,
  State: (row) => row.state,
  "Tasks (est.)": (row) => -(row.depth ?? -1),
  "Oldest due (est.)": (row) => row.oldest || "~",
  Location: (row) => row.location,
  Kind: (row) => row.kind,
  "Rate/s": (row) => -(row.rate ?? -1),
  Failing: (row) => -(row.failed ?? -1),
};
const NUMBERS = ["Tasks (est.)", "Rate/s", "Failing"];
// Without estimates, tasks are counted on request, and the oldest task is unknown.
const COUNTED = { "Tasks (est.)": "Tasks (counted)", "Oldest due (est.)": null };

export const isNumber = (name) => NUMBERS.includes(name);

/** Pairs of column name and head text. */
export function columnsFor(hasEstimates) {
  const columns = Object.keys(KEYS).map((name) => [name, hasEstimates ? name : (COUNTED[name] ?? name)]);
  return columns.filter(([name]) => hasEstimates || COUNTED[name] !== null);
}

function compare(a, b, name, way) {
  const [one, other] = [KEYS[name](a), KEYS[name](b)];
  if (one === other) return 0;
  return one > other ? way : -way;
}

/** Rows sorted by columns, most important first; "-State" reverses one. */
export function sorted(rows, order) {
  if (!order.length) return rows;
  const keys = order.map((key) => [key.replace(/^-/, ""), key.startsWith("-") ? -1 : 1]);
  return [...rows].sort((a, b) => {
    for (const [name, way] of keys) {
      const found = compare(a, b, name, way);
      if (found) return found;
    }
    return 0;
  });
}

/** The aria-sort of a column; only the first one of the order has one. */
export function direction(order, name) {
  const by = sortedBy(name, order);
  if (by?.place !== 1) return "none";
  return isNumber(name) === by.isDown ? "ascending" : "descending";
}
