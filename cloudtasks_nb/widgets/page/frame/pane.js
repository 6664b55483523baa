// The detail pane of an open item, and the slot that holds it.

import { focus, h, muted } from "./dom.js";
import { keepView } from "./kept.js";

/** A detail pane: a title that takes the focus, words beside it, and buttons. Escape closes it. */
export function pane({ title, label, words, verbs, close }, ...content) {
  const heading = h("h4", { tabindex: "-1" }, title);
  const bar = h("div.ct-buttons.ct-end", verbs);
  const header = h("header", heading, muted(words), bar);
  const section = h("section.ct-detail", { "aria-label": label }, header, content);
  section.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) close();
  });
  return { pane: section, title: heading };
}

/** A slot for one detail pane, made by `build`. The pane takes the focus if this view asked for it. */
export function detailSlot(frame, trait, key, build) {
  const node = h("div");
  let asked = null;
  let shown = null;
  frame.watch([trait], () => {
    const detail = frame.get(trait);
    const isSame = detail[key] === shown;
    shown = detail[key];
    if (!shown) return node.replaceChildren();
    const { pane, title } = build(detail);
    const draw = () => node.replaceChildren(pane);
    if (isSame) keepView(node, draw);
    else draw();
    if (asked !== detail[key]) return; // opened by code, or another one was asked for since
    asked = null;
    focus(title);
    pane.scrollIntoView({ block: "nearest" }); // in a narrow page it opens below
  });
  return {
    node,
    ask: (id) => {
      asked = id;
    },
  };
}
