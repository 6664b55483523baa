// The form that leases tasks.

import { checkLabel, field, h, textInput } from "../frame/dom.js";

const MOST_TASKS = "1000";
const MOST_S = "604800";

const wholeInput = (max, value) =>
  textInput({ type: "number", min: "1", max, value, class: "ct-input ct-short" });

function fits({ value, validity }) {
  return value !== "" && validity.valid && Number.isInteger(Number(value));
}

/** The form, and the chosen lease duration in seconds; false if it is invalid. */
export function leaseForm(frame) {
  const count = wholeInput(MOST_TASKS, "10");
  const seconds = wholeInput(MOST_S, "60");
  const tag = textInput({ placeholder: "any" });
  const oldest = h("input", { type: "checkbox" });
  const isReady = () => fits(count) && fits(seconds);
  const chosen = () => fits(seconds) && Number(seconds.value);
  const lease = (event) => {
    event.preventDefault();
    if (!isReady() || frame.busy) return;
    const which = { tag: oldest.checked ? "" : tag.value, oldest_tag: oldest.checked };
    frame.send("lease", { max_tasks: Number(count.value), lease_duration: chosen(), ...which });
  };
  const form = h(
    "form.ct-lease-form",
    { "aria-label": "Lease tasks", onsubmit: lease },
    field("Tasks, at most", count),
    field("Lease duration (s)", seconds),
    field("Tag", tag),
    checkLabel(oldest, "tag of the oldest task"),
    frame.button("Lease", null, { type: "submit", kind: "ct-primary", allowed: isReady }),
  );
  oldest.addEventListener("change", () => {
    tag.disabled = oldest.checked;
  });
  form.addEventListener("input", () => frame.sync());
  return { form, seconds: chosen };
}
