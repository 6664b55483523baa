// The form that gives tasks another time.

import { FEW } from "../frame/armed.js";
import { field, h, textInput } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";
import { plural } from "../frame/words.js";

export function rescheduleForm(frame, { which, count, words, close }) {
  const input = textInput({ placeholder: "2h, 1d 12h, or 2026-12-24T18:00Z" });
  const isMany = count > FEW || which === "matching";
  const typed = isMany ? textInput({ inputmode: "numeric", placeholder: String(count) }) : null;
  const ready = () => input.value.trim() !== "" && (!typed || typed.value.trim() === String(count));
  const act = () => {
    frame.send("reschedule_tasks", { schedule: input.value.trim(), which, confirm: String(count) });
    close();
  };
  const created = `Create ${words} again for another time, under new ids and with all attempts before them.`;
  const form = actionForm(
    frame,
    { label: "Reschedule tasks", submit: `Reschedule ${plural(count, "task")}`, ready, act, close },
    h("p", `${created} Each of these is deleted once its successor is there.`),
    field("How long from now, or when", input),
    typed ? field(`Type ${count}, how many that is`, typed) : null,
  );
  return { form, first: input };
}
