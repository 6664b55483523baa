// By which columns a table is sorted, the first one first; a minus is descending: "-attempts". (pure)

const placeIn = (order, name) => order.findIndex((key) => key === name || key === `-${name}`);

/** How the next press sorts: ascending, then descending, then not at all; with Shift beside other columns. */
export function nextOrder(name, order, isBeside = false) {
  const at = placeIn(order, name);
  const next = at < 0 ? [name] : order[at] === name ? [`-${name}`] : [];
  return isBeside ? order.toSpliced(at < 0 ? order.length : at, 1, ...next) : next;
}

/** Which place a column has in an order, from 1, and which way it sorts; null for one that does not. */
export function sortedBy(name, order) {
  const at = placeIn(order, name);
  return at < 0 ? null : { place: at + 1, isDown: order[at] !== name, isAlone: order.length === 1 };
}
