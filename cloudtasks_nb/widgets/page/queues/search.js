// Searches queues by location, state and text, within the page and without requests.

import { h } from "../frame/dom.js";
import { number } from "../frame/words.js";

const STATES = ["RUNNING", "PAUSED", "DISABLED"];

/** The number of rows for each value of a column. */
export function countBy(rows, column) {
  const found = new Map();
  for (const row of rows) found.set(row[column], (found.get(row[column]) ?? 0) + 1);
  return found;
}

/** Whether a row is in the location ("" for all), and its "location/id" contains the text. */
export function isIn({ location, id }, wantedLocation, text) {
  if (wantedLocation && location !== wantedLocation) return false;
  return `${location}/${id}`.toLowerCase().includes(text.trim().toLowerCase());
}

// Toggle buttons, each with its number of rows.
function pills(label, options, isPressed, press) {
  const pill = ({ value, words, count }) => {
    const attributes = {
      type: "button",
      class: "ct-pill",
      "data-key": `${label} ${value}`,
      "aria-pressed": String(isPressed(value)),
      onclick: () => press(value),
    };
    return h("button", attributes, words, h("span.ct-of", number(count)));
  };
  return h("div.ct-pills", { role: "group", "aria-label": label }, options.map(pill));
}

export class Search {
  /** `passes`: whether a row passes the filters of the column heads. */
  constructor(frame, changed, passes) {
    Object.assign(this, { frame, changed, passes, location: "", states: new Set() });
    const names = { placeholder: "Find a queue", "aria-label": "Find a queue by name" };
    this.text = h("input", { type: "search", class: "ct-input", ...names });
    this.text.addEventListener("input", changed);
    this.places = h("div");
    this.pills = h("div");
    this.filters = h("div.ct-filters", this.text, this.pills);
  }

  finds(row, { location = this.location, states = this.states } = {}) {
    return isIn(row, location, this.text.value) && (states.size === 0 || states.has(row.state));
  }

  // Counts of a column's values among the rows that pass all filters, except those in `besides`.
  #counts(rows, column, besides) {
    return countBy(
      rows.filter((row) => this.finds(row, besides) && this.passes(row)),
      column,
    );
  }

  #pick(location) {
    this.location = location;
    this.changed();
  }

  #toggle(state) {
    if (!this.states.delete(state)) this.states.add(state);
    this.changed();
  }

  fill() {
    const rows = this.frame.rows();
    this.frame.redraw(() => {
      this.places.replaceChildren(this.#locations(rows));
      const pills = this.#stateFilter(rows);
      this.pills.replaceWith(pills); // the text input stays in the page and keeps the focus
      this.pills = pills;
    });
  }

  #locations(rows) {
    const counts = this.#counts(rows, "location", { location: "" });
    const places = [...new Set(rows.map(({ location }) => location))].sort();
    const count = [...counts.values()].reduce((sum, one) => sum + one, 0);
    const options = [
      { value: "", words: "all locations", count },
      ...places.map((value) => ({ value, words: value, count: counts.get(value) ?? 0 })),
    ];
    const isPicked = (value) => value === this.location;
    return pills("Location", options, isPicked, (value) => this.#pick(value));
  }

  #stateFilter(rows) {
    const counts = this.#counts(rows, "state", { states: new Set() });
    const options = STATES.map((value) => ({
      value,
      words: value.toLowerCase(),
      count: counts.get(value) ?? 0,
    }));
    const isOn = (value) => this.states.has(value);
    return pills("State", options, isOn, (value) => this.#toggle(value));
  }
}
