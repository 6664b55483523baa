// The rows of the explorer. The kernel sends columns, in which a repeated value is sent once. A trait has the
// first rows. Messages have all rows, or the columns that changed. `turn` says which parts belong together.

import { requestRows } from "../frame/unsaved.js";

const isoOf = (seconds) =>
  seconds === null ? "" : new Date(seconds * 1000).toISOString().replace(".000", "");

/** Columns as rows. (pure) */
export function unpack({ count, columns }, project) {
  const held = Object.entries(columns).map(([name, { of, at }]) => [name, at ? at.map((n) => of[n]) : of]);
  return Array.from({ length: count }, (_, n) => {
    const row = Object.fromEntries(held.map(([name, values]) => [name, values[n % values.length]]));
    const name = `projects/${project}/locations/${row.location}/queues/${row.id}`;
    return { name, ...row, oldest: isoOf(row.oldest) };
  });
}

/** Whether the n-th of the hexadecimal digits, from the end, has the bit of row `n`. (pure) */
export function isTicked(bits, n) {
  return Boolean((Number.parseInt(bits.at(-1 - (n >> 2)) ?? "0", 16) >> (n & 3)) & 1);
}

export class QueueRows {
  /** `changed` runs if rows arrive later than the traits that refer to them. */
  constructor(frame, changed) {
    Object.assign(this, { frame, sent: { turn: 0 }, names: [] });
    frame.on("msg:custom", (message) => message?.queues && this.#hear(message.queues, changed));
    requestRows(frame, ["rows"], () => (this.#isWhole ? "" : `${this.frame.get("rows").turn}`));
  }

  /** All rows, as of the last message; the first rows until one arrives. */
  get all() {
    const { held } = this;
    if (held !== this.unpacked) {
      this.unpacked = held;
      this.rows = unpack(held, this.frame.get("place").project);
    }
    return this.rows;
  }

  /** The names of the ticked queues; of those ticked before, until all rows arrive. */
  get ticked() {
    const ticks = this.frame.get("ticked");
    if (this.#isWhole && ticks.turn === this.held.turn && ticks !== this.ticks) {
      this.ticks = ticks;
      this.names = this.all.filter((_, n) => isTicked(ticks.bits, n)).map(({ name }) => name);
    }
    return this.names;
  }

  get held() {
    const first = this.frame.get("rows");
    return first.count < first.listed && this.sent.turn ? this.sent : first;
  }

  get #isWhole() {
    const { count, listed, turn } = this.frame.get("rows");
    return count === listed || this.sent.turn === turn;
  }

  #hear({ turn, since, count, columns }, changed) {
    if (since && since !== this.sent.turn) return; // changes of rows that this page does not have
    this.sent = { turn, count, columns: since ? { ...this.sent.columns, ...columns } : columns };
    if (this.frame.get("rows").turn === turn) this.frame.afterPress(changed);
  }
}
