// The table of tasks. The page holds only the rows in view, however many are loaded.

import { nameButton } from "../frame/cells.js";
import { focus, h } from "../frame/dom.js";
import { UNREAD } from "../frame/frame.js";
import { plural } from "../frame/words.js";
import { cellOf, columnWidths, TARGET_PX, tableWidth } from "./columns.js";
import { columnHead } from "./heads.js";
import { matches, scopeWords } from "./scope.js";
import { ROW_PX, rowOf, rowsInView, scrollTo } from "./window.js";

const CONTROLS = ["input", "button"];

const spacer = () => h("tr.ct-spacer", { "aria-hidden": "true" }, h("td"));
const px = (width) => `${Math.round(width)}px`;

function nothingWords({ updated, count }) {
  if (!updated) return UNREAD;
  return count === 0 ? "No tasks here." : "No task matches.";
}

function selectAllWords({ query, scope }, shown) {
  if (query) return `Select the ${plural(shown, "task")} that ${matches(shown)}`;
  return scope === "page" ? "Select all tasks on this page" : "Select all loaded tasks";
}

export class TaskTable {
  constructor(frame, open) {
    this.frame = frame;
    this.open = open;
    this.rows = new Map(); // by index in the order
    this.order = [];
    this.current = 0; // the index of the row that Tab reaches
    this.chosen = new Map(); // widths that the kernel did not store yet
    this.#build();
    this.#followView();
    this.node.addEventListener("keydown", (event) => this.#key(event));
    this.all.addEventListener("change", () => frame.tell("select_matching", { on: this.all.checked }));
  }

  #build() {
    this.all = h("input", { type: "checkbox" });
    this.caption = h("caption");
    this.columns = h("colgroup");
    this.head = h("tr", { "aria-rowindex": "1" });
    this.under = h("tr.ct-under", { "aria-rowindex": "2", hidden: true });
    this.body = h("tbody");
    this.above = spacer();
    this.below = spacer();
    const parts = [this.caption, this.columns, h("thead", this.head, this.under), this.body];
    this.table = h("table.ct-data.ct-tasks", parts);
    this.node = h("div.ct-scroll", { tabindex: "-1", "data-roving": true }, this.table);
  }

