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
  constructor(frame, changed) {
    Object.assign(this, { frame, changed, location: "", states: new Set() });
    const names = { placeholder: "Find a queue", "aria-label": "Find a queue by name" };
    this.text = h("input", { type: "search", class: "ct-input", ...names });
    this.text.addEventListener("input", changed);
    this.places = h("div");
    this.pills = h("div");
    this.filters = h("div.ct-filters", this.text, this.pills);
  }

  #isIn(row) {
    return isIn(row, this.location, this.text.value);
  }

  finds(row) {
    return this.#isIn(row) && (this.states.size === 0 || this.states.has(row.state));
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
    const places = [...countBy(rows, "location")].sort(([a], [b]) => (a < b ? -1 : 1));
    const all = { value: "", words: "all locations", count: rows.length };
    const options = [all, ...places.map(([value, count]) => ({ value, words: value, count }))];
    const isPicked = (value) => value === this.location;
    return pills("Location", options, isPicked, (value) => this.#pick(value));
  }

  #stateFilter(rows) {
    const counts = countBy(
      rows.filter((row) => this.#isIn(row)),
      "state",
    );
    const options = STATES.map((value) => ({
      value,
      words: value.toLowerCase(),
      count: counts.get(value) ?? 0,
    }));
    const isOn = (value) => this.states.has(value);
    return pills("State", options, isOn, (value) => this.#toggle(value));
  }
}
