// What to do with tasks: with the selected ones, or with all that match. Which of the two is always said.

import { armedForFew, FEW } from "../frame/armed.js";
import { buttons, h, pushButton } from "../frame/dom.js";
import { confirmForm } from "../frame/forms.js";
import { number, plural } from "../frame/words.js";
import { copyForm, rescheduleForm } from "./copy.js";
import { exportForm } from "./export.js";
import { matchingWords, scopeWords } from "./scope.js";

const TITLES = {
  selected: "as data: browser.selection, browser.tasks",
  matching: "as data: browser.matching",
};

// The tasks that verbs act on: a choice of two, and how many each of them means.
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

  get count() {
    return this.frame.get(this.isAll ? "order" : "selected").length;
  }

  get words() {
    if (!this.isAll) return plural(this.count, "selected task");
    return `${plural(this.count, "task")} that match, of ${scopeWords(this.frame.get("place"))}`;
  }

  say() {
    this.selected.label.textContent = `${number(this.frame.get("selected").length)} selected`;
    this.matching.label.textContent = matchingWords(this.frame.get("place"), this.frame.get("order").length);
  }
}

// Two presses for a few selected tasks; a typed number for many and for whatever a filter found.
function careful(frame, target, show, { label, action, sentence, danger }) {
  const act = (confirm, which = target.which) => frame.send(action, { which, confirm });
  const kind = danger ? "ct-small ct-quiet-danger" : "ct-small";
  const button = frame.armed(label, "", () => act(String(target.count)), {
    kind,
    allowed: () => target.count > 0,
  });
  button.question = () => sentence(target.words);
  const ask = () => {
    const { which, count } = target;
    const words = sentence(target.words);
    const { id } = frame.get("place");
    const named = { label: `${label} ${plural(count, "task")}`, words, count, id, danger };
    show((close) => confirmForm(frame, { ...named, act: (typed) => act(typed, which), close }), button);
  };
  return armedForFew(button, () => !target.isAll && target.count <= FEW, ask);
}

function opener(frame, target, show, label, build) {
  const open = () => {
    const { which, count, words } = target;
    show((close) => build(frame, { which, count, words, close }), button);
  };
  const button = frame.button(label, open, { kind: "ct-small", allowed: () => target.count > 0 });
  return button;
}

export function verbBar(frame, show) {
  const target = new Target(frame, () => update());
  const verb = (about) => careful(frame, target, show, about);
  const opening = (label, build) => opener(frame, target, show, label, build);
  const run = verb({
    label: "Run",
    action: "run_tasks",
    sentence: (tasks) => `Send ${tasks} now.`,
    danger: false,
  });
  const deletion = {
    label: "Delete",
    action: "delete_tasks",
    sentence: (tasks) => `Delete ${tasks} for good.`,
  };
  const changing = frame.get("read_only")
    ? []
    : [
        run,
        verb({ ...deletion, danger: true }),
        opening("Reschedule…", rescheduleForm),
        opening("Copy to…", copyForm),
      ];
  const clear = pushButton("Clear selection", () => frame.tell("clear_selection", {}), { kind: "ct-small" });
  const verbs = buttons(changing, opening("Export…", exportForm), clear);
  const bar = h("div.ct-verbs", { role: "group", "aria-label": "Act on tasks" }, target.node, verbs);
  const update = () => {
    target.say();
    run.hidden = !frame.get("place").can_run;
    clear.hidden = frame.get("selected").length === 0;
    bar.classList.toggle("ct-wide-target", target.isAll);
    frame.sync();
  };
  frame.watch(["selected", "order", "place"], update);
  return bar;
}
