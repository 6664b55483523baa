// The detail of one thing that was opened: its pane, and the place where that stands.

import { focus, h, muted } from "./dom.js";

/** The frame of a detail: a title to focus, words beside it, verbs, and Escape that closes. */
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

/** A place for the detail of one thing: `build` makes it, and it takes the focus if it was asked for here. */
export function detailSlot(frame, trait, key, build) {
  const node = h("div");
  let asked = null;
  frame.watch([trait], () => {
    const detail = frame.get(trait);
    if (!detail[key]) return node.replaceChildren();
    const { pane, title } = build(detail);
    node.replaceChildren(pane);
    if (asked === detail[key]) {
      focus(title);
      pane.scrollIntoView({ block: "nearest" }); // in a narrow page it opens below
    }
    asked = null;
  });
  return {
    node,
    ask: (id) => {
      asked = id;
    },
  };
}
