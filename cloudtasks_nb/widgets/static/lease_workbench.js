// Tasks that are leased: until when, what they hold, and how to finish them.

const FEW_LEASES = 20; // up to so many are acknowledged with two presses; more are confirmed by their number
const SOON_MS = 15000;
const STATES = { acknowledged: "acknowledged", returned: "given back", lost: "lost" };

function countdown(ms) {
  const s = Math.ceil(ms / 1000);
  if (s < 100) return `${s} s`;
  if (s < 6000) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, "0")} min`;
}

function leaseForm(frame) {
  const count = textInput({ type: "number", min: "1", max: "1000", value: "10", class: "ct-input ct-short" });
  const seconds = textInput({ type: "number", min: "1", max: "604800", value: "60", class: "ct-input ct-short" });
  const tag = textInput({ placeholder: "any", class: "ct-input" });
  const oldest = h("input", { type: "checkbox" });
  const fits = (input) => input.value !== "" && input.checkValidity() && Number.isInteger(Number(input.value));
  const go = () => {
    if (!fits(count) || !fits(seconds) || frame.busy) return;
    frame.send("lease", { max_tasks: Number(count.value), lease_duration: Number(seconds.value), tag: oldest.checked ? "" : tag.value, oldest_tag: oldest.checked });
  };
  const form = h("form", { class: "ct-lease-form", "aria-label": "Lease tasks", onsubmit: (event) => (event.preventDefault(), go()) },
    field("Tasks, at most", count), field("Held for (s)", seconds), field("Tag", tag),
    h("label", { class: "ct-check-label" }, oldest, "tag of the oldest"),
    frame.button("Lease", null, { type: "submit", kind: "ct-primary", allowed: () => fits(count) && fits(seconds) }));
  oldest.addEventListener("change", () => { tag.disabled = oldest.checked; });
  form.addEventListener("input", () => frame.sync());
  return { form, seconds: () => (fits(seconds) ? Number(seconds.value) : 60) };
}

class Leases {
  constructor(frame, seconds) {
    this.frame = frame;
    this.seconds = seconds;
    this.caption = h("caption");
    this.body = h("tbody");
    const names = ["Task", "Lease ends", "Tag", "Leased", "Payload", ...(frame.model.get("read_only") ? [] : ["Finish"])];
    this.node = h("div", { class: "ct-scroll" }, h("table", { class: "ct-data ct-leases" }, this.caption,
      h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col", class: name === "Leased" ? "ct-number" : null }, name)))), this.body));
    this.width = names.length;
  }

  left(row) {
    return row.state === "held" && row.ends ? Date.parse(row.ends) - Date.now() - this.frame.model.get("place").ahead_ms : 0;
  }

  get held() {
    return this.frame.model.get("leases").filter((row) => this.left(row) > 0);
  }

  fill() {
    const key = this.body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const rows = this.frame.model.get("leases");
    const { id, location, updated } = this.frame.model.get("place");
    this.caption.textContent = `Leases of ${location}/${id}`;
    const held = updated ? "Nobody holds a lease among the first 1,000 tasks." : UNREAD;
    const nothing = this.frame.model.get("read_only") ? held : "Nothing is leased here yet.";
    this.body.replaceChildren(...(rows.length ? rows.map((row) => this.#row(row)) : [h("tr", {}, h("td", { class: "ct-nothing", colspan: this.width }, nothing))]));
    this.frame.keyed(key)?.focus({ preventScroll: true });
    this.tick();
  }

  // Countdowns; a lease that is over cannot be acted on any more.
  tick() {
    let changed = false;
    for (const node of this.body.querySelectorAll("tr[data-id]")) {
      const left = this.left(node.row);
      const over = left <= 0;
      const words = node.row.state === "held" ? (over ? "expired" : countdown(left)) : STATES[node.row.state];
      if (node.ends.textContent !== words) node.ends.textContent = words;
      node.ends.className = `ct-left ${over ? "" : left < SOON_MS ? "ct-soon" : "ct-safe"} ${node.row.state === "lost" ? "ct-lost" : ""}`;
      if (node.classList.contains("ct-over") !== over) changed = node.classList.toggle("ct-over", over) || true;
    }
    if (changed) this.frame.sync();
  }

  #row(row) {
    const frame = this.frame;
    const can = { allowed: () => this.left(row) > 0, kind: "ct-small" };
    const act = (action, more = {}) => () => frame.send(action, { task_id: row.id, ...more });
    const named = (button, words) => { button.setAttribute("aria-label", `${words} ${row.id}`); button.dataset.key = `${words} ${row.id}`; return button; };
    const name = nameButton(row.id, () => { this.asked = row.id; frame.tell("open_task", { task_id: row.id }); }, { kind: "ct-mono" });
    const done = frame.armed("Acknowledge", `Acknowledge ${row.id}? It is deleted then.`, act("acknowledge"), { ...can, kind: "ct-small ct-quiet-danger" });
    done.title = `Acknowledge ${row.id}`;
    done.dataset.key = `Acknowledge ${row.id}`;
    const verbs = frame.model.get("read_only") ? null : h("td", { class: "ct-finish" }, h("div", { class: "ct-buttons" },
      named(frame.button("Renew", () => frame.send("renew", { task_id: row.id, lease_duration: this.seconds() }), can), "Renew"),
      named(frame.button("Give back", act("give_back"), can), "Give back"), done));
    const ends = h("span", { class: "ct-left" });
    const node = h("tr", { "data-id": row.id }, h("th", { scope: "row" }, name),
      h("td", { title: row.note || row.ends }, ends, row.note ? h("span", { class: "ct-muted" }, ` ${row.note}`) : null), h("td", { class: "ct-tag ct-clip", title: row.tag.length > 14 ? row.tag : null }, row.tag || "–"),
      h("td", { class: "ct-number" }, `${row.leased.toLocaleString("en")} ×`),
      h("td", { class: "ct-mono ct-peek ct-clip", title: row.payload || null }, row.payload || "–"), verbs);
    node.row = row;
    node.ends = ends;
    return node;
  }
}

function allBar(frame, leases, seconds, show) {
  const count = () => leases.held.length;
  const some = { allowed: () => count() > 0 };
  const acknowledge = () => frame.send("acknowledge_all", { confirm: String(count()) });
  const done = frame.armed("Acknowledge all", "", acknowledge, { ...some, kind: "ct-quiet-danger" });
  done.question = () => `Acknowledge ${plural(count(), "task")}? They are deleted then.`;
  done.addEventListener("click", (event) => {
    if (count() <= FEW_LEASES) return;
    event.stopImmediatePropagation();
    show((close) => confirmForm(frame, {
      label: `Acknowledge ${plural(count(), "task")}`, words: `Acknowledging deletes ${plural(count(), "task")}.`, count: count(),
      id: frame.model.get("place").id, act: (confirm) => frame.send("acknowledge_all", { confirm }), close,
    }), done);
  }, { capture: true });
  const held = h("span", { class: "ct-muted ct-held", title: "as data: workbench.tasks" });
  const tick = () => { const words = `${count().toLocaleString("en")} held`; if (held.textContent !== words) held.textContent = words; };
  const bar = h("div", { class: "ct-verbs" }, held, h("div", { class: "ct-buttons" },
    frame.button("Renew all", () => frame.send("renew_all", { lease_duration: seconds() }), some),
    frame.button("Give back all", () => frame.send("give_back_all"), some), done,
    frame.button("Remove finished", () => frame.tell("clear", {}), { allowed: () => frame.model.get("leases").length > count() })));
  return { bar, tick };
}

function render({ model, el }) {
  const at = () => model.get("place");
  const readOnly = model.get("read_only");
  const frame = new Frame(model, el, "leases", `Leases of queue ${at().id}`);
  const { form, seconds } = readOnly ? { form: null, seconds: () => 60 } : leaseForm(frame);
  const leases = new Leases(frame, seconds);
  const slot = h("div"), detailSlot = h("div");
  const show = (build, opener) => {
    const { form: opened, first } = build(() => { slot.replaceChildren(); opener.focus({ preventScroll: true }); });
    slot.replaceChildren(opened);
    first.focus({ preventScroll: true });
    frame.sync();
  };
  const updated = h("span", { class: "ct-muted ct-where" });
  const all = readOnly ? null : allBar(frame, leases, seconds, show);
  const refresh = readOnly ? h("div", { class: "ct-bar" }, frame.button("Refresh", () => frame.send("refresh"))) : null;
  frame.root.append(h("header", {}, h("h3", {}, at().id), h("span", { class: "ct-muted" }, `leases · ${at().location}${readOnly ? " · read-only" : ""}`), updated),
    ...[form, refresh].filter(Boolean), leases.node, ...(all ? [all.bar] : []), slot, frame.status, detailSlot, frame.folded);
  frame.watch(["leases", "place"], () => {
    leases.fill();
    all?.tick();
    updated.replaceChildren(...(readOnly && at().updated ? ["updated ", when(at().updated)] : []));
    frame.sync();
  });
  frame.watch(["detail"], () => {
    const detail = model.get("detail");
    if (!detail.id) return detailSlot.replaceChildren();
    const close = () => { frame.tell("close_task", {}); frame.keyed(detail.id)?.focus({ preventScroll: true }); };
    const { pane, title } = detailPane(frame, detail, close, true);
    detailSlot.replaceChildren(pane);
    if (leases.asked === detail.id) title.focus({ preventScroll: true });
    leases.asked = null;
  });
  const clock = setInterval(() => { leases.tick(); all?.tick(); }, 500);
  frame.undo.push(() => clearInterval(clock));
  return () => frame.cleanup();
}

export default { render };
