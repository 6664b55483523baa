// Tabs within a panel: they show one of several views, without a request to the kernel.

import { h, pushButton } from "./dom.js";

/** Tabs for `[words, show]`, beginning with `first` or the first one. `show(isOn)` shows or hides a view. */
export function tabs(label, views, first) {
  const pressed = (wanted) => {
    views.forEach(([words, show], at) => {
      const isOn = words === wanted;
      show(isOn);
      nodes[at].classList.toggle("ct-on", isOn);
      if (isOn) nodes[at].setAttribute("aria-current", "true");
      else nodes[at].removeAttribute("aria-current");
    });
  };
  const nodes = views.map(([words]) => pushButton(words, () => pressed(words), { kind: "ct-tab" }));
  const node = h("nav.ct-buttons.ct-tabs", { "aria-label": label }, nodes);
  pressed(first || views[0][0]);
  return node;
}
