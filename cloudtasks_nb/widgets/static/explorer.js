// Locations, queues, and one queue opened: as controls, tasks, leases, monitor or access.

const STATES = ["RUNNING", "PAUSED", "DISABLED"];

// Buttons that stay pressed, with how many rows are behind each.
function chips(label, options, pressed, press) {
  return h("div", { class: "ct-pills", role: "group", "aria-label": label }, options.map(({ value, words, count }) =>
    h("button", { type: "button", class: "ct-pill", "data-key": `${label} ${value}`, "aria-pressed": String(pressed(value)), onclick: () => press(value) },
      words, h("span", { class: "ct-of" }, count.toLocaleString("en")))));
}

function counts(rows, key) {
  const found = new Map();
  for (const row of rows) found.set(row[key], (found.get(row[key]) ?? 0) + 1);
  return found;
}

// What is looked for lives in the page: it asks nothing of the service.
class Search {
  constructor(frame) {
    this.frame = frame;
    this.location = "";
    this.states = new Set();
    this.text = h("input", { type: "search", class: "ct-input", placeholder: "Find a queue", "aria-label": "Find a queue by name" });
    this.places = h("div");
    this.filters = h("div", { class: "ct-filters" });
    this.wanted = (row) => this.#in(row) && (this.states.size === 0 || this.states.has(row.state));
  }

  #in(row) {
    return (!this.location || row.location === this.location) && `${row.location}/${row.id}`.toLowerCase().includes(this.text.value.trim().toLowerCase());
  }

  fill(changed) {
    const rows = this.frame.model.get("rows");
    const focused = this.frame.root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const places = [...counts(rows, "location")].sort(([a], [b]) => (a < b ? -1 : 1));
    const states = counts(rows.filter((row) => this.#in(row)), "state");
    const pick = (location) => { this.location = location; changed(); };
    const toggle = (state) => { this.states.has(state) ? this.states.delete(state) : this.states.add(state); changed(); };
    this.places.replaceChildren(chips("Location",
      [{ value: "", words: "all locations", count: rows.length }, ...places.map(([value, count]) => ({ value, words: value, count }))],
      (value) => value === this.location, pick));
    this.filters.replaceChildren(this.text, chips("State",
      STATES.map((value) => ({ value, words: value.toLowerCase(), count: states.get(value) ?? 0 })), (value) => this.states.has(value), toggle));
    this.frame.keyed(focused)?.focus({ preventScroll: true });
  }
}

// Locations that did not answer, by reason, and the way to ask them again.
function silentBox(frame) {
  const { silent } = frame.model.get("place");
  if (!silent.length) return [];
  const reasons = new Map();
  for (const failed of silent) {
    const reason = `${failed.message}\n${failed.hint}`;
    reasons.set(reason, [...reasons.get(reason) ?? [], failed]);
  }
  const ask = () => frame.send("refresh", { locations: silent.map(({ location }) => location) });
  return [h("section", { class: "ct-silent", "aria-label": "Locations that did not answer" },
    h("p", {}, h("strong", {}, `${plural(silent.length, "location")} did not answer.`), " Queues there are missing, or shown as they were last read."),
    h("ul", {}, [...reasons.values()].map((same) => h("li", {}, h("strong", {}, same.map(({ location }) => location).join(", ")), `: ${same[0].message}`,
      same[0].hint ? h("span", { class: "ct-hint" }, ` Next: ${same[0].hint}`) : null))),
    h("div", { class: "ct-buttons" }, frame.button("Try again", ask, { kind: "ct-small" })))];
}

// Resuming many says what comes at once, and waits for a second press.
function resumeForm(frame, names, close) {
  const rows = frame.model.get("rows").filter((row) => names.includes(row.name));
  const tasks = plural(rows.reduce((sum, row) => sum + (row.depth ?? 0), 0), "task");
  const known = rows.every((row) => row.depth !== null);
  const held = frame.model.get("place").estimates ? `about ${tasks} (estimate)` : known ? `${tasks} (as counted)` : "tasks that were not counted";
  const act = () => { frame.send("resume_queues", { names, confirm: true }); close(); };
  const go = frame.button(`Resume ${plural(names.length, "queue")}`, act, { kind: "ct-danger" });
  const form = h("form", { class: "ct-confirm", "aria-label": "Confirm: resume", onsubmit: (event) => event.preventDefault() },
    h("p", {}, "These queues hold ", h("strong", {}, held), ". ", frame.model.get("place").surge),
    h("div", { class: "ct-buttons" }, go, h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel")));
  typing(form, close);
  return { form, first: go };
}

function choiceBar(frame, bar, slot) {
  const names = frame.model.get("ticked");
  slot.replaceChildren();
  if (!names.length) return bar.replaceChildren(h("span", { class: "ct-muted" }, "Tick queues to act on several."));
  const resume = () => {
    if (names.length === 1) return frame.send("resume_queues", { names });
    const { form, first } = resumeForm(frame, names, () => slot.replaceChildren());
    slot.replaceChildren(form);
    first.focus({ preventScroll: true });
  };
  const verbs = frame.model.get("read_only") ? [] : [
    frame.armed("Pause chosen", `Pause ${plural(names.length, "queue")}?`, () => frame.send("pause_queues", { names }), { kind: "ct-small" }),
    frame.button(names.length > 1 ? "Resume chosen…" : "Resume chosen", resume, { kind: "ct-small" }),
  ];
  if (!frame.model.get("place").estimates) verbs.unshift(frame.button("Count tasks", () => frame.send("count_tasks", { names }), { kind: "ct-small" }));
  bar.replaceChildren(h("strong", { title: "as data: explorer.chosen" }, `${plural(names.length, "queue")} chosen`), ...verbs,
    h("button", { type: "button", class: "ct-button ct-small", onclick: () => frame.tell("choose", { names, on: false }) }, "Clear"));
}

// The widget of the opened queue, drawn by its own script with its own model.
class Opened {
  constructor(frame) {
    this.frame = frame;
    this.node = h("section", { class: "ct-opened" });
    frame.undo.push(() => this.#end());
  }

  #end() {
    this.undo?.();
    this.undo = null;
  }

  async show() {
    const { model: id, esm, css, name, view, views } = this.frame.model.get("opening");
    if (id === this.id) return;
    this.id = id;
    this.#end();
    if (!id) return this.node.replaceChildren();
    const box = h("div");
    this.node.replaceChildren(this.#tabs(name, view, views), h("style", {}, css), box);
    try {
      const model = await this.#model(id);
      const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
      const widget = (await import(url)).default;
      URL.revokeObjectURL(url);
      if (this.id !== id || this.frame.ended) return; // something else was opened meanwhile
      this.undo = await widget.render({ model, el: box });
    } catch (error) {
      box.replaceChildren(h("p", { class: "ct-muted" }, "Show it in a cell of its own: ", h("code", {}, "explorer.opened")));
    }
  }

  // The kernel announces the model just before it is asked for; the page may hear of it a moment later.
  async #model(id) {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.frame.model.widget_manager.get_model(id);
      } catch (error) {
        if (tries >= 20 || this.id !== id) throw error;
        await new Promise((done) => setTimeout(done, 100));
      }
    }
  }

  #tabs(name, view, views) {
    const tab = ([verb, words]) => this.frame.button(words, () => verb === view || this.frame.send("open_queue", { name, view: verb }),
      { kind: `ct-tab ${verb === view ? "ct-on" : ""}`, current: verb === view });
    return h("div", { class: "ct-bar" }, h("nav", { class: "ct-buttons ct-tabs", "aria-label": "Views of the queue" }, views.map(tab)),
      h("button", { type: "button", class: "ct-button ct-small ct-where", onclick: () => this.frame.tell("close_queue", {}) }, "Close"));
  }
}

