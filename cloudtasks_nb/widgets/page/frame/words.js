// Numbers, times and durations in words, the same as in Python's cards. tests/words.json checks both.

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;
const UNITS = [
  ["d", DAY_S],
  ["h", HOUR_S],
  ["min", MINUTE_S],
  ["s", 1],
];
const TYPED_UNITS = {
  "": 1,
  ms: 0.001,
  s: 1,
  sec: 1,
  m: MINUTE_S,
  min: MINUTE_S,
  h: HOUR_S,
  d: DAY_S,
  w: 7 * DAY_S,
};
const TYPED_PART = /(\d+(?:\.\d+)?|\.\d+)\s*(ms|sec|s|min|m|h|d|w|)(?![a-z])\s*/gi;

/** A number with separators: 12345 is "12,345". */
export function number(value) {
  return value.toLocaleString("en");
}

/** A number of things: "1 task", "12,345 tasks". */
export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** Words for failures: "12 of 40 attempts in the last hour failed". */
export function failingWords(failed, total, of) {
  return `${number(failed)} of ${number(total)} ${of} failed`;
}

/** The first three of many names, for a confirmation. */
export function among(names) {
  const some = names.slice(0, 3).join(", ");
  return names.length > 3 ? `Among them: ${some}.` : `${names.length > 1 ? "These" : "This one"}: ${some}.`;
}

/** The unit for a time. Below two of a unit, the smaller unit is more precise: "100 min", not "2 h". */
export function unitOf(seconds) {
  const found = UNITS.find(([, size], place) => {
    const smaller = UNITS[place + 1]?.[1] ?? 0;
    return seconds >= 2 * size - smaller / 2; // from here on, it rounds to two of this unit
  });
  return found ?? UNITS.at(-1);
}

/** An instant as seen from `now` (both in ms), in one unit: "in 3 min", "2 h ago", "now". */
export function relative(instant, now) {
  const ahead = (instant - now) / 1000;
  const apart = Math.abs(ahead);
  if (apart < 1) return "now";
  const [unit, size] = unitOf(apart);
  const count = number(Math.round(apart / size));
  return ahead > 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

/** A duration of whole seconds in its two largest units: "42 s", "1 min 42 s", "1 h 5 min". */
export function duration(seconds) {
  const largest = UNITS.findIndex(([, size]) => seconds >= size);
  if (largest < 0) return "0 s";
  let left = seconds;
  const parts = UNITS.slice(largest, largest + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count ? `${number(count)} ${unit}` : "";
  });
  return parts.filter(Boolean).join(" ");
}

/** A typed duration in seconds: "90", "30 sec", "1h 30m", "2 d". NaN for everything else. */
export function secondsOf(text) {
  const parts = [...text.matchAll(TYPED_PART)];
  const bare = parts.some(([, , unit]) => unit === "");
  const isOther = parts.length === 0 || text.replace(TYPED_PART, "").trim() !== "";
  if (isOther || (bare && parts.length > 1)) return Number.NaN;
  const total = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * TYPED_UNITS[unit.toLowerCase()],
    0,
  );
  return Number.isFinite(total) ? total : Number.NaN;
}
