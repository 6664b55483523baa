// Asks the kernel for an update while the panel is visible: one request at a time, and none from a page that
// is hidden, scrolled away or closed. Each response contains the time of the next request.

import { callId } from "./calls.js";

export const PATIENCE_MS = 20000; // timeout of an update
const HELD_S = 1; // pause until the next check of `isHeld`

const after = (seconds) => Date.now() + seconds * 1000;

export class Live {
  /** `unseen`: also update while the panel is not visible. */
  constructor(frame, unseen) {
    Object.assign(this, { frame, unseen, onScreen: false, asked: null, silent: false });
    this.due = after(this.everyS);
    this.#watch();
    frame.on("msg:custom", (message) => this.#answered(message));
    frame.on("change:live_s", () => {
      this.due = after(this.everyS);
      this.plan();
    });
    frame.undo.push(() => {
      clearTimeout(this.timer);
      clearTimeout(this.patience);
    });
  }

  #watch() {
    const watcher = new IntersectionObserver((seen) => {
      this.onScreen = seen.at(-1).isIntersecting;
      this.plan();
    });
    watcher.observe(this.frame.root);
    const plan = () => this.plan();
    document.addEventListener("visibilitychange", plan);
    this.frame.undo.push(() => {
      watcher.disconnect();
      document.removeEventListener("visibilitychange", plan);
    });
  }

  get everyS() {
    return this.frame.get("live_s") ?? 0;
  }

  get visible() {
    return this.unseen || (this.onScreen && document.visibilityState === "visible");
  }

  /** Whether an update would disturb the user: a confirmation is open, or text is selected. */
  get isHeld() {
    const { root } = this.frame;
    const { isCollapsed, anchorNode } = getSelection() ?? {};
    const isMarked = isCollapsed === false && root.contains(anchorNode);
    return !this.unseen && (isMarked || Boolean(root.querySelector(".ct-armed, .ct-slot form")));
  }

  get wanted() {
    const isPossible = this.due < Number.POSITIVE_INFINITY && !this.frame.ended;
    return this.asked === null && this.visible && this.everyS > 0 && isPossible;
  }

  plan() {
    clearTimeout(this.timer);
    if (this.wanted) this.timer = setTimeout(() => this.#ask(), Math.max(0, this.due - Date.now()));
  }

  #ask() {
    if (this.isHeld) {
      this.due = after(HELD_S);
      return this.plan();
    }
    this.asked = callId("look");
    clearTimeout(this.patience);
    if (!this.frame.calls.post({ do: "look", call: this.asked })) {
      this.#heard(true, Number.POSITIVE_INFINITY); // the kernel is gone
      return;
    }
    // If the request is lost, ask again later.
    this.patience = setTimeout(() => this.#heard(true, PATIENCE_MS / 1000), PATIENCE_MS);
  }

  #answered(message) {
    if (!message || message.done !== this.asked) return;
    clearTimeout(this.patience);
    this.#heard(false, message.next_s);
  }

  #heard(silent, nextS) {
    this.asked = null;
    this.silent = silent;
    this.due = after(nextS);
    for (const words of this.frame.root.querySelectorAll(".ct-asleep")) words.hidden = !silent;
    this.plan();
  }
}
