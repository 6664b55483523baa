// Words for the tasks that an action is about. (pure)

import { number, plural } from "../frame/words.js";

export const matches = (count) => (count === 1 ? "matches" : "match");

const isWhole = ({ scope, number: page, more }) => scope === "all" || (page === 1 && !more);

/** "this page", "all 120 tasks", "the only task", "the first 5,000 tasks". */
export function scopeWords(place) {
  const { scope, count, updated } = place;
  if (!updated) return "this page";
  if (scope === "part") return `the first ${plural(count, "task")}`;
  if (!isWhole(place)) return "this page";
  if (count < 2) return count ? "the only task" : "no tasks";
  return `all ${number(count)} tasks`;
}

/** The position in the listing: "page 2 of many", or as above. */
export function placeWords(place) {
  if (place.scope !== "page" || isWhole(place)) return scopeWords(place);
  return `page ${place.number} of ${place.more ? "many" : place.number}`;
}

/** Whether the rows match the filter in the box. */
export const agrees = (typed, { query }) => typed.trim() === query.trim();

const within = (scope) => (scope === "this page" ? "on this page" : `of ${scope}`);

/** Words for the tasks that match, with their filter. */
export function foundWords(count, place) {
  if (!place.query.trim()) return `${matchingWords(place, count)}, without a filter`;
  return `${plural(count, "task")} that ${matches(count)} “${place.query}” (${within(scopeWords(place))})`;
}

/** Words for the selected tasks, and how many of them the filter hides. */
export function selectedWords(count, hidden, { query }) {
  const words = plural(count, "selected task");
  return hidden
    ? `${words}, of which ${number(hidden)} ${hidden === 1 ? "does" : "do"} not match “${query}”`
    : words;
}

/** Words for all tasks that match. */
export function matchingWords(place, matching) {
  const scope = scopeWords(place);
  const which = matching === 1 ? "the" : "all";
  if (place.query) return `${which} ${number(matching)} that ${matches(matching)} (${within(scope)})`;
  return scope === "this page" ? `${which} ${number(matching)} on this page` : scope;
}
