// Column filters of the queue table: each head counts the queues that pass the other filters. (pure)
// The page holds all queues, so it filters them itself. State and location are chosen above the table, and
// their counts follow these heads.

import { spreadOf } from "../heads/spread.js";

const SHOWN = 3;
const seconds = (iso) => (iso ? Date.parse(iso) / 1000 : null);

/** The value by which each column filters. */
export const FIELDS = {
  Kind: { look: "values", of: (row) => row.kind },
  "Tasks (est.)": { look: "number", of: (row) => row.depth },
  "Oldest due (est.)": { look: "time", of: (row) => seconds(row.oldest) },
  "Rate/s": { look: "number", of: (row) => row.rate },
  Failing: { look: "number", of: (row) => row.failed },
};
const MODES = ["", "only", "without"];
const isThere = (value) => value !== null && value !== undefined;
const countOf = (rows, test) => rows.filter(test).length;

export class Crossed {
  constructor() {
    this.chosen = new Map(); // by column: the modes of values, or [low, high]
  }

  /** Cycle a value: only queues with it, only queues without it, no filter. */
  toggle(column, value) {
    const modes = this.chosen.get(column) ?? new Map();
    const next = MODES[(MODES.indexOf(modes.get(value) ?? "") + 1) % MODES.length];
    if (next) modes.set(value, next);
    else modes.delete(value);
    if (modes.size) this.chosen.set(column, modes);
    else this.chosen.delete(column);
  }

  /** Filter to `low` <= value < `high`; null removes the filter. */
  between(column, low, high) {
    if (low === null) this.chosen.delete(column);
    else this.chosen.set(column, [low, high]);
  }

  passes(row, except = "") {
    return [...this.chosen].every(([column, wanted]) => column === except || this.#fits(row, column, wanted));
  }

  #fits(row, column, wanted) {
    const value = FIELDS[column].of(row);
    if (Array.isArray(wanted)) return isThere(value) && value >= wanted[0] && value < wanted[1];
    const isOnly = [...wanted.values()].includes("only");
    return isOnly ? wanted.get(value) === "only" : wanted.get(value) !== "without";
  }

  /** The head of a column for `headContent`; null if no row has a value. */
  head(column, rows) {
    const { look, of } = FIELDS[column];
    const others = rows.filter((row) => this.passes(row, column));
    const named = { column, field: column, label: column.toLowerCase(), noun: "queue", look };
    const make = look === "values" ? this.#values : this.#bars;
    const made = make.call(this, column, rows, others, of, look);
    return made && { ...named, ...made };
  }

  #values(column, rows, others, of) {
    const counts = new Map();
    for (const row of rows) counts.set(of(row), (counts.get(of(row)) ?? 0) + 1);
    const all = [...counts].sort((a, b) => b[1] - a[1]);
    if (!all.length) return null;
    const shown = all.length > SHOWN + 1 ? all.slice(0, SHOWN) : all;
    const modes = this.chosen.get(column);
    const values = shown.map(([value, count]) => ({
      value,
      label: value,
      all: count,
      count: countOf(others, (row) => of(row) === value),
      mode: modes?.get(value) ?? "",
    }));
    const isOther = (row) => !shown.some(([value]) => value === of(row));
    return { values, others: [countOf(rows, isOther), countOf(others, isOther)] };
  }

  #bars(column, rows, others, of, look) {
    const known = rows.map(of).filter(isThere);
    const spread = spreadOf(known, look);
    if (!spread) return null;
    const { numbers, edges } = spread;
    const inside = (at) => (row) => isThere(of(row)) && of(row) >= numbers[at] && of(row) < numbers[at + 1];
    const bars = numbers.slice(0, -1).map((_, at) => inside(at));
    const wanted = this.chosen.get(column);
    const on = wanted ? bars.map((_, at) => numbers[at] >= wanted[0] && numbers[at + 1] <= wanted[1]) : [];
    const counted = (some) => bars.map((bar) => countOf(some, bar));
    const shown = { edges, numbers, most: known.reduce((most, one) => Math.max(most, one)) };
    return { ...shown, all: counted(rows), counts: counted(others), on };
  }
}
