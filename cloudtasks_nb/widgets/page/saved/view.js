// The saved view of a panel: facts, a table and sections, without buttons.

import { cells } from "../frame/cells.js";
import { h, muted } from "../frame/dom.js";
import { factsList, sectionFold } from "../frame/sections.js";
import { followTheme } from "../frame/theme.js";

const PATIENCE_MS = 2000; // a live kernel has replaced this view by then

function dataTable({ title, columns, rows, align }) {
  const look = (at) => (align[at] === "right" ? "ct-number" : null);
  const heads = columns.map((name, at) => h("th", { scope: "col", class: look(at) }, name));
  const body = rows.map(([first, ...others]) =>
    h(
      "tr",
      h("th", { scope: "row" }, cells(first)),
      others.map((value, at) => h("td", { class: look(at + 1) }, cells(value))),
    ),
  );
  const table = h("table.ct-data", h("caption", title), h("thead", h("tr", heads)), h("tbody", body));
  return h("div.ct-scroll", { tabindex: "0", role: "group", "aria-label": title }, table);
}

export class SavedView {
  constructor(model, el) {
    Object.assign(this, { model, undo: [], isSaved: false });
    this.root = h("section.ct-panel.ct-saved");
    el.append(this.root);
    followTheme(el, this.undo);
    const draw = () => this.#draw();
    model.on("change:kept", draw);
    const timer = setTimeout(() => {
      this.isSaved = true;
      draw();
    }, PATIENCE_MS);
    this.undo.push(() => {
      clearTimeout(timer);
      model.off("change:kept", draw);
      this.root.remove();
    });
    draw();
  }

  end() {
    for (const undo of this.undo.splice(0)) undo();
  }

  #draw() {
    const { title = "", kind, badge = [], facts = [], table, closing = [], sections = [], read } = this.#kept;
    const note = h("p.ct-muted", "To act, run the cell of this panel again.");
    const view = [
      h("header", h("h3", title), cells(badge), muted(kind), h("span.ct-muted.ct-where", this.#when(read))),
      facts.length ? factsList(facts) : null,
      table ? dataTable({ title, ...table }) : null,
      closing.map((line) => h("p.ct-muted", line)),
      sections.map(sectionFold),
      this.isSaved ? note : null,
    ];
    this.root.setAttribute("aria-label", title);
    this.root.replaceChildren(...view.flat().filter(Boolean));
  }

  get #kept() {
    return this.model.get("kept") ?? {};
  }

  #when(read) {
    const words = read ? `read at ${read}` : "not read";
    return this.isSaved ? `saved view, ${words}` : words;
  }
}
