// What every panel shares: DOM made from text only, actions that act once, the status line, running times.

function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue; // attributes that are absent
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined)); // strings become text
  return node;
}

const UNREAD = "Not read yet."; // an empty table would claim that there is nothing
const WAITING = "Waiting for the service…";
const SILENT = "Waiting for the kernel. If it was restarted, run this cell again.";
const GONE = "The kernel of this panel is gone. Run this cell again.";
const PATIENCE_MS = 20000; // for an answer to "look again"
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

// As cards say it: below two of a unit the next smaller one tells more ("90 min" rather than "1 h").
function relative(iso) {
  const ahead = (Date.parse(iso) - Date.now()) / 1000;
  const apart = Math.abs(ahead);
  if (apart < 1) return "now";
  const [unit, size] = UNITS.find(([, length]) => apart >= 2 * length) ?? ["s", 1];
  const count = Math.floor(apart / size).toLocaleString("en");
  return ahead > 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

function when(iso, empty = "–") {
  return iso ? h("time", { datetime: iso, title: iso }, relative(iso)) : empty;
}

// Rendered cells from Python: text (with what to show on hover, and a look), or an instant that keeps running.
function cells(values) {
  return values.flatMap((cell, at) => {
    const { time, text, title, look, tone } = cell;
    const classes = { badge: `ct-badge ct-${tone || "plain"}`, muted: "ct-muted" };
    const node = time ? when(time) : h(look === "code" ? "code" : "span", { class: classes[look], title: title || null }, text);
    return at ? [" ", node] : [node];
  });
}

// Text that gives way in its middle: the end of an id or a URL says more than what comes before it.
function cut(text) {
  const signs = Array.from(text);
  return h("span", { class: "ct-cut" }, h("span", {}, signs.slice(0, -14).join("")), h("span", {}, signs.slice(-14).join("")));
}

// A long name as a button: cut for the eye, whole for the ear and on hover.
function nameButton(name, open, { kind = "", key = name } = {}) {
  return h("button", { type: "button", class: `ct-button ct-link ct-name ${kind}`, "aria-label": name, title: name.length > 22 ? name : null, "data-key": key, onclick: open }, cut(name));
}

function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

// A form: a notebook's own shortcuts stay asleep while typing, and Escape closes.
function typing(form, close) {
  form.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close();
  });
}

