// Draws the widget of the open queue, with its own script and model.

import { h, pushButton } from "../frame/dom.js";
import { askForPart, moduleOf } from "../frame/part.js";

/** The query that finds the tasks whose last attempt failed. */
export const FAILING = "code:error";
const TRIES = 20;
const PAUSE_MS = 100;

export class Opened {
  /** `close` is the name of the action that closes the widget. */
  constructor(frame, close = "close_queue") {
    Object.assign(this, { frame, close });
    this.node = h("section.ct-opened");
    frame.undo.push(() => this.#end());
  }

  #end() {
    this.undo?.();
    this.undo = null;
  }

  async show() {
    const opening = this.frame.get("opening");
    const { model: id } = opening;
    if (id === this.id) return;
    this.id = id;
    this.#end();
    if (!id) return this.node.replaceChildren();
    const box = h("div");
    this.node.replaceChildren(this.#tabs(opening), box);
    try {
      await this.#draw(id, box);
    } catch {
      const code = h("code", "explorer.opened");
      box.replaceChildren(h("p.ct-muted", "Show it in another cell: ", code));
    }
  }

  async #draw(id, el) {
    const model = await this.#model(id);
    const { code, css } = await new Promise((done) => {
      this.undo = askForPart(model, "panel", done);
    });
    const { default: widget } = await moduleOf(code);
    if (this.id !== id || this.frame.ended) return; // another queue was opened in the meantime
    el.append(h("style", css));
    this.undo = await widget.render({ model, el });
  }

  // The page may learn of the model a moment later than it learns the model's id.
  async #model(id) {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.frame.model.widget_manager.get_model(id);
      } catch (error) {
        if (tries >= TRIES || this.id !== id) throw error;
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
    }
  }

  #tabs({ name, view, views = [] }) {
    const { frame } = this;
    const tab = ([verb, words]) => {
      const isOn = verb === view;
      const open = () => isOn || frame.send("open_queue", { name, view: verb });
      return frame.button(words, open, { kind: `ct-tab ${isOn ? "ct-on" : ""}`, current: isOn });
    };
    const names = { class: "ct-buttons ct-tabs", "aria-label": "Views of the queue" };
    const close = pushButton("Close", () => frame.tell(this.close, {}), { kind: "ct-small ct-where" });
    return h("div.ct-bar", h("nav", names, views.map(tab)), close);
  }
}
