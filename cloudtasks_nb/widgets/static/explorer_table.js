// The queues of a project as a table: found by location, state and text, sorted, ticked.

const SHOWN = 100;
const SORTS = {
  Queue: (row) => row.id, State: (row) => row.state, "Tasks (est.)": (row) => -(row.depth ?? -1), "Oldest (est.)": (row) => row.oldest || "~",
  Location: (row) => row.location, Kind: (row) => row.kind, "Rate/s": (row) => -(row.rate ?? -1),
};
const NUMBERS = ["Tasks (est.)", "Rate/s"];
// Where the service estimates nothing, tasks are counted on request, and nobody knows the oldest.
const COUNTED = { "Tasks (est.)": "Tasks (counted)", "Oldest (est.)": null };

class QueueTable {
  constructor(frame, wanted, open) {
    Object.assign(this, { frame, wanted, open, sort: null, limit: SHOWN });
    this.all = h("input", { type: "checkbox", "aria-label": "Choose all queues shown" });
    this.all.addEventListener("change", () => this.choose(this.found.map((row) => row.name), this.all.checked));
    this.estimates = frame.model.get("place").estimates;
    this.heads = Object.keys(SORTS).filter((name) => this.estimates || COUNTED[name] !== null).map((name) => {
      const words = this.estimates ? name : COUNTED[name] ?? name;
      const button = h("button", { type: "button", class: "ct-order", onclick: () => this.sortBy(name) }, words);
      return h("th", { scope: "col", class: NUMBERS.includes(name) ? "ct-figure" : null, "data-column": name }, button);
    });
    this.body = h("tbody");
    this.caption = h("caption");
    this.more = h("button", { type: "button", class: "ct-button ct-small", onclick: () => { this.limit += 10 * SHOWN; this.fill(); } });
    this.table = h("table", { class: "ct-data ct-queues" }, this.caption,
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "ct-pick" }, this.all), this.heads)), this.body);
    this.empty = h("p", { class: "ct-muted ct-none" });
    this.node = h("div", { class: "ct-listing", tabindex: "0", role: "group", "aria-label": "Queues" }, this.table, this.empty, this.more);
  }

  choose(names, on) {
    this.frame.tell("choose", { names, on });
  }

  sortBy(name) {
    this.sort = this.sort?.name === name ? (this.sort.down ? null : { name, down: true }) : { name, down: false };
    this.fill();
  }

  fill() {
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.found = this.frame.model.get("rows").filter(this.wanted);
    if (this.sort) {
      const key = SORTS[this.sort.name], way = this.sort.down ? -1 : 1;
      this.found.sort((a, b) => (key(a) > key(b) ? way : key(a) < key(b) ? -way : 0));
    }
    for (const head of this.heads) {
      const on = head.dataset.column === this.sort?.name;
      head.setAttribute("aria-sort", on ? ((NUMBERS.includes(this.sort.name) !== this.sort.down) ? "descending" : "ascending") : "none");
    }
    const left = this.found.length - this.limit;
    this.caption.textContent = `${plural(this.found.length, "queue")} shown`;
    this.body.replaceChildren(...this.found.slice(0, this.limit).map((row) => this.row(row)));
    this.more.textContent = `Show more (${left.toLocaleString("en")} left)`;
    this.more.hidden = left <= 0;
    this.table.hidden = this.found.length === 0;
    this.empty.hidden = this.found.length > 0;
    this.empty.textContent = this.frame.model.get("rows").length ? "No queue matches." : this.frame.model.get("place").updated ? "No queues." : UNREAD;
    this.frame.keyed(focused)?.focus({ preventScroll: true });
    this.mark();
  }

  row(row) {
    const check = h("input", { type: "checkbox", "aria-label": `Choose queue ${row.id} in ${row.location}`, "data-key": `tick ${row.name}` });
    check.addEventListener("change", () => this.choose([row.name], check.checked));
    const name = nameButton(row.id, () => this.open(row), { key: row.name });
    const number = (value) => h("td", { class: "ct-figure" }, value === null ? "–" : value.toLocaleString("en"));
    return h("tr", { "data-name": row.name },
      h("td", { class: "ct-pick" }, h("label", {}, check)), h("th", { scope: "row" }, name),
      h("td", {}, cells(row.badge)), number(row.depth), this.estimates ? h("td", {}, when(row.oldest)) : null,
      h("td", {}, row.location), h("td", {}, row.kind), number(row.rate));
  }

  // What is ticked and what is open, without building the rows again.
  mark() {
    const ticked = new Set(this.frame.model.get("ticked"));
    const opened = this.frame.model.get("opening").name;
    for (const row of this.body.rows) {
      row.querySelector("input").checked = ticked.has(row.dataset.name);
      row.classList.toggle("ct-chosen-row", ticked.has(row.dataset.name));
      if (row.dataset.name === opened) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    const count = this.found.filter((row) => ticked.has(row.name)).length;
    this.all.checked = count > 0 && count === this.found.length;
    this.all.indeterminate = count > 0 && !this.all.checked;
  }
}
