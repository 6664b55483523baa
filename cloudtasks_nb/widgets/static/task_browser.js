// The tasks of a queue: a page of the listing, what is selected, and one task in detail.

const COLUMNS = ["Task", "Kind", "Method", "Target or tag", "Schedule", "Attempts", "Last status"];

function place({ number, more, count }) {
  if (number === 1 && !more) return count === 0 ? "no tasks" : `all ${plural(count, "task")}`;
  return `page ${number} of ${more ? "many" : number}`;
}

// Text that gives way in its middle: the end of a URL says more than what comes before it.
function cut(text) {
  const signs = Array.from(text);
  return h("span", { class: "ct-cut" }, h("span", {}, signs.slice(0, -14).join("")), h("span", {}, signs.slice(-14).join("")));
}

class Table {
  constructor(frame, open) {
    this.frame = frame;
    this.open = open;
    this.all = h("input", { type: "checkbox", "aria-label": "Select all tasks on this page" });
    this.all.addEventListener("change", () => this.select(this.ids(), this.all.checked));
    const head = COLUMNS.map((name) => h("th", { scope: "col", class: name === "Attempts" ? "ct-number" : null }, name));
    this.body = h("tbody");
    this.caption = h("caption");
    this.node = h("table", { class: "ct-tasks" }, this.caption,
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "ct-check" }, this.all), head)), this.body);
  }

  ids() {
    return this.frame.model.get("rows").map((row) => row.id);
  }

  select(ids, on) {
    this.frame.tell("select", { task_ids: ids, on });
  }

  fill() {
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const { id, location } = this.frame.model.get("place");
    this.caption.textContent = `Tasks of ${location}/${id}, ${place(this.frame.model.get("place"))}`;
    this.body.replaceChildren(...this.frame.model.get("rows").map((row) => this.row(row)));
    if (focused) this.body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    this.mark();
  }

  row(row) {
    const check = h("input", { type: "checkbox", "aria-label": `Select task ${row.id}`, "data-key": `select ${row.id}` });
    check.addEventListener("change", () => this.select([row.id], check.checked));
    const name = h("button", { type: "button", class: "ct-button ct-link ct-mono", "data-key": row.id }, row.id);
    const node = h("tr", { "data-id": row.id },
      h("td", { class: "ct-check" }, h("label", {}, check)),
      h("th", { scope: "row" }, name),
      h("td", {}, row.kind), h("td", {}, row.method || "–"),
      h("td", { class: "ct-mono ct-target", title: row.target_title || null }, row.target ? cut(row.target) : "–"),
      h("td", {}, row.leased ? "lease ends " : null, when(row.schedule)),
      h("td", { class: "ct-number" }, row.attempts.toLocaleString("en")),
      h("td", {}, cells(row.status)));
    node.addEventListener("click", (event) => {
      if (event.target.closest("input, label") || String(getSelection())) return;
      this.open(row.id);
    });
    return node;
  }

  // What is selected and what is open, without building the rows again.
  mark() {
    const selected = new Set(this.frame.model.get("selected"));
    const opened = this.frame.model.get("detail").id;
    for (const row of this.body.rows) {
      row.querySelector("input").checked = selected.has(row.dataset.id);
      row.classList.toggle("ct-selected", selected.has(row.dataset.id));
      row.toggleAttribute("aria-current", row.dataset.id === opened);
    }
    const chosen = this.ids().filter((id) => selected.has(id)).length;
    this.all.checked = chosen > 0 && chosen === this.body.rows.length;
    this.all.indeterminate = chosen > 0 && !this.all.checked;
  }

  focus(id) {
    this.body.querySelector(`button[data-key="${CSS.escape(id)}"]`)?.focus();
  }
}

function selectionBar(frame, bar) {
  const ids = frame.model.get("selected");
  if (ids.length === 0) return bar.replaceChildren();
  const count = plural(ids.length, "task");
  const act = (action) => () => frame.send(action, { task_ids: ids });
  const verbs = frame.model.get("read_only") ? [] : [
    frame.model.get("place").can_run ? frame.armed("Run selected", `Send ${count} now?`, act("run_tasks"), { kind: "ct-small" }) : "",
    frame.armed("Delete selected", `Delete ${count} for good?`, act("delete_tasks"), { kind: "ct-small ct-quiet-danger" }),
  ];
  bar.replaceChildren(
    h("strong", { title: "as data: browser.selection" }, `${ids.length} selected`), ...verbs,
    h("button", { type: "button", class: "ct-button ct-small", onclick: () => frame.tell("clear_selection", {}) }, "Clear"));
}

function render({ model, el }) {
  const at = () => model.get("place");
  const frame = new Frame(model, el, `Tasks of queue ${at().id}`);
  let asked = null;
  const table = new Table(frame, (id) => { asked = id; frame.send("open_task", { task_id: id }); });
  const where = h("span", { class: "ct-place" });
  const updated = h("span", { class: "ct-muted ct-where" });
  const bar = h("div", { class: "ct-buttons ct-end" });
  const slot = h("div");
  const close = () => { const { id } = model.get("detail"); frame.tell("close_task", {}); if (id) table.focus(id); };
  frame.root.append(
    h("header", {}, h("h3", {}, at().id), h("span", { class: "ct-muted" }, `tasks · ${at().location}${model.get("read_only") ? " · read-only" : ""}`),
      updated),
    h("div", { class: "ct-bar" },
      h("div", { class: "ct-buttons" },
        frame.button("First", () => frame.send("first_page"), { allowed: () => at().number > 1 }),
        frame.button("Back", () => frame.send("previous_page"), { allowed: () => at().number > 1 }),
        frame.button("Next", () => frame.send("next_page"), { allowed: () => at().more }),
        where,
        frame.button("Refresh", () => frame.send("refresh"))),
      bar),
    h("div", { class: "ct-scroll" }, table.node), slot, frame.status, frame.folded);
  frame.watch(["rows", "place"], () => {
    table.fill();
    where.textContent = place(at());
    updated.replaceChildren(...(at().updated ? ["updated ", when(at().updated)] : ["not read yet"]));
    frame.sync();
  });
  frame.watch(["selected"], () => { table.mark(); selectionBar(frame, bar); });
  frame.watch(["detail"], () => {
    const detail = model.get("detail");
    table.mark();
    if (!detail.id) return slot.replaceChildren();
    const { pane, title } = detailPane(frame, detail, close);
    slot.replaceChildren(pane);
    if (asked === detail.id) title.focus({ preventScroll: true });
    asked = null;
  });
  return () => frame.cleanup();
}

export default { render };
