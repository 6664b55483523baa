// Which tasks are meant, in words. (pure)

import { number, plural } from "../frame/words.js";

const isWhole = ({ scope, number: page, more }) => scope === "all" || (page === 1 && !more);

/** "this page", "all 120 tasks", "the first 5,000 tasks". */
export function scopeWords(place) {
  const { scope, count, updated } = place;
  if (!updated) return "this page";
  if (scope === "part") return `the first ${plural(count, "task")}`;
  if (!isWhole(place)) return "this page";
  return count === 0 ? "no tasks" : `all ${plural(count, "task")}`;
}

/** Where in the listing the browser is: "page 2 of many", or as above. */
export function placeWords(place) {
  if (place.scope !== "page" || isWhole(place)) return scopeWords(place);
  return `page ${place.number} of ${place.more ? "many" : place.number}`;
}

/** Whether the rows are those of the filter that stands in the box. */
export const agrees = (typed, { query }) => typed.trim() === query.trim();

/** The tasks that match, and by which filter. */
export function foundWords(count, place) {
  if (!place.query.trim()) return `${matchingWords(place, count)}, without a filter`;
  return `${plural(count, "task")} that match “${place.query}”, of ${scopeWords(place)}`;
}

/** The tasks that are selected, and how many of them the filter hides. */
export function selectedWords(count, hidden, { query }) {
  const words = plural(count, "selected task");
  return hidden ? `${words}, of which ${number(hidden)} do not match “${query}”` : words;
}

/** The tasks that a verb acts on when it acts on all that match. */
export function matchingWords(place, matching) {
  const scope = scopeWords(place);
  if (place.query) return `all ${number(matching)} that match, of ${scope}`;
  return scope.startsWith("all") || scope === "no tasks" ? scope : `all ${number(matching)} of ${scope}`;
}
