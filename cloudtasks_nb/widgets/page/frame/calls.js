// Sends one action at a time: while a response is pending, the page sends no other action. The wait ends
// after a timeout, because messages can be lost.

export const SILENT = "Waiting for the kernel. If it was restarted, run this cell again.";
export const WAITING = "Waiting for the service…";
export const GONE = "The kernel is gone. Run this cell again.";
export const BUSY = "Another action is running. Nothing done.";
const IMPATIENT_MS = 1500;
export const NEWS_MS = 15000; // after this silence, ask the kernel whether the action still runs
const NO_WORD = "No response from the kernel for 30 s. The action starts when no cell runs.";
const SOON_MS = 2000; // the response may arrive shortly after the kernel's "alive" message

/** An id that no other call of this page has. */
export function callId(kind = "call") {
  return `${kind}-${Date.now()}-${Math.random()}`;
}

const unknown = (action) =>
  `“${action.replaceAll("_", " ")}” may have been done: check before you repeat it.`;

export class Calls {
  /** `say` shows words in the status line; `changed` runs when an action begins or is over. */
  constructor(model, { say, changed }) {
    Object.assign(this, { model, say, changed, pending: null, late: null, isGivenUp: false });
  }

  /** The name of the action that the kernel reports as running; "" once the page gave up waiting. */
  get #theirs() {
    return this.isGivenUp ? "" : this.model.get("busy");
  }

  get busy() {
    return this.pending !== null || this.#theirs !== "";
  }

  /** Returns whether the message was sent: a model cannot send after its kernel is gone. */
  post(message) {
    try {
      this.model.send(message);
      return true;
    } catch {
      return false;
    }
  }

  /** Send an action and wait for its response. While another action runs, only say so. */
  send(action, args = {}) {
    if (this.busy) return this.say(BUSY);
    const call = callId();
    Object.assign(this, { pending: call, action }); // first, because the response may arrive immediately
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

  /** Send a light action: it does not wait for other actions and does not disable the buttons. */
  tell(action, args) {
    if (!this.post({ do: action, args })) this.say(GONE, "error");
  }

  /** The kernel sent a sign of life: an action began, ended, or made progress. */
  heard() {
    this.isGivenUp = false;
    this.#wait();
  }

  /** Returns whether the message is the response to the running action, or to one that was given up. */
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

  // The kernel responded "alive": the action still runs; or the kernel is idle, and a message was lost.
  #stillAt(action) {
    if (!this.busy) return;
    if (action) return this.#wait();
    this.#later(SOON_MS, () => this.#giveUp("The kernel is idle: a message was lost."));
  }

  #giveUp(why) {
    const action = (this.pending && this.action) || this.#theirs;
    Object.assign(this, { late: this.pending, pending: null, isGivenUp: true });
    this.say(`${why} ${unknown(action)}`, "error");
    this.changed();
  }
}
