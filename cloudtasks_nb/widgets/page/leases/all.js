// Buttons that act on all leases held here.

import { armed, armedForFew, FEW } from "../frame/armed.js";
import { buttons, h } from "../frame/dom.js";
import { confirmForm } from "../frame/forms.js";
import { among, number, plural } from "../frame/words.js";

function acknowledgeAll(frame, leases, show) {
  const count = () => leases.held.length;
  const act = (confirm) => frame.send("acknowledge_all", { confirm });
  const kind = "ct-quiet-danger";
  const options = { kind, allowed: () => count() > 0 };
  let asked = ""; // the number in the question
  const button = armed(frame, "Acknowledge all", "", () => act(asked), options);
  const ids = () => leases.held.map((row) => row.id);
  button.question = () => {
    asked = String(count());
    return `Acknowledge ${plural(count(), "task")}? Acknowledged tasks are deleted. ${among(ids())}`;
  };
  const ask = () => {
    const tasks = plural(count(), "task");
    const words = `Acknowledging deletes ${tasks}. ${among(ids())}`;
    const named = { label: `Acknowledge ${tasks}`, words, count: count(), id: frame.get("place").id };
    show((close) => confirmForm(frame, { ...named, act, close }), button);
  };
  return armedForFew(button, () => count() <= FEW, ask);
}

/** The bar, and a `tick` that updates the count, because leases expire. */
export function allBar(frame, leases, seconds, show) {
  const count = () => leases.held.length;
  const verb = (label, act, allowed) => frame.button(label, act, { allowed });
  const some = () => count() > 0;
  const hasFinished = () => frame.get("leases").length > count();
  const held = h("span.ct-muted.ct-held", { title: "as data: workbench.tasks" });
  const tick = () => {
    const words = `${number(count())} held`;
    if (held.textContent !== words) held.textContent = words;
  };
  const verbs = buttons(
    verb(
      "Renew all",
      () => frame.send("renew_all", { lease_duration: seconds() }),
      () => some() && seconds(),
    ),
    verb("Give back all", () => frame.send("give_back_all"), some),
    acknowledgeAll(frame, leases, show),
    verb("Remove finished", () => frame.tell("clear", {}), hasFinished),
  );
  return { bar: h("div.ct-verbs", held, verbs), tick };
}
