// The table of a project's queues: filtered, sorted, ticked.

import { cells, nameButton, orDash, when } from "../frame/cells.js";
import { h, pushButton } from "../frame/dom.js";
import { UNREAD } from "../frame/frame.js";
import { Rows } from "../frame/rows.js";
import { failingWords, number, plural } from "../frame/words.js";
import { nextOrder } from "../heads/order.js";
import { FAILING } from "./opened.js";
import { columnsFor, direction, isNumber, sorted } from "./sorting.js";

const SHOWN = 100;
const MORE = 1000;
const LATE_MS = 120_000;

function nothingWords(rows, { updated }) {
  if (rows.length) return "No queue matches.";
  return updated ? "No queues." : UNREAD;
}

// The number of failures as a button that opens the failing tasks; a dash if it is unknown.
function failingCell({ failed, attempts, mostly, of, name, id }, open) {
  if (failed === null) return "–";
  if (!failed) return number(0);
  const words = failingWords(failed, attempts, of);
  const title = `${words}, mostly with ${mostly}`;
  const names = { title, "aria-label": `${id}: ${words}`, "data-key": `failing ${name}` };
  const sample = of.includes("sample") ? " (sample)" : "";
  const text = [number(failed), h("span.ct-of", ` of ${number(attempts)}${sample}`)];
  return pushButton(text, open, { kind: "ct-link ct-failing", ...names });
}

/** Whether a queue needs attention: it fails, is late, or holds tasks and does not run. (pure) */
export function isInTrouble({ failed, state, depth, oldest }, now = Date.now()) {
  const isHeld = state !== "RUNNING" && depth !== 0;
  const isLate = Boolean(oldest) && now - Date.parse(oldest) > LATE_MS;
  return failed > 0 || isHeld || isLate;
}

export class QueueTable {
  constructor(frame, isWanted, open) {
    Object.assign(this, { frame, isWanted, open, order: [], limit: SHOWN, found: [] });
    this.estimates = frame.get("place").estimates;
    this.all = h("input", { type: "checkbox", "aria-label": "Choose all queues shown" });
    this.all.addEventListener("change", () =>
      this.#choose(
        this.found.map((row) => row.name),
        this.all.checked,
      ),
    );
    this.#build();
  }

  #build() {
    const columns = columnsFor(this.estimates);
    this.names = columns.map(([name]) => name);
    this.heads = columns.map(([name, words]) => this.#head(name, words));
    this.under = h("tr.ct-under", { hidden: true });
    this.body = h("tbody");
    this.rows = new Rows(this.body, (row) => this.#row(row));
    this.caption = h("caption");
    this.empty = h("p.ct-muted.ct-none");
    const showMore = () => {
      this.limit += MORE;
      this.fill();
    };
    this.more = pushButton("", showMore, { kind: "ct-small" });
    const pick = h("th", { scope: "col", class: "ct-pick" }, this.all);
    const why = h("th", { scope: "col", "aria-label": "why" });
    const head = h("thead", h("tr", pick, this.heads, why), this.under);
    this.table = h("table.ct-data.ct-queues", this.caption, head, this.body);
    const names = { class: "ct-listing", tabindex: "0", role: "group", "aria-label": "Queues" };
    this.node = h("div", names, this.table, this.empty, this.more);
  }

  #head(name, words) {
    const sort = ({ shiftKey }) => {
      this.order = nextOrder(name, this.order, shiftKey);
      this.fill();
    };
    const button = h("button", { type: "button", class: "ct-order", onclick: sort }, words);
    const classes = isNumber(name) ? "ct-figure" : null;
    return h("th", { scope: "col", class: classes, "data-column": name }, button);
  }

  #choose(names, on) {
    this.frame.tell("choose", { names, on });
  }

  fill() {
    const rows = this.frame.rows();
    this.found = sorted(rows.filter(this.isWanted), this.order);
    for (const head of this.heads) head.setAttribute("aria-sort", direction(this.order, head.dataset.column));
    const { length } = this.found;
    const left = length - this.limit;
    this.caption.textContent = `${plural(length, "queue")} shown`;
    this.more.textContent = `Show more (${number(left)} left)`;
    this.more.hidden = left <= 0;
    this.table.hidden = length === 0;
    this.empty.hidden = length > 0;
    this.empty.textContent = nothingWords(rows, this.frame.get("place"));
    const shown = this.found.slice(0, this.limit).map((row) => ({ ...row, asks: isInTrouble(row) }));
    this.frame.redraw(() => this.rows.fill(shown, ({ name }) => name));
    this.mark();
  }

  #row(row) {
    const label = `Choose queue ${row.id} in ${row.location}`;
    const check = h("input", { type: "checkbox", "aria-label": label, "data-key": `tick ${row.name}` });
    check.addEventListener("change", () => this.#choose([row.name], check.checked));
    const name = nameButton(row.id, () => this.open(row), { key: row.name });
    const figure = (value) => h("td.ct-figure", orDash(value, number));
    return h(
      "tr",
      { "data-name": row.name },
      h("td.ct-pick", h("label", check)),
      h("th", { scope: "row" }, name),
      h("td", cells(row.badge)),
      figure(row.depth),
      this.estimates ? h("td", when(row.oldest)) : null,
      h("td", row.location),
      h("td", row.kind),
      figure(row.rate),
      h(
        "td.ct-figure",
        failingCell(row, () => this.#showFailing(row)),
      ),
      h("td", row.asks ? this.#why(row) : null),
    );
  }

  #showFailing({ name }) {
    this.frame.send("open_queue", { name, query: FAILING });
  }

  #why(row) {
    const ask = () => this.frame.send("why_queue", { name: row.name });
    const title = `Explain what is wrong with ${row.id}`;
    const why = this.frame.button("Why?", ask, { kind: "ct-small", title });
    why.dataset.key = `why ${row.name}`;
    return why;
  }

  /** Mark the ticked rows and the open row, without building them again. */
  mark() {
    const ticked = new Set(this.frame.ticked());
    const opened = this.frame.get("opening").name;
    for (const row of this.body.rows) {
      const isTicked = ticked.has(row.dataset.name);
      row.querySelector("input").checked = isTicked;
      row.classList.toggle("ct-chosen-row", isTicked);
      if (row.dataset.name === opened) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    const count = this.found.filter((row) => ticked.has(row.name)).length;
    this.all.checked = count > 0 && count === this.found.length;
    this.all.indeterminate = count > 0 && !this.all.checked;
  }
}
