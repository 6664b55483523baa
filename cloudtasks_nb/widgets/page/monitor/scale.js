// The scale of a line chart, and its runs of points without gaps. (pure)

const OWN_GAP = 4; // index of a point's own longest gap in seconds: metrics have one point per minute

/** The smallest of 1, 2, 5, 10, 20 … that is at least `value`. */
export function roundUp(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * size).find((step) => step >= value * (1 - 1e-9));
}

/** Two to four steps from zero to above the greatest value. */
export function scale(greatest, whole) {
  const step = Math.max(roundUp((greatest || 1) / 3), whole ? 1 : 0);
  const steps = Math.max(1, Math.ceil((greatest || 1) / step - 1e-9));
  return { top: steps * step, ticks: Array.from({ length: steps + 1 }, (_, at) => at * step) };
}

/** Runs of points `[time_ms, ...values]` with a value. A gap over `gapS`, or the point's own, ends a run. */
export function stretches(points, column, gapS) {
  const found = [];
  let before = null;
  for (const point of points) {
    if (point[column] === null) continue;
    const gap = Math.max(gapS, point[OWN_GAP] ?? 0);
    if (before === null || point[0] - before > gap * 1000) found.push([]);
    found.at(-1).push(point);
    before = point[0];
  }
  return found;
}

/** The point nearest in time. */
export function nearest(points, time) {
  const apart = (point) => Math.abs(point[0] - time);
  return points.reduce((best, point) => (apart(point) < apart(best) ? point : best));
}
