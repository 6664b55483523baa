// One queue: its state, its estimates, and the buttons that change it.

function tile(label, value, note) {
  return h("div", { class: "ct-tile" }, h("dt", {}, label), h("dd", {}, value), note ? h("dd", { class: "ct-note" }, note) : null);
}

function tiles(facts) {
  if (!facts.estimates) return [facts.depth === null ? tile("Tasks", "not counted") : tile("Tasks", facts.depth.toLocaleString("en"), ["counted ", when(facts.counted)])];
  if (facts.depth === null) return [h("p", { class: "ct-muted" }, "No estimates.")];
  return [
    tile("Tasks", facts.depth.toLocaleString("en"), "estimate"),
    tile("Oldest due", when(facts.oldest), facts.oldest && "estimate"),
    tile("Sent, last minute", facts.executed.toLocaleString("en")),
    tile("In flight", facts.in_flight.toLocaleString("en")),
  ];
}

const DOOMS = {
  purge: { button: "Purge for good", words: (count, id) => ["Purge removes ", count, " from queue ", id, ". This cannot be undone."] },
  delete: { button: "Delete for good", words: (count, id) => ["Delete removes queue ", id, " with ", count, ". This cannot be undone, and the name stays blocked for days."] },
};

// The second step of purging and deleting: names what goes, offers a backup, and arms only when the queue's id is typed.
function doomForm(frame, facts, action, close) {
  const { button, words } = DOOMS[action];
  const act = () => {
    if (input.value !== facts.id || frame.busy) return;
    frame.send(action, { confirm: input.value, backup: wanted.checked ? file.value.trim() : "" });
    close();
  };
  const armed = () => input.value === facts.id && (!wanted.checked || file.value.trim() !== "");
  const input = h("input", { type: "text", class: "ct-input", autocomplete: "off", spellcheck: "false", autocapitalize: "off" });
  const wanted = h("input", { type: "checkbox" });
  const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "");
  const file = h("input", { type: "text", class: "ct-input", value: `${facts.id}-${stamp}.parquet`, "aria-label": "Backup file", spellcheck: "false" });
  file.hidden = true;
  const count = facts.depth === null ? "all its tasks" : facts.estimates ? `about ${plural(facts.depth, "task")} (estimate)` : `${plural(facts.depth, "task")} (as counted)`;
  const form = h("form", { class: "ct-confirm", "aria-label": `Confirm: ${action}`, onsubmit: (event) => (event.preventDefault(), armed() && act()) },
    h("p", {}, words(h("strong", {}, count), h("strong", {}, facts.id))),
    h("div", {}, h("label", { class: "ct-check-label" }, wanted, "Back up all tasks to a Parquet file first, beside the notebook"), file),
    h("label", {}, "Type the queue id ", h("code", {}, facts.id), " to arm the button", input),
    h("div", { class: "ct-buttons" }, frame.button(button, null, { type: "submit", kind: "ct-danger", allowed: armed }),
      h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel")));
  wanted.addEventListener("change", () => { file.hidden = !wanted.checked; frame.sync(); });
  form.addEventListener("input", () => frame.sync());
  typing(form, close);
  return { form, first: input };
}

function controls(frame, facts, open) {
  const model = frame.model;
  const state = () => model.get("facts").state;
  const here = () => !frame.gone;
  const refresh = frame.button("Refresh", () => frame.send("refresh"));
  const reads = facts.estimates ? [refresh] : [refresh, frame.button("Count tasks", () => frame.send("count_tasks"), { allowed: here })];
  if (model.get("read_only")) return [...reads, h("span", { class: "ct-muted" }, "read-only")];
  const doom = (action) => (close) => doomForm(frame, model.get("facts"), action, close);
  return [
    frame.button("Pause", () => frame.send("pause"), { allowed: () => here() && state() !== "PAUSED" }),
    frame.button("Resume", () => frame.send("resume"), { allowed: () => here() && state() !== "RUNNING" }),
    ...reads,
    frame.button("Edit settings…", open((close) => settingsForm(frame, model.get("facts").form, close)), { allowed: here }),
    frame.button("Purge…", open(doom("purge")), { kind: "ct-quiet-danger", allowed: here }),
    frame.button("Delete…", open(doom("delete")), { kind: "ct-quiet-danger", allowed: here }),
  ];
}

function render({ model, el }) {
  const facts = model.get("facts");
  const frame = new Frame(model, el, "queue", `Queue ${facts.id}`);
  const state = h("span", { class: "ct-state" });
  const stats = h("dl", { class: "ct-tiles" });
  const settings = h("dl", { class: "ct-facts" });
  const updated = h("span", { class: "ct-muted ct-updated" });
  const slot = h("div", { class: "ct-slot" });
  // A form opens below the buttons, takes the focus, and gives it back to its button.
  const open = (build) => (event) => {
    const opener = event.currentTarget;
    const { form, first } = build(() => { slot.replaceChildren(); opener.focus({ preventScroll: true }); });
    slot.replaceChildren(form);
    first?.focus({ preventScroll: true });
    frame.sync();
  };
  frame.root.append(
    h("header", {}, h("h3", {}, facts.id), state, h("span", { class: "ct-muted ct-where" }, `${facts.location} · ${facts.kind} · ${facts.project}`)),
    stats, settings,
    h("div", { class: "ct-bar" }, h("div", { class: "ct-buttons" }, controls(frame, facts, open)), updated),
    slot, frame.status, frame.folded);
  frame.watch(["facts"], () => {
    const now = model.get("facts");
    state.replaceChildren(...cells(now.badge));
    stats.replaceChildren(...tiles(now));
    settings.replaceChildren(...now.settings.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, cells(value))]));
    updated.replaceChildren(...frame.freshness(now.updated));
    frame.sync();
  });
  return () => frame.cleanup();
}

export default { render };
