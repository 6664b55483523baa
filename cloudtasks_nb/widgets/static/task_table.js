// The table of tasks: as many rows in the page as fit into view, however many are loaded.

const ROW_PX = 30;
const OVERSCAN = 8;
const SIGN_PX = 7.3;
const CONTROLS = ["input", "button"];

// Which tasks are meant, in words: "this page", "all 120 tasks", "the first 5,000 tasks".
function scopeWords({ scope, number, more, count, updated }) {
  if (!updated) return "this page";
  if (scope === "part") return `the first ${plural(count, "task")}`;
  if (scope === "all" || (number === 1 && !more)) return count === 0 ? "no tasks" : `all ${plural(count, "task")}`;
  return "this page";
}

const LOOKS = {
  text: (value) => h("td", { class: "ct-clip", title: value.length > 24 ? value : null }, value),
  target: (value) => h("td", { class: "ct-mono ct-target", title: value }, cut(value.replace(/^https:\/\//, ""))),
  status: (value) => h("td", { class: "ct-clip" }, cells(value)),
  number: (value) => h("td", { class: "ct-number" }, value.toLocaleString("en")),
  time: (value, isLeased) => h("td", { class: "ct-clip" }, isLeased ? "lease ends " : null, when(new Date(value).toISOString())),
};
const WIDTHS = {
  text: ({ different }) => Math.min(240, Math.max(64, 20 + SIGN_PX * Math.max(0, ...different.slice(0, 500).map((text) => text.length)))),
  status: ({ different }) => Math.min(240, Math.max(100, 48 + 6.6 * Math.max(0, ...different.slice(0, 500).map((cell) => cell[0].text.length)))),
  time: ({ name }, leased) => (name === "schedule" && leased ? 158 : 96),
  number: () => 84,
  target: () => null, // what is left
};

class TaskTable {
  constructor(frame, open) {
    this.frame = frame;
    this.open = open;
    this.rows = new Map(); // by place in the order
    this.current = 0;
    this.all = h("input", { type: "checkbox" });
    this.all.addEventListener("change", () => frame.tell("select_matching", { on: this.all.checked }));
    this.caption = h("caption");
    this.columns = h("colgroup");
    this.head = h("tr", { "aria-rowindex": "1" });
    this.body = h("tbody");
    this.above = this.#spacer();
    this.below = this.#spacer();
    this.table = h("table", { class: "ct-data ct-tasks" }, this.caption, this.columns, h("thead", {}, this.head), this.body);
    this.node = h("div", { class: "ct-scroll", tabindex: "-1", "data-roving": true }, this.table);
    this.node.addEventListener("keydown", (event) => this.#key(event));
    let planned = false;
    this.node.addEventListener("scroll", () => {
      if (planned) return;
      planned = true;
      requestAnimationFrame(() => { planned = false; this.draw(); });
    });
    const watcher = new ResizeObserver(() => this.draw());
    watcher.observe(this.node);
    frame.undo.push(() => watcher.disconnect());
  }

  get order() {
    return this.frame.model.get("order");
  }

  id(place) {
    return this.held.ids[this.order[place]];
  }

  // Other tasks, another order, or other columns: what was focused stays focused where it is still there.
  fill() {
    const model = this.frame.model;
    const key = this.body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const currentId = this.held && this.rows.get(this.current)?.dataset.id;
    if (this.held !== model.get("table")) {
      this.held = model.get("table");
      this.leased = new Set(this.held.leased);
    }
    const at = model.get("place");
    this.#heads(at);
    this.caption.textContent = `Tasks of ${at.location}/${at.id}: ${scopeWords(at)}, ${this.order.length} shown`;
    this.table.setAttribute("aria-rowcount", String(this.order.length + 1));
    const again = currentId ? this.order.findIndex((row) => this.held.ids[row] === currentId) : -1;
    this.current = again >= 0 ? again : Math.min(this.current, Math.max(0, this.order.length - 1));
    this.rows.clear();
    const nothing = !at.updated ? UNREAD : at.count === 0 ? "No tasks here." : "No task matches.";
    const empty = h("tr", {}, h("td", { class: "ct-nothing", colspan: this.columns.children.length }, nothing));
    this.body.replaceChildren(...(this.order.length ? [this.above, this.below] : [empty]));
    this.draw();
    this.frame.keyed(key)?.focus({ preventScroll: true });
  }

  // The rows in view, and a few around them.
  draw() {
    if (!this.held || !this.order.length) return this.mark();
    const height = this.node.clientHeight || 420;
    const first = Math.max(0, Math.min(Math.floor(this.node.scrollTop / ROW_PX), this.order.length) - OVERSCAN);
    const last = Math.min(this.order.length, Math.ceil((this.node.scrollTop + height) / ROW_PX) + OVERSCAN);
    for (const [place, row] of this.rows) {
      if (place >= first && place < last) continue;
      if (row.contains(document.activeElement)) this.node.focus({ preventScroll: true }); // arrows go on from here
      row.remove();
      this.rows.delete(place);
    }
    for (let place = first, before = this.above; place < last; place++) {
      let row = this.rows.get(place);
      if (!row) {
        row = this.#row(place);
        this.rows.set(place, row);
        before.after(row);
      }
      before = row;
    }
    this.above.firstChild.style.height = `${first * ROW_PX}px`;
    this.below.firstChild.style.height = `${(this.order.length - last) * ROW_PX}px`;
    this.mark();
  }

  // What is selected, open, and reached with Tab, without building rows again.
  mark() {
    const model = this.frame.model;
    const selected = new Set(model.get("selected"));
    const opened = model.get("detail").id;
    for (const [place, row] of this.rows) {
      const isSelected = selected.has(row.dataset.id);
      row.querySelector("input").checked = isSelected;
      row.classList.toggle("ct-selected", isSelected);
      row.toggleAttribute("aria-current", row.dataset.id === opened);
      for (const control of CONTROLS) row.querySelector(control).tabIndex = place === this.current ? 0 : -1;
    }
    const chosen = selected.size === 0 ? 0 : this.order.reduce((sum, row) => sum + selected.has(this.held.ids[row]), 0);
    this.all.checked = chosen > 0 && chosen === this.order.length;
    this.all.indeterminate = chosen > 0 && !this.all.checked;
    this.all.disabled = this.order.length === 0;
    const at = model.get("place");
    this.all.setAttribute("aria-label", at.query ? `Select the ${plural(this.order.length, "task")} that match` : at.scope === "page" ? "Select all tasks on this page" : "Select all loaded tasks");
  }

  focus(id) {
    const place = this.order.findIndex((row) => this.held.ids[row] === id);
    if (place >= 0) this.#go(place, "button");
  }

  #heads(at) {
    const names = [{ name: "task", label: "Task", look: "text" }, ...this.held.columns];
    const longest = Math.max(8, ...this.held.ids.slice(0, 500).map((id) => id.length));
    const widths = [Math.min(190, 22 + SIGN_PX * longest), ...this.held.columns.map((column) => WIDTHS[column.look](column, this.leased.size))];
    this.columns.replaceChildren(h("col", { style: "width: 34px" }), ...widths.map((px) => h("col", { style: px ? `width: ${Math.round(px)}px` : null })));
    for (const spacer of [this.above, this.below]) spacer.firstChild.colSpan = this.columns.children.length;
    this.table.style.minWidth = `${Math.round(widths.reduce((sum, px) => sum + (px ?? 210), 34))}px`;
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.column : null;
    this.head.replaceChildren(h("th", { scope: "col", class: "ct-check" }, h("label", {}, this.all)), ...names.map((column) => this.#headOf(column, at)));
    if (focused) this.head.querySelector(`[data-column="${focused}"]`)?.focus({ preventScroll: true });
  }

  #headOf({ name, label, look }, { column, descending, scope }) {
    const isSorted = column === name;
    const next = !isSorted ? { column: name } : descending ? {} : { column: name, descending: true };
    const arrow = isSorted ? (descending ? "↓" : "↑") : "";
    const button = h("button", {
      type: "button", class: "ct-sort", "data-column": name, title: `Sort ${scope === "page" ? "this page" : "what is loaded"} by ${label.toLowerCase()}`,
      onclick: () => this.frame.tell("sort", next),
    }, label, h("span", { "aria-hidden": "true" }, arrow));
    return h("th", { scope: "col", class: look === "number" ? "ct-number" : null, "aria-sort": isSorted ? (descending ? "descending" : "ascending") : null }, button);
  }

  #row(place) {
    const at = this.order[place];
    const id = this.held.ids[at];
    const check = h("input", { type: "checkbox", "aria-label": `Select task ${id}`, "data-key": `select ${id}` });
    check.addEventListener("change", () => this.frame.tell("select", { task_ids: [id], on: check.checked }));
    const name = nameButton(id, null, { kind: "ct-mono" });
    const row = h("tr", { "data-id": id, "aria-rowindex": String(place + 2) },
      h("td", { class: "ct-check" }, h("label", {}, check)), h("th", { scope: "row", class: "ct-clip" }, name),
      this.held.columns.map((column) => this.#cell(column, at)));
    row.addEventListener("focusin", () => { this.current = place; this.mark(); });
    row.addEventListener("click", (event) => {
      if (!event.target.closest("input, label") && !String(getSelection())) this.open(id);
    });
    return row;
  }

  #cell({ name, look, values, different, at }, place) {
    const value = values ? values[place] : different[at[place]];
    if (value === null || value === undefined) return h("td", { class: "ct-muted" }, "–");
    return LOOKS[look](value, name === "schedule" && this.leased.has(place));
  }

  #spacer() {
    return h("tr", { class: "ct-spacer", "aria-hidden": "true" }, h("td"));
  }

  #key(event) {
    const last = this.order.length - 1;
    const onRows = event.target === this.node || this.body.contains(event.target);
    if (!onRows || last < 0 || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "a") {
      event.preventDefault();
      return this.frame.tell("select_matching", { on: true });
    }
    const page = Math.max(1, Math.floor(this.node.clientHeight / ROW_PX) - 2);
    const to = { ArrowDown: this.current + 1, ArrowUp: this.current - 1, PageDown: this.current + page, PageUp: this.current - page, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#go(Math.max(0, Math.min(last, to)), event.target.tagName === "INPUT" ? "input" : "button");
    if (event.shiftKey) this.frame.tell("select", { task_ids: [this.id(this.current)], on: true });
  }

  #go(place, control) {
    this.current = place;
    const head = this.head.offsetHeight;
    const top = place * ROW_PX;
    const room = this.node.clientHeight - head - ROW_PX;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (top > this.node.scrollTop + room) this.node.scrollTop = top - room;
    this.draw();
    this.rows.get(place)?.querySelector(control).focus({ preventScroll: true });
  }
}
