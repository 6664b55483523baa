// All loaded rows, sent by the kernel in buffers. The saved traits hold only the first rows.

import { requestRows } from "../frame/unsaved.js";

const texts = new TextDecoder();

const bytes = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);
const copied = (view) => bytes(view).slice().buffer; // because numbers may begin at any offset
const lines = (view) => texts.decode(bytes(view)).split("\n");

/** The columns in the same form as the trait `table`. (pure) */
export function readColumns(columns, buffers) {
  const [ids, leased, ...rest] = buffers;
  const next = () => rest.shift();
  const read = (column) => {
    if (column.look === "number" || column.look === "time") {
      return { ...column, values: new Float64Array(copied(next())) };
    }
    const at = new Int32Array(copied(next()));
    return { ...column, at, different: column.different ?? lines(next()) };
  };
  const table = { ids: lines(ids), leased: new Int32Array(copied(leased)) };
  return { ...table, columns: columns.map(read) };
}

/** The rows whose bit is set, in the order `sorted`, or of the listing. (pure) */
export function matchingRows(bits, count, sorted) {
  const found = new Uint32Array(count);
  let held = 0;
  for (let place = 0; place < count; place++) {
    const row = sorted ? sorted[place] : place;
    if ((bits[row >> 3] >> (row & 7)) & 1) found[held++] = row;
  }
  return found.subarray(0, held);
}

export class LoadedRows {
  /** `changed` runs for other rows, `marked` for other selected rows, with a bit for each row. */
  constructor(frame, changed, marked) {
    Object.assign(this, { frame, rows: 0, turn: 0 });
    this.update = () => this.now && changed();
    this.mark = () => this.now && marked(this.now.ticked);
    frame.on("msg:custom", (message, buffers) => {
      if (message?.rows) this.#hear(message, buffers);
      if (message?.ticked) this.#hearTicks(message.ticked, bytes(buffers[0]));
    });
    requestRows(frame, ["place"], () => this.#lacking);
  }

  get #isNeeded() {
    return this.frame.get("place").matched > this.frame.get("table").ids.length;
  }

  #hearTicks(rows, bits) {
    this.ticks = { rows, bits };
    this.frame.afterPress(this.mark);
  }

  /** `held`, `order` and `ticked` if they belong to `place` and the traits hold fewer rows; else null. */
  get now() {
    const { rows, turn } = this.frame.get("place");
    const isThere = this.#isNeeded && rows === this.rows && turn === this.turn;
    const ticked = this.ticks?.rows === rows ? this.ticks.bits : null;
    return isThere ? { held: this.held, order: this.order, ticked } : null;
  }

  get #lacking() {
    const { rows, turn } = this.frame.get("place");
    return this.#isNeeded && !this.now ? `${rows} ${turn}` : "";
  }

  #hear({ rows, turn, columns, sorting, has_order: hasOrder }, [bits, ...buffers]) {
    if (!columns && rows !== this.rows) return; // about tasks that this page does not have
    const order = hasOrder ? buffers.shift() : null;
    if (columns) Object.assign(this, { rows, held: readColumns(columns, buffers), sorted: null });
    if (order) this.sorted = new Uint32Array(copied(order));
    else if (!sorting.length) this.sorted = null;
    this.turn = turn;
    this.order = matchingRows(bytes(bits), this.held.ids.length, this.sorted);
    this.frame.afterPress(this.update);
  }
}
