// The table of leases: each with a countdown, and buttons that work until it ends.

import { armed } from "../frame/armed.js";
import { nameButton } from "../frame/cells.js";
import { buttons, h, muted, tableHead } from "../frame/dom.js";
import { UNREAD } from "../frame/frame.js";
import { duration, number } from "../frame/words.js";

const SOON_MS = 15000;
const LONG_TAG = 14;
const STATES = { acknowledged: "acknowledged", returned: "given back", lost: "lost" };
const COLUMNS = ["Task", "Lease ends", "Tag", "Leased", "Payload"];

/** The remaining time of a lease in ms, by the kernel's clock; 0 after it ended. */
export function leftMs({ state, ends }, aheadMs, now) {
  return state === "held" && ends ? Date.parse(ends) - now - aheadMs : 0;
}

/** The state of a lease: its words and their look. */
export function standing(state, left) {
  if (state === "lost") return { words: STATES.lost, look: "ct-lost" };
  if (state !== "held") return { words: STATES[state], look: "" };
  if (left <= 0) return { words: "expired", look: "" };
  return { words: duration(Math.ceil(left / 1000)), look: left < SOON_MS ? "ct-soon" : "ct-safe" };
}

function nothingWords(isReadOnly, updated) {
  if (!isReadOnly) return "No tasks leased here yet.";
  return updated ? "None of the first 1,000 tasks is leased." : UNREAD;
}

export class Leases {
  /** The workbench sets `seconds`, which returns the duration of a renewed lease; false if it is invalid. */
  constructor(frame, open) {
    this.frame = frame;
    this.open = open;
    this.isReadOnly = frame.get("read_only");
    this.names = this.isReadOnly ? COLUMNS : [...COLUMNS, "Finish"];
    this.caption = h("caption");
    this.body = h("tbody");
    const head = tableHead(this.names, (name) => (name === "Leased" ? "ct-number" : null));
    const table = h("table.ct-data.ct-leases", this.caption, head, this.body);
    this.node = h("div.ct-scroll", table);
  }

  left(row) {
    return leftMs(row, this.frame.get("place").ahead_ms, Date.now());
  }

  get held() {
    return this.frame.get("leases").filter((row) => this.left(row) > 0);
  }

  fill() {
    const { id, location, updated } = this.frame.get("place");
    this.caption.textContent = `Leases of ${location}/${id}`;
    const rows = this.frame.get("leases").map((row) => this.#row(row));
    const words = nothingWords(this.isReadOnly, updated);
    const nothing = h("td.ct-nothing", { colspan: this.names.length }, words);
    this.frame.redraw(() => this.body.replaceChildren(...(rows.length ? rows : [h("tr", nothing)])));
    this.tick();
  }

  /** Update the countdowns, and disable the buttons of leases that ended. */
  tick() {
    let isChanged = false;
    const held = this.held.length;
    for (const node of this.body.querySelectorAll("tr[data-id]")) {
      const left = this.left(node.row);
      const { words, look } = standing(node.row.state, left);
      if (node.ends.textContent !== words) node.ends.textContent = words;
      node.ends.className = `ct-left ${look}`;
      const isOver = left <= 0;
      if (node.classList.contains("ct-over") === isOver) continue;
      node.classList.toggle("ct-over", isOver);
      isChanged = true;
    }
    if (isChanged) this.frame.sync();
    const areOver = this.count > 0 && held === 0;
    if (areOver) this.frame.calls.post({ do: "look" }); // Python then tells the user
    this.count = held;
  }

  #row(row) {
    const { id, ends, note, tag, leased, payload } = row;
    const left = h("span.ct-left");
    const node = h(
      "tr",
      { "data-id": id },
      h(
        "th",
        { scope: "row" },
        nameButton(id, () => this.open(id), { kind: "ct-mono" }),
      ),
      h("td", { title: note || ends }, left, note ? muted(` ${note}`) : null),
      h("td.ct-tag.ct-clip", { title: tag.length > LONG_TAG ? tag : null }, tag || "–"),
      h("td.ct-number", `${number(leased)} ×`),
      h("td.ct-mono.ct-peek.ct-clip", { title: payload || null }, payload || "–"),
      this.isReadOnly ? null : h("td.ct-finish", buttons(this.#verbs(row))),
    );
    return Object.assign(node, { row, ends: left });
  }

  #verbs(row) {
    const { frame } = this;
    const { id } = row;
    const allowed = () => this.left(row) > 0;
    const small = { allowed, kind: "ct-small" };
    const named = (button, words) => {
      button.setAttribute("aria-label", `${words} ${id}`);
      button.dataset.key = `${words} ${id}`;
      return button;
    };
    const act = (action, more) => frame.send(action, { task_id: id, ...more });
    const renew = () => act("renew", { lease_duration: this.seconds() });
    const acknowledge = () => act("acknowledge");
    const done = armed(frame, "Acknowledge", `Acknowledge ${id}? This deletes the task.`, acknowledge, {
      allowed,
      kind: "ct-small ct-quiet-danger",
    });
    // Its text changes when it is armed, so an aria-label must not replace it.
    done.title = `Acknowledge ${id}`;
    done.dataset.key = `Acknowledge ${id}`;
    return [
      named(frame.button("Renew", renew, { ...small, allowed: () => allowed() && this.seconds() }), "Renew"),
      named(
        frame.button("Give back", () => act("give_back"), small),
        "Give back",
      ),
      done,
    ];
  }
}
