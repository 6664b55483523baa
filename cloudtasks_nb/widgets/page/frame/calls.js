// Actions that act once: while an answer is awaited, no other action leaves the page. Waiting has an
// end, because messages get lost.

export const SILENT = "Waiting for the kernel. If it was restarted, run this cell again.";
export const WAITING = "Waiting for the service…";
export const GONE = "The kernel is gone. Run this cell again.";
export const BUSY = "Another action is under way. Nothing done.";
const IMPATIENT_MS = 1500;
export const NEWS_MS = 15000; // without news for so long, the kernel is asked whether it is still at it
const NO_WORD = "No word from the kernel for 30 s. If it runs a cell, the action follows.";
const SOON_MS = 2000; // an answer may follow what the kernel says of it

/** An id that no other call of this page has. */
export function callId(kind = "call") {
  return `${kind}-${Date.now()}-${Math.random()}`;
}

const unknown = (action) =>
  `Whether “${action.replaceAll("_", " ")}” was done is not known: look before you press it again.`;

export class Calls {
  /** `say` shows words in the status line; `changed` runs when an action begins or is over. */
  constructor(model, { say, changed }) {
    Object.assign(this, { model, say, changed, pending: null, late: null, isGivenUp: false });
  }

  /** The name of the action that the kernel says is under way, until it was given up. */
  get #theirs() {
    return this.isGivenUp ? "" : this.model.get("busy");
  }

  get busy() {
    return this.pending !== null || this.#theirs !== "";
  }

  /** Whether the message left: once its kernel is gone, a model can send nothing any more. */
  post(message) {
    try {
      this.model.send(message);
      return true;
    } catch {
      return false;
    }
  }

  /** An action that waits for its answer. Dropped while another one is under way. */
  send(action, args = {}) {
    if (this.busy) return;
    const call = callId();
    Object.assign(this, { pending: call, action }); // before the message: an answer may come at once
    if (!this.post({ do: action, args, call })) {
      this.pending = null;
      this.say(GONE, "error");
      return;
    }
    setTimeout(() => {
      if (this.pending === call) this.say(this.model.get("busy") ? WAITING : SILENT);
    }, IMPATIENT_MS);
    this.#wait();
    this.changed();
  }

  /** Something light that neither waits for an action nor keeps the buttons waiting. */
  tell(action, args) {
    if (!this.post({ do: action, args })) this.say(GONE, "error");
  }

  /** The kernel began or ended an action, or says how far it is: there is somebody. */
  heard() {
    this.isGivenUp = false;
    this.#wait();
  }

  /** Whether the message answered the action under way, or one that was given up. */
  answered(message) {
    if (message?.alive !== undefined) this.#stillAt(message.alive);
    if (!message?.done || ![this.pending, this.late].includes(message.done)) return false;
    if (message.done === this.pending) this.pending = null;
    this.late = null;
    this.#wait();
    return true;
  }

  end() {
    clearTimeout(this.timer);
  }

  #later(pauseMs, act) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.busy && act(), pauseMs);
  }

  #wait() {
    if (!this.busy) return this.end();
    this.#later(NEWS_MS, () => {
      const isSent = this.post({ do: "alive?" });
      this.#later(isSent ? NEWS_MS : 0, () => this.#giveUp(NO_WORD));
    });
  }

  // The kernel answered: what it does is under way, or it does nothing, and a message got lost.
  #stillAt(action) {
    if (!this.busy) return;
    if (action) return this.#wait();
    this.#later(SOON_MS, () => this.#giveUp("The kernel does nothing: a message got lost."));
  }

  #giveUp(why) {
    const action = (this.pending && this.action) || this.#theirs;
    Object.assign(this, { late: this.pending, pending: null, isGivenUp: true });
    this.say(`${why} ${unknown(action)}`, "error");
    this.changed();
  }
}
