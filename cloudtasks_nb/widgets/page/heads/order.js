// The sort order of a table: column names, most important first; "-attempts" is descending. (pure)

const placeIn = (order, name) => order.findIndex((key) => key === name || key === `-${name}`);

/** The order after a press: ascending, descending, unsorted. `isBeside` (Shift) keeps the other columns. */
export function nextOrder(name, order, isBeside = false) {
  const at = placeIn(order, name);
  const next = at < 0 ? [name] : order[at] === name ? [`-${name}`] : [];
  return isBeside ? order.toSpliced(at < 0 ? order.length : at, 1, ...next) : next;
}

/** The place of a column in an order, from 1, and its direction; null if it is not part of it. */
export function sortedBy(name, order) {
  const at = placeIn(order, name);
  return at < 0 ? null : { place: at + 1, isDown: order[at] !== name, isAlone: order.length === 1 };
}