// The frame of a panel: its root, its actions, its status line, and everything that cleanup undoes.
class Frame {
  constructor(model, el, kind, label, { unseen = false } = {}) {
    this.model = model;
    this.undo = [];
    this.pending = null;
    this.status = h("p", { class: "ct-status", role: "status", "aria-live": "polite" });
    this.code = h("code");
    this.folded = h("details", { class: "ct-code" }, h("summary", {}, "as code"), h("pre", {}, this.code));
    this.root = h("section", { class: "ct-panel", "data-panel": kind, "aria-label": label, "data-lm-suppress-shortcuts": "true" });
    // A letter typed on a button is meant for the panel: a notebook in command mode would cut or delete the cell.
    this.root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    });
    el.append(this.root);
    this.on("msg:custom", (message) => this.#answered(message));
    this.watch(["busy"], () => this.sync());
    this.watch(["notice"], () => this.#notice());
    this.on("change:gone", () => this.sync());
    this.watch(["lines"], () => this.#lines());
    const clock = setInterval(() => this.tick(), 1000);
    this.undo.push(() => clearInterval(clock), () => this.post({ do: "unmounted" }));
    this.post({ do: "mounted" });
    this.live = new Live(this, unseen);
  }

  on(event, handler) {
    this.model.on(event, handler);
    this.undo.push(() => this.model.off(event, handler));
  }

  // Run `update` now and whenever one of the traits changes.
  watch(traits, update) {
    for (const trait of traits) this.on(`change:${trait}`, update);
    update();
  }

  cleanup() {
    this.ended = true;
    for (const undo of this.undo.splice(0)) undo();
  }

  // Whether the service knows no such queue: said beside the title, whatever else the panel shows.
  get gone() {
    return Boolean(this.model.get("gone"));
  }

  get busy() {
    return this.pending !== null || this.model.get("busy") !== "";
  }

  // Whether the message left: once its kernel is gone, a model can send nothing any more.
  post(message) {
    try {
      this.model.send(message);
      return true;
    } catch {
      return false;
    }
  }

  send(action, args = {}) {
    if (this.busy) return;
    this.pending = `${Date.now()}-${Math.random()}`;
    if (!this.post({ do: action, args, call: this.pending })) {
      this.pending = null;
      return this.say(GONE, "", "error");
    }
    const asked = this.pending;
    setTimeout(() => {
      if (this.pending === asked) this.say(this.model.get("busy") ? WAITING : SILENT);
    }, 1500);
    this.sync();
  }

  // Something light that neither waits for an action nor keeps the buttons waiting.
  tell(action, args) {
    if (!this.post({ do: action, args })) this.say(GONE, "", "error");
  }

  #answered(message) {
    if (message?.done !== this.pending) return;
    this.pending = null;
    this.#notice();
    this.sync();
  }

  // An id of its own for each view, for labels and descriptions.
  id(name) {
    this.number ??= `ct-${Math.random().toString(36).slice(2)}`;
    return `${this.number}-${name}`;
  }

  button(label, act, { allowed = () => true, kind = "", title, type = "button", current } = {}) {
    const button = h("button", { type, class: `ct-button ct-action ${kind}`, title, onclick: act, "aria-current": current && "true" }, label);
    Object.assign(button, { allowed, frame: this });
    button.disabled = this.busy || !allowed();
    return button;
  }

  // Two steps: the first press arms for five seconds, the second acts. A double click or a held key only arms.
  armed(label, question, act, options = {}) {
    let timer = null;
    const disarm = () => {
      clearTimeout(timer);
      timer = null;
      button.textContent = label;
      button.classList.remove("ct-armed");
      this.#notice();
    };
    const press = (event) => {
      if (event.detail > 1) return;
      if (timer !== null) return disarm(), act();
      timer = setTimeout(disarm, 5000);
      button.textContent = `Confirm: ${label.toLowerCase()}`;
      button.classList.add("ct-armed");
      this.say(`${button.question?.() ?? question} Press again within 5 s.`);
    };
    const button = this.button(label, press, options);
    button.addEventListener("keydown", (event) => {
      if (event.repeat || (event.key === "Escape" && timer !== null)) event.preventDefault();
      if (event.key === "Escape" && timer !== null) disarm();
    });
    return button;
  }

  // Buttons follow `busy` and their own rule; the focus comes back, or goes to a neighbour that can be used.
  sync() {
    const focused = this.root.getRootNode().activeElement;
    if (this.busy && focused && this.root.contains(focused)) this.refocus ??= focused;
    for (const button of this.root.querySelectorAll("button.ct-action")) {
      if (button.frame !== this) continue; // of a panel within this one
      button.disabled = this.busy || !button.allowed();
    }
    this.root.setAttribute("aria-busy", String(this.busy));
    this.#markGone();
    if (!this.busy && this.refocus) this.#giveFocusBack();
  }

  #markGone() {
    this.lost ??= h("span", { class: "ct-badge ct-bad ct-lost-badge", title: "The service knows no such queue (any more)." }, "NOT FOUND");
    if (this.gone && !this.lost.isConnected) this.root.querySelector(":scope > header h3")?.after(this.lost);
    else if (!this.gone) this.lost.remove();
    this.root.classList.toggle("ct-gone", this.gone);
  }

  // What stands for a thing by its key, also after it was drawn anew.
  keyed(key) {
    return key ? this.root.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
  }

  #giveFocusBack() {
    const before = this.refocus.isConnected ? this.refocus : this.keyed(this.refocus.dataset.key) ?? this.refocus;
    this.refocus = null;
    const focused = this.root.getRootNode().activeElement;
    if (focused && focused !== before && focused !== document.body) return; // the user went elsewhere
    const usable = (button) => button.checkVisibility({ visibilityProperty: true }) && !button.disabled;
    const near = before.isConnected ? [before, ...before.parentElement.querySelectorAll("button"), ...before.closest("tr")?.querySelectorAll("button") ?? []] : [];
    const next = [...near, ...this.root.querySelectorAll("button.ct-action")].find(usable);
    next?.focus({ preventScroll: true });
  }

  say(text, hint = "", level = "") {
    this.status.className = `ct-status ${level === "error" ? "ct-error" : ""}`;
    this.status.replaceChildren(text, hint ? h("span", { class: "ct-hint" }, ` Next: ${hint}`) : "");
  }

  #notice() {
    const { text = "", hint = "", level = "" } = this.model.get("notice") ?? {};
    this.say(text, hint, level);
  }

  #lines() {
    const lines = this.model.get("lines");
    this.code.textContent = lines.length ? lines.join("\n") : "# each click appears here as a line of Python";
  }

  // When the panel was read, and whether it is being kept up to date.
  freshness(iso) {
    const words = iso ? ["updated ", when(iso)] : ["not read yet"];
    return [...words, h("span", { class: "ct-asleep", hidden: !this.live?.silent }, " · not updating: the kernel is busy or gone")];
  }

  tick() {
    for (const time of this.root.querySelectorAll("time[datetime]")) {
      const text = relative(time.getAttribute("datetime"));
      if (time.textContent !== text) time.textContent = text;
    }
  }
}

