// The columns of the queues, and the order that each one sorts into. (pure)

/** What a column is sorted by: numbers begin with the greatest. */
const KEYS = {
  Queue: (row) => row.id,
  State: (row) => row.state,
  "Tasks (est.)": (row) => -(row.depth ?? -1),
  "Oldest (est.)": (row) => row.oldest || "~",
  Location: (row) => row.location,
  Kind: (row) => row.kind,
  "Rate/s": (row) => -(row.rate ?? -1),
  Failing: (row) => -(row.failed ?? -1),
};
const NUMBERS = ["Tasks (est.)", "Rate/s", "Failing"];
// Where the service estimates nothing, tasks are counted on request, and nobody knows the oldest.
const COUNTED = { "Tasks (est.)": "Tasks (counted)", "Oldest (est.)": null };

export const isNumber = (name) => NUMBERS.includes(name);

/** Columns by name, with the words in their heads. */
export function columnsFor(hasEstimates) {
  const columns = Object.keys(KEYS).map((name) => [name, hasEstimates ? name : (COUNTED[name] ?? name)]);
  return columns.filter(([name]) => hasEstimates || COUNTED[name] !== null);
}

/** A press on a head: sorted, then the other way, then as listed. */
export function nextSort(sort, name) {
  if (sort?.name !== name) return { name, isReversed: false };
  return sort.isReversed ? null : { name, isReversed: true };
}

export function sorted(rows, sort) {
  if (!sort) return rows;
  const key = KEYS[sort.name];
  const way = sort.isReversed ? -1 : 1;
  return [...rows].sort((a, b) => {
    if (key(a) === key(b)) return 0;
    return key(a) > key(b) ? way : -way;
  });
}

/** The aria-sort of a column. */
export function direction(sort, name) {
  if (sort?.name !== name) return "none";
  return isNumber(name) === sort.isReversed ? "ascending" : "descending";
}