function render({ model, el }) {
  const frame = new Frame(model, el, "explorer", `Queues of project ${model.get("place").project}`);
  const search = new Search(frame);
  const opened = new Opened(frame);
  const table = new QueueTable(frame, search.wanted, (row) => {
    const { name, view } = model.get("opening");
    if (name !== row.name) frame.send("open_queue", { name: row.name, view: view === "workbench" ? "panel" : view ?? "panel" });
  });
  const updated = h("span", { class: "ct-muted ct-where" });
  const bar = h("div", { class: "ct-buttons" }), slot = h("div");
  const silent = h("div");
  const changed = () => { search.fill(changed); table.fill(); };
  search.text.addEventListener("input", changed);
  typing(search.filters, () => { search.text.value = ""; changed(); });
  frame.root.append(
    h("header", {}, h("h3", {}, model.get("place").project), h("span", { class: "ct-muted" }, `queues${model.get("read_only") ? " · read-only" : ""}`), updated,
      frame.button("Refresh", () => frame.send("refresh"))),
    search.places, search.filters, silent, table.node, h("div", { class: "ct-bar ct-choice" }, bar), slot, frame.status, opened.node, frame.folded);
  frame.watch(["rows", "place"], () => {
    changed();
    silent.replaceChildren(...silentBox(frame));
    updated.replaceChildren(...frame.freshness(model.get("place").updated));
    frame.sync();
  });
  frame.watch(["ticked"], () => { table.mark(); choiceBar(frame, bar, slot); });
  frame.watch(["opening"], () => { table.mark(); opened.show(); });
  return () => frame.cleanup();
}

export default { render };