// Asks the kernel to look again every `live_s` seconds while somebody can see the panel: one question at a time, none
// from a page that is hidden, scrolled away or closed (with `unseen`: only none from a closed one). The kernel says
// when the next one is due.
class Live {
  constructor(frame, unseen) {
    this.frame = frame;
    this.unseen = unseen;
    this.onScreen = false;
    this.asked = null;
    this.silent = false;
    this.due = this.#after(this.everyS);
    const watcher = new IntersectionObserver((seen) => {
      this.onScreen = seen.at(-1).isIntersecting;
      this.plan();
    });
    watcher.observe(frame.root);
    const plan = () => this.plan();
    document.addEventListener("visibilitychange", plan);
    frame.on("msg:custom", (message) => this.#answered(message));
    frame.on("change:live_s", () => {
      this.due = this.#after(this.everyS);
      this.plan();
    });
    frame.undo.push(
      () => watcher.disconnect(),
      () => document.removeEventListener("visibilitychange", plan),
      () => clearTimeout(this.timer),
      () => clearTimeout(this.patience));
  }

  get everyS() {
    return this.frame.model.get("live_s") ?? 0;
  }

  get visible() {
    return this.unseen || this.onScreen && document.visibilityState === "visible";
  }

  plan() {
    clearTimeout(this.timer);
    if (this.asked === null && this.visible && this.everyS > 0 && this.due < Infinity && !this.frame.ended) {
      this.timer = setTimeout(() => this.#ask(), Math.max(0, this.due - Date.now()));
    }
  }

  #ask() {
    this.asked = `look-${Date.now()}-${Math.random()}`;
    const sent = this.frame.post({ do: "look", call: this.asked });
    clearTimeout(this.patience);
    if (!sent) return this.#heard(true, Infinity); // nobody is there to ask
    this.patience = setTimeout(() => { // a question that got lost is asked again, later
      this.#heard(true, PATIENCE_MS / 1000);
    }, PATIENCE_MS);
  }

  #answered(message) {
    if (!message || message.done !== this.asked) return;
    clearTimeout(this.patience);
    this.#heard(false, message.next_s);
  }

  #after(seconds) {
    return Date.now() + seconds * 1000;
  }

  #heard(silent, nextS) {
    this.asked = null;
    this.silent = silent;
    this.due = this.#after(nextS);
    for (const words of this.frame.root.querySelectorAll(".ct-asleep")) words.hidden = !silent;
    this.plan();
  }
}
