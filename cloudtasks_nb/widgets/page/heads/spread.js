// Computes the edges of bars for numbers and times that the page holds. (pure)

const BARS = 14;
const STEPS_S = [60, 300, 900, 3600, 10800, 43200, 86400, 604800, 2592000, 31536000];

/** The smallest round bar width that spans a number with at most BARS bars. */
export function roundNumber(span) {
  const step = 10 ** Math.floor(Math.log10(Math.max(1, span / BARS)));
  return [1, 2, 5, 10, 20].map((base) => base * step).find((width) => span / width < BARS - 1);
}

const roundSeconds = (span) => STEPS_S.find((width) => span / width < BARS - 1) ?? Math.ceil(span / 12);
const instant = (second) => `${new Date(second * 1000).toISOString().slice(0, 16)}Z`;

/** The edges as numbers and as texts; times in seconds. Null if there are no values. */
export function spreadOf(values, look) {
  if (!values.length) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = (look === "time" ? roundSeconds : roundNumber)(high - low);
  const first = Math.floor(low / step);
  const count = Math.floor(high / step) - first + 1;
  const edges = Array.from({ length: count + 1 }, (_, at) => (first + at) * step);
  return { numbers: edges, edges: edges.map(look === "time" ? instant : String) };
}
