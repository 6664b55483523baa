// Buttons that act on the selected tasks, or on all that match. The page always shows which.

import { armed, armedForFew, FEW } from "../frame/armed.js";
import { buttons, h, pushButton } from "../frame/dom.js";
import { confirmForm } from "../frame/forms.js";
import { among, number, plural } from "../frame/words.js";
import { copyForm, rescheduleForm } from "./copy.js";
import { exportForm } from "./export.js";
import { foundWords, matchingWords, selectedWords } from "./scope.js";

const TITLES = {
  selected: "as data: browser.selection, browser.tasks",
  matching: "as data: browser.matching",
};

// The choice between selected and matching tasks, each with its number.
class Target {
  constructor(frame, update) {
    this.frame = frame;
    const name = frame.id("which");
    const options = Object.entries(TITLES).map(([value, title]) => {
      const radio = h("input", { type: "radio", name, value });
      radio.addEventListener("change", update);
      this[value] = { radio, label: h("span") };
      return h("label", { title }, radio, this[value].label);
    });
    this.selected.radio.checked = true;
    this.node = h("fieldset.ct-which", h("legend", "Act on"), options);
  }

  get isAll() {
    return this.matching.radio.checked;
  }

  get which() {
    return this.isAll ? "matching" : "selected";
  }

  get ids() {
    return this.isAll ? this.frame.get("table").ids : this.frame.get("ticked").among;
  }

  get count() {
    return this.isAll ? this.frame.get("place").matched : this.frame.get("ticked").count;
  }

  /** Whether there are any tasks, and the rows match the filter in the box. */
  get isReady() {
    return this.count > 0 && this.frame.isSettled;
  }

  get words() {
    const place = this.frame.get("place");
    if (this.isAll) return foundWords(this.count, place);
    return selectedWords(this.count, place.hidden, place);
  }

  /** The tasks shown now. The kernel refuses to act on others. */
  get seen() {
    const { which } = this;
    return { which, stamp: this.frame.get(this.isAll ? "place" : "ticked").stamp };
  }

  /** A text that changes when the tasks of a form change. */
  get about() {
    const { which, stamp } = this.seen;
    return [which, this.frame.get("place").query, stamp].join("\n");
  }

  say() {
    this.selected.label.textContent = `${number(this.frame.get("ticked").count)} selected`;
    this.matching.label.textContent = matchingWords(this.frame.get("place"), this.frame.get("place").matched);
  }
}

// Needs two presses for a few selected tasks; a typed number for many, and for all that match.
function careful(frame, target, slot, { label, action, danger, after }) {
  let asked = null; // the tasks of the question
  const act = (confirm, seen) => frame.send(action, { ...seen, confirm });
  const kind = danger ? "ct-small ct-quiet-danger" : "ct-small";
  const options = { kind, allowed: () => target.isReady };
  const button = armed(frame, label, "", () => act(asked.count, asked.seen), options);
  button.question = () => {
    asked = { count: String(target.count), seen: target.seen };
    return `${label} ${target.words}${after}. ${among(target.ids)}`;
  };
  const ask = () => {
    const { seen, count } = target;
    const named = { label: `${label} ${plural(count, "task")}`, words: button.question(), danger };
    const { id } = frame.get("place");
    const build = (close) =>
      confirmForm(frame, { ...named, count, id, act: (typed) => act(typed, seen), close });
    slot.show(build, button, target.about);
  };
  return armedForFew(button, () => !target.isAll && target.count <= FEW, ask);
}

function opener(frame, target, slot, label, build) {
  const open = () => {
    const { seen, count, words, ids } = target;
    const about = { seen, count, words, among: among(ids) };
    slot.show((close) => build(frame, { ...about, close }), button, target.about);
  };
  const button = frame.button(label, open, { kind: "ct-small", allowed: () => target.isReady });
  return button;
}

const RUN = { label: "Run", action: "run_tasks", danger: false, after: " now" };
const DELETE = { label: "Delete", action: "delete_tasks", danger: true, after: " for good" };
const CHANGED = "The tasks changed while the form was open. It was closed, and nothing was done.";

export function verbBar(frame, slot) {
  const target = new Target(frame, () => update());
  const opening = (label, build) => opener(frame, target, slot, label, build);
  const [run, drop] = [RUN, DELETE].map((about) => careful(frame, target, slot, about));
  const again = () => [opening("Reschedule…", rescheduleForm), opening("Copy to…", copyForm)];
  const changing = frame.get("read_only") ? [] : [run, drop, ...again()];
  const clear = pushButton("Clear selection", () => frame.tell("clear_selection", {}), { kind: "ct-small" });
  const verbs = buttons(changing, opening("Export…", exportForm), clear);
  const bar = h("div.ct-verbs", { role: "group", "aria-label": "Act on tasks" }, target.node, verbs);
  slot.isOutdated = () => slot.about !== null && slot.about !== target.about;
  const update = () => {
    target.say();
    run.hidden = !frame.get("place").can_run;
    clear.hidden = frame.get("ticked").count === 0;
    bar.classList.toggle("ct-wide-target", target.isAll);
    if (slot.isOutdated()) {
      slot.close();
      frame.say(CHANGED);
    }
    frame.sync();
  };
  frame.watch(["ticked", "place"], update);
  return bar;
}
