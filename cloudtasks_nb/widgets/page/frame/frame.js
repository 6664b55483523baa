// The frame of every panel: its root element, actions, status line, and cleanup.

import { BUSY, Calls, callId } from "./calls.js";
import { tickTimes, when } from "./cells.js";
import { h } from "./dom.js";
import { FocusKeeper } from "./focus.js";
import { Live } from "./live.js";
import { askForPart, moduleOf } from "./part.js";
import { Pressed } from "./pressed.js";
import { pressOnce } from "./presses.js";
import { serviceLine, stakes } from "./service.js";
import { followTheme } from "./theme.js";

const HERE_MS = 30000; // a visible view reports itself this often
export const UNREAD = "Not read yet."; // an empty table would look like an empty queue
const NO_LINES = "# each click appears here as Python";
const GONE_TITLE = "This queue does not exist any more.";

export class Frame {
  /** `unseen`: the panel also updates while it is not visible. */
  constructor(model, el, kind, label, { unseen = false } = {}) {
    this.model = model;
    this.undo = [];
    this.#build(el, kind, label);
    this.keeper = new FocusKeeper(this.root);
    this.calls = new Calls(model, {
      say: (text, level) => this.say(text, "", level),
      changed: () => this.sync(),
    });
    this.on("msg:custom", (message) => this.#hear(message));
    this.watch(["busy"], () => {
      this.calls.heard();
      this.sync();
    });
    this.on("change:progress", () => this.calls.heard());
    this.undo.push(() => this.calls.end());
    this.watch(["notice"], () => this.notice());
    this.on("change:gone", () => this.sync());
    this.watch(["lines"], () => this.#lines());
    this.every(1000, () => tickTimes(this.root));
    const view = callId("view");
    const say = (word) => this.calls.post({ do: word, view });
    this.undo.push(() => say("unmounted"));
    say("mounted");
    this.every(HERE_MS, () => this.live.visible && say("here"));
    this.live = new Live(this, unseen);
  }

  #build(el, kind, label) {
    this.status = h("p.ct-status", { role: "status", "aria-live": "polite" });
    this.code = h("code");
    this.folded = h("details.ct-code", h("summary", "as code"), h("pre", this.code));
    const names = { "data-panel": kind, "aria-label": label, "data-lm-suppress-shortcuts": "true" };
    this.root = h("section.ct-panel", names);
    pressOnce(this.root, this.undo);
    this.pressed = new Pressed(this.root, this.undo);
    // Keys typed on a button stay in the panel: a notebook in command mode would delete the cell.
    this.root.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    });
    this.lost = h("span.ct-badge.ct-bad.ct-lost-badge", { title: GONE_TITLE }, "NOT FOUND");
    this.root.append(serviceLine(this.model));
    el.append(this.root);
    followTheme(el, this.undo);
  }

  get(trait) {
    return this.model.get(trait);
  }

  on(event, handler) {
    this.model.on(event, handler);
    this.undo.push(() => this.model.off(event, handler));
  }

  /** Run `update` now and after each change of these traits; focus, caret and a press under way are kept. */
  watch(traits, update) {
    const redraw = () => this.redraw(update);
    for (const trait of traits) this.on(`change:${trait}`, () => this.afterPress(redraw));
    update();
  }

  /** Like watch, but ignores changes of only the time of the read. */
  watchFacts(traits, update) {
    const facts = (key, value) => (key === "updated" ? Boolean(value) : value);
    let before = "";
    this.watch(traits, () => {
      const now = JSON.stringify(
        traits.map((trait) => this.get(trait)),
        facts,
      );
      if (now !== before) update();
      before = now;
    });
  }

  /** Run an update by the kernel now, or after the mouse button is released. */
  afterPress(update) {
    this.pressed.after(update);
  }

  every(pauseMs, act) {
    const clock = setInterval(act, pauseMs);
    this.undo.push(() => clearInterval(clock));
  }

  cleanup() {
    this.ended = true;
    for (const undo of this.undo.splice(0)) undo();
  }

  /** Whether the queue does not exist; shown beside the title. */
  get gone() {
    return Boolean(this.get("gone"));
  }

  get busy() {
    return this.calls.busy;
  }

  /** The warning that begins each confirmation on the real service; "" on an emulator. */
  get stakes() {
    return stakes(this.model);
  }

  send(action, args) {
    this.calls.send(action, args);
  }

  /** Send a light action, after any typed text that was not sent yet. */
  tell(action, args) {
    this.sendTyped?.();
    this.calls.tell(action, args);
  }

  #hear(message) {
    if (!this.calls.answered(message)) return;
    if (message.dropped) this.say(BUSY);
    else this.notice();
    this.sync();
  }

  /** An element id that is unique for each view, for labels and descriptions. */
  id(name) {
    this.number ??= `ct-${Math.random().toString(36).slice(2)}`;
    return `${this.number}-${name}`;
  }

  /** A button that is disabled while an action runs, and while `allowed` returns false. */
  button(label, act, { allowed, kind = "", title, type = "button", current } = {}) {
    const attributes = { type, title, onclick: act, "aria-current": current && "true" };
    return this.control(h("button", { class: `ct-button ${kind}`, ...attributes }, label), allowed);
  }

  /** Disable a button, input or select like a button of this frame. */
  control(node, allowed = () => true) {
    node.classList.add("ct-action");
    Object.assign(node, { allowed, frame: this });
    node.disabled = this.busy || !allowed();
    return node;
  }

  /** Load a part of the script on demand. */
  part(name) {
    return new Promise((done) => {
      const got = async ({ code }) => {
        const loaded = await moduleOf(code);
        if (!this.ended) this.afterPress(() => done(loaded));
      };
      this.undo.push(askForPart(this.model, name, got));
    });
  }

  /** Enable or disable all controls, and restore the focus after an action. */
  sync() {
    if (this.busy) this.keeper.remember();
    for (const control of this.root.querySelectorAll(".ct-action")) {
      if (control.frame !== this) continue; // belongs to a nested panel
      control.disabled = this.busy || !control.allowed();
    }
    this.root.setAttribute("aria-busy", String(this.busy));
    this.#markGone();
    if (!this.busy) this.keeper.giveBack();
  }

  #markGone() {
    if (!this.gone) this.lost.remove();
    else if (!this.lost.isConnected) this.root.querySelector(":scope > header h3")?.after(this.lost);
    this.root.classList.toggle("ct-gone", this.gone);
  }

  /** The element with this key, also after it was drawn again. */
  keyed(key) {
    return this.keeper.keyed(key);
  }

  focusOn(key) {
    this.focusBack(this.keyed(key));
  }

  /** Return the focus to `node` as soon as it is enabled. */
  focusBack(node) {
    this.keeper.back(node);
  }

  /** Draw again; focus and caret are kept. */
  redraw(draw) {
    this.keeper.during(draw);
  }

  say(text, hint = "", level = "") {
    this.status.className = `ct-status ${level === "error" ? "ct-error" : ""}`;
    this.status.replaceChildren(text, hint ? h("span.ct-hint", ` Next: ${hint}`) : "");
  }

  /** Show the message of the last action. */
  notice() {
    const { text = "", hint = "", level = "" } = this.get("notice") ?? {};
    this.say(text, hint, level);
  }

  #lines() {
    this.code.textContent = this.get("lines").join("\n") || NO_LINES;
  }

  /** Words for the time of the last read, and for a panel that does not update. */
  freshness(iso) {
    const words = iso ? ["updated ", when(iso)] : ["not read yet"];
    const asleep = { class: "ct-asleep", hidden: !this.live?.silent };
    return [...words, h("span", asleep, " · not updating: the kernel is busy or gone")];
  }
}
