// One queue: its state, its estimates, and the buttons that change it.

function tile(label, value, note) {
  return h("div", { class: "ct-tile" }, h("dt", {}, label), h("dd", {}, value), note ? h("dd", { class: "ct-note" }, note) : null);
}

function tiles(facts) {
  if (facts.depth === null) return [h("p", { class: "ct-muted" }, "No estimates yet.")];
  return [
    tile("Tasks", facts.depth.toLocaleString("en"), "estimate"),
    tile("Oldest due", when(facts.oldest), facts.oldest && "estimate"),
    tile("Sent, last minute", facts.executed.toLocaleString("en")),
    tile("In flight", facts.in_flight.toLocaleString("en")),
  ];
}

// The second step of purging: names what goes, and arms only when the queue's id is typed.
function purgeForm(frame, facts, close) {
  const purge = () => { if (input.value === facts.id && !frame.busy) frame.send("purge", { confirm: input.value }), close(); };
  const input = h("input", { type: "text", class: "ct-input", autocomplete: "off", spellcheck: "false", autocapitalize: "off" });
  const confirm = frame.button("Purge for good", purge, { kind: "ct-danger", allowed: () => input.value === facts.id });
  const count = facts.depth === null ? "all its tasks" : `about ${plural(facts.depth, "task")} (estimate)`;
  const form = h("form", { class: "ct-confirm", onsubmit: (event) => (event.preventDefault(), purge()) },
    h("p", {}, "Purge removes ", h("strong", {}, count), " from queue ", h("strong", {}, facts.id), ". This cannot be undone."),
    h("label", {}, "Type the queue id ", h("code", {}, facts.id), " to arm the button", input),
    h("div", { class: "ct-buttons" }, confirm, h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel")));
  input.addEventListener("input", () => frame.sync());
  form.addEventListener("keydown", (event) => {
    event.stopPropagation(); // a notebook's own shortcuts stay asleep while typing
    if (event.key === "Escape") close();
  });
  return { form, input };
}

function controls(frame, facts, openPurge) {
  const model = frame.model;
  const state = () => model.get("facts").state;
  const refresh = frame.button("Refresh", () => frame.send("refresh"));
  if (model.get("read_only")) return [h("span", { class: "ct-muted" }, "read-only"), refresh];
  return [
    frame.button("Pause", () => frame.send("pause"), { allowed: () => state() !== "PAUSED" }),
    frame.button("Resume", () => frame.send("resume"), { allowed: () => state() !== "RUNNING" }),
    frame.button("Purge…", openPurge, { kind: "ct-quiet-danger" }),
    refresh,
  ];
}

function render({ model, el }) {
  const facts = model.get("facts");
  const frame = new Frame(model, el, `Queue ${facts.id}`);
  const title = h("h3", {}, facts.id);
  const state = h("span");
  const stats = h("dl", { class: "ct-tiles" });
  const settings = h("dl", { class: "ct-facts" });
  const updated = h("span", { class: "ct-muted ct-updated" });
  const slot = h("div");
  const openPurge = () => {
    const { form, input } = purgeForm(frame, model.get("facts"), () => (slot.replaceChildren(), purge?.focus()));
    slot.replaceChildren(form);
    input.focus({ preventScroll: true });
  };
  const buttons = controls(frame, facts, openPurge);
  const purge = buttons.find((button) => button.textContent === "Purge…");
  frame.root.append(
    h("header", {}, title, state, h("span", { class: "ct-muted ct-where" }, `${facts.location} · ${facts.kind} · ${facts.project}`)),
    stats, settings,
    h("div", { class: "ct-bar" }, h("div", { class: "ct-buttons" }, buttons), updated),
    slot, frame.status, frame.folded);
  frame.watch(["facts"], () => {
    const now = model.get("facts");
    state.replaceChildren(...cells(now.badge));
    stats.replaceChildren(...tiles(now));
    settings.replaceChildren(...now.settings.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, cells(value))]));
    updated.replaceChildren(...(now.updated ? ["updated ", when(now.updated)] : ["not read yet"]));
    frame.sync();
  });
  return () => frame.cleanup();
}

export default { render };
