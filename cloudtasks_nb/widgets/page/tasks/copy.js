// The forms that create tasks again: in another queue, or at another time.

import { FEW } from "../frame/armed.js";
import { field, h, textInput } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";
import { plural } from "../frame/words.js";

// A form with one text input, and the number of tasks to confirm; `about` has its words and its action.
function againForm(frame, { seen, count, words, among, close }, about) {
  const { verb, name, asked, hint, where, after, list, send } = about;
  const input = textInput({ list: list?.id ?? null, placeholder: hint });
  const isMany = count > FEW || seen.which === "matching";
  const typed = isMany ? textInput({ inputmode: "numeric", placeholder: String(count) }) : null;
  const ready = () => input.value.trim() !== "" && (!typed || typed.value.trim() === String(count));
  const act = () => {
    frame.send(send, { [name]: input.value.trim(), ...seen, confirm: String(count) });
    close();
  };
  const form = actionForm(
    frame,
    { label: `${verb} tasks`, submit: `${verb} ${plural(count, "task")}`, ready, act, close },
    h("p", `${verb} ${words}${where}. ${among} ${after}`),
    field(asked, input, list),
    typed ? field(`Type ${count}, the number of tasks`, typed) : null,
  );
  return { form, first: input };
}

export function copyForm(frame, target) {
  const list = h("datalist", { id: frame.id("queues") });
  frame.watch(["queues"], () =>
    list.replaceChildren(...frame.get("queues").map((value) => h("option", { value }))),
  );
  frame.tell("list_queues", {});
  return againForm(frame, target, {
    verb: "Copy",
    name: "to",
    asked: "Copy to",
    hint: "queue id, location/queue, or full name",
    where: " to another queue",
    after: "The copies have the same payloads and new ids. The originals stay.",
    list,
    send: "copy_tasks",
  });
}

export function rescheduleForm(frame, target) {
  return againForm(frame, target, {
    verb: "Reschedule",
    name: "schedule",
    asked: "Delay from now, or a time",
    hint: "2h, or 2026-12-24T18:00Z",
    where: "",
    after: "Each task is created again with its payload and a new id. Then the original is deleted.",
    send: "reschedule_tasks",
  });
}
