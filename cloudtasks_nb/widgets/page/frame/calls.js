// Actions that act once: while an answer is awaited, no other action leaves the page.

export const SILENT = "Waiting for the kernel. If it was restarted, run this cell again.";
export const WAITING = "Waiting for the service…";
export const GONE = "The kernel of this panel is gone. Run this cell again.";
const IMPATIENT_MS = 1500;

/** An id that no other call of this page has. */
export function callId(kind = "call") {
  return `${kind}-${Date.now()}-${Math.random()}`;
}

export class Calls {
  /** `say` shows words in the status line; `changed` runs when an action begins or is answered. */
  constructor(model, { say, changed }) {
    Object.assign(this, { model, say, changed, pending: null });
  }

  get busy() {
    return this.pending !== null || this.model.get("busy") !== "";
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
    this.pending = call; // before the message: an answer may come at once
    if (!this.post({ do: action, args, call })) {
      this.pending = null;
      this.say(GONE, "error");
      return;
    }
    setTimeout(() => {
      if (this.pending === call) this.say(this.model.get("busy") ? WAITING : SILENT);
    }, IMPATIENT_MS);
    this.changed();
  }

  /** Something light that neither waits for an action nor keeps the buttons waiting. */
  tell(action, args) {
    if (!this.post({ do: action, args })) this.say(GONE, "error");
  }

  /** Whether the message answered the action under way. */
  answered(message) {
    if (this.pending === null || message?.done !== this.pending) return false;
    this.pending = null;
    return true;
  }
}