  // Draw again when the view scrolls or changes its size.
  #followView() {
    let isPlanned = false;
    this.node.addEventListener("scroll", () => {
      if (isPlanned) return;
      isPlanned = true;
      requestAnimationFrame(() => {
        isPlanned = false;
        this.draw();
      });
    });
    const watcher = new ResizeObserver(() => {
      if (this.held) this.#widen();
      this.draw();
    });
    watcher.observe(this.node);
    this.frame.undo.push(() => watcher.disconnect());
  }

  id(place) {
    return this.held.ids[this.order[place]];
  }

  #placeOf(id) {
    return this.order.findIndex((row) => this.held.ids[row] === id);
  }

  /** Show other tasks, order or columns. The focus stays on its task if the task is still shown. */
  fill() {
    const currentId = this.rows.get(this.current)?.dataset.id;
    const held = this.frame.get("table"); // the first rows
    Object.assign(this, this.loaded?.() ?? { held, order: held.ids.map((_, at) => at), ticked: null });
    this.leased = new Set(this.held.leased);
    const at = this.frame.get("place");
    const shown = this.order.length;
    this.#heads(at);
    this.#markAll();
    this.caption.textContent = `Tasks of ${at.location}/${at.id}: ${scopeWords(at)}, ${shown} shown`;
    this.table.setAttribute("aria-rowcount", String(at.matched + 2));
    const again = currentId ? this.#placeOf(currentId) : -1;
    this.current = again >= 0 ? again : Math.min(this.current, Math.max(0, shown - 1));
    this.frame.redraw(() => {
      this.rows.clear();
      this.#space(0, shown); // as high as all rows, so that the scroll position is kept
      this.body.replaceChildren(...(shown ? [this.above, this.below] : [this.#empty(at)]));
      this.draw();
    });
  }

  #empty(at) {
    const across = { class: "ct-nothing", colspan: this.columns.children.length };
    return h("tr", h("td", across, nothingWords(at)));
  }

  /** Draw the rows in view, and a few around them. */
  draw() {
    if (!this.held || !this.order.length) return this.mark();
    const { first, last } = rowsInView(this.node.scrollTop, this.node.clientHeight, this.order.length);
    this.#drop(first, last);
    let before = this.above;
    for (let place = first; place < last; place++) {
      const row = this.rows.get(place) ?? this.#add(place, before);
      before = row;
    }
    this.#space(first, this.order.length - last);
    this.mark();
  }

  /** Set the heights of the spacers: the number of rows left out above and below. */
  #space(above, below) {
    this.above.firstChild.style.height = px(above * ROW_PX);
    this.below.firstChild.style.height = px(below * ROW_PX);
  }

  #drop(first, last) {
    for (const [place, row] of this.rows) {
      if (place >= first && place < last) continue;
      if (row.contains(this.frame.keeper.focused)) focus(this.node); // arrow keys continue from here
      row.remove();
      this.rows.delete(place);
    }
  }

  #add(place, before) {
    const row = this.#row(place);
    this.rows.set(place, row);
    before.after(row);
    return row;
  }

  /** Mark selected rows, the open row and the row that Tab reaches, without building rows again. */
  mark() {
    const opened = this.frame.get("detail").id;
    for (const [place, row] of this.rows) {
      const isSelected = this.#isSelected(this.order[place]);
      if (row.classList.contains("ct-selected") !== isSelected) {
        row.classList.toggle("ct-selected", isSelected);
        row.querySelector("input").checked = isSelected; // else a tick waits for the kernel's answer
      }
      row.toggleAttribute("aria-current", row.dataset.id === opened);
      for (const control of CONTROLS) row.querySelector(control).tabIndex = place === this.current ? 0 : -1;
    }
  }

  // The bits of all loaded rows; without them, the ids of the first rows.
  #isSelected(row) {
    if (this.ticked) return Boolean((this.ticked[row >> 3] >> (row & 7)) & 1);
    return this.frame.get("selected").includes(this.held.ids[row]);
  }

  /** Update the marks after the selection changed. */
  markSelected(ticked = this.ticked) {
    this.ticked = ticked;
    this.mark();
    this.#markAll();
  }

  #markAll() {
    const shown = this.order.length;
    const isAny = this.frame.get("ticked").count > 0;
    const chosen = isAny ? this.order.filter((row) => this.#isSelected(row)).length : 0;
    this.all.checked = chosen > 0 && chosen === shown;
    this.all.indeterminate = chosen > 0 && chosen < shown;
    this.all.disabled = shown === 0;
    this.all.setAttribute("aria-label", selectAllWords(this.frame.get("place"), shown));
  }

  focus(id) {
    const place = this.#placeOf(id);
    if (place >= 0) this.#go(place, "button");
  }

  #heads(at) {
    const { columns } = this.held;
    const widths = this.#widen();
    const names = [{ name: "task", label: "Task", look: "text" }, ...columns];
    const check = h("th", { scope: "col", class: "ct-check" }, h("label", this.all));
    const setWidth = (name, width, isChosen) => {
      if (!isChosen) return this.#widen({ [name]: width });
      this.chosen.set(name, { width, over: this.frame.get("widths")[name] });
      this.frame.tell("set_width", { column: name, width_px: width });
    };
    this.frame.redraw(() =>
      this.head.replaceChildren(
        check,
        ...names.map((column, place) =>
          columnHead(
            this.frame,
            column,
            at,
            { px: widths[place + 1] ?? TARGET_PX, set: setWidth },
            this.edge,
          ),
        ),
      ),
    );
  }

  /** Set the column widths: chosen by the user, else to fit the content. `dragged` is not stored yet. */
  #widen(dragged = {}) {
    const { ids, columns } = this.held;
    const stored = this.frame.get("widths");
    const chosen = { ...stored };
    for (const [name, { width, over }] of this.chosen) {
      if (stored[name] === over) chosen[name] = width;
      else this.chosen.delete(name); // the kernel answered
    }
    const { clientWidth } = this.node;
    const widths = columnWidths(ids, columns, this.leased.size, { ...chosen, ...dragged }, clientWidth);
    this.columns.replaceChildren(
      ...widths.map((width) => h("col", { style: width ? `width: ${px(width)}` : null })),
    );
    for (const { firstChild } of [this.above, this.below]) firstChild.colSpan = widths.length;
    this.table.style.minWidth = px(tableWidth(widths));
    return widths;
  }

  #row(place) {
    const at = this.order[place];
    const id = this.held.ids[at];
    const check = h("input", {
      type: "checkbox",
      "aria-label": `Select task ${id}`,
      "data-key": `select ${id}`,
    });
    check.addEventListener("change", () => this.frame.tell("select", { task_ids: [id], on: check.checked }));
    const row = h(
      "tr",
      { "data-id": id, "aria-rowindex": String(place + 3) },
      h("td.ct-check", h("label", check)),
      h("th", { scope: "row", class: "ct-clip" }, nameButton(id, null, { kind: "ct-mono" })),
      this.held.columns.map((column) => cellOf(column, at, this.leased.has(at))),
    );
    row.addEventListener("focusin", () => {
      this.current = place;
      this.mark();
    });
    row.addEventListener("click", (event) => {
      if (!event.target.closest("input, label") && !String(getSelection())) this.open(id);
    });
    return row;
  }

  #key(event) {
    const isOnRows = event.target === this.node || this.body.contains(event.target);
    if (!isOnRows || !this.order.length || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "a") {
      event.preventDefault();
      this.frame.tell("select_matching", { on: true });
      return;
    }
    const to = rowOf(event.key, this.current, this.order.length, this.node.clientHeight);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#go(to, event.target.tagName === "INPUT" ? "input" : "button");
    if (event.shiftKey) this.frame.tell("select", { task_ids: [this.id(to)], on: true });
  }

  #go(place, control) {
    this.current = place;
    const { scrollTop, clientHeight } = this.node;
    const to = scrollTo(place, scrollTop, clientHeight, this.head.parentNode.offsetHeight);
    if (to !== scrollTop) this.node.scrollTop = to;
    this.draw();
    focus(this.rows.get(place)?.querySelector(control));
  }
}
