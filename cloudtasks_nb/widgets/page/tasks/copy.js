// The form that copies tasks into another queue.

import { FEW } from "../frame/armed.js";
import { field, h, textInput } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";
import { plural } from "../frame/words.js";

function queueInput(frame) {
  const id = frame.id("queues");
  const list = h("datalist", { id });
  frame.watch(["queues"], () =>
    list.replaceChildren(...frame.get("queues").map((value) => h("option", { value }))),
  );
  frame.tell("list_queues", {});
  return { input: textInput({ list: id, placeholder: "queue id, location/queue, or full name" }), list };
}

export function copyForm(frame, { which, count, words, among, close }) {
  const { input, list } = queueInput(frame);
  const isMany = count > FEW || which === "matching";
  const typed = isMany ? textInput({ inputmode: "numeric", placeholder: String(count) }) : null;
  const ready = () => input.value.trim() !== "" && (!typed || typed.value.trim() === String(count));
  const act = () => {
    frame.send("copy_tasks", { to: input.value.trim(), which, confirm: String(count) });
    close();
  };
  const created = `Create ${words} in another queue, payloads included, under new ids. ${among}`;
  const form = actionForm(
    frame,
    { label: "Copy tasks", submit: `Copy ${plural(count, "task")}`, ready, act, close },
    h("p", `${created} These stay where they are.`),
    field("Copy to", input, list),
    typed ? field(`Type ${count}, how many that is`, typed) : null,
  );
  return { form, first: input };
}
