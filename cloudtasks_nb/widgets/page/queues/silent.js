// Locations that did not respond, grouped by reason, and a button that tries them again.

import { buttons, h, strong } from "../frame/dom.js";
import { plural } from "../frame/words.js";

/** Failures grouped by message and hint. */
export function byReason(failures) {
  const reasons = new Map();
  for (const failed of failures) {
    const reason = `${failed.message}\n${failed.hint}`;
    reasons.set(reason, [...(reasons.get(reason) ?? []), failed]);
  }
  return [...reasons.values()];
}

function reasonItem(failures) {
  const [{ message, hint }] = failures;
  const places = failures.map(({ location }) => location).join(", ");
  const next = hint ? h("span.ct-hint", ` Next: ${hint}`) : null;
  return h("li", strong(places), `: ${message}`, next);
}

export function silentBox(frame) {
  const { silent } = frame.get("place");
  if (!silent.length) return [];
  const ask = () => frame.send("refresh", { locations: silent.map(({ location }) => location) });
  const count = strong(`${plural(silent.length, "location")} did not respond.`);
  const box = h(
    "section.ct-silent",
    { "aria-label": "Locations that did not respond" },
    h("p", count, " Their queues are missing or outdated."),
    h("ul", byReason(silent).map(reasonItem)),
    buttons(frame.button("Try again", ask, { kind: "ct-small" })),
  );
  return [box];
}
