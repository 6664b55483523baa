// Column heads that sort: up, down, and as the service lists them.

import { h } from "../frame/dom.js";
import { nextOrder, sortedBy } from "../heads/order.js";

const LEAST_PX = 40;

function direction(name, { sorting }) {
  const by = sortedBy(name, sorting);
  if (!by) return { arrow: "", sort: null };
  const arrow = `${by.isDown ? "↓" : "↑"}${by.isAlone ? "" : by.place}`;
  return { arrow, sort: by.place > 1 ? null : by.isDown ? "descending" : "ascending" };
}

// The edge of a head: dragged, it sets the width of its column; a double click makes it fit its content.
function edge(name, setWidth) {
  const drag = (event) => {
    const head = grip.parentElement;
    const from = head.offsetWidth - event.clientX;
    const move = ({ clientX }) => setWidth(name, Math.max(LEAST_PX, from + clientX));
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", move);
    const end = () => {
      grip.removeEventListener("pointermove", move);
      setWidth(name, head.offsetWidth, true);
    };
    grip.addEventListener("pointerup", end, { once: true });
  };
  const reset = { ondblclick: () => setWidth(name, 0, true), onpointerdown: drag };
  const grip = h("span.ct-edge", { "aria-hidden": "true", title: "Drag to set the width", ...reset });
  return grip;
}

export function columnHead(frame, { name, label, look }, at, setWidth) {
  const { arrow, sort } = direction(name, at);
  const scope = at.scope === "page" ? "this page" : "what is loaded";
  const attributes = {
    type: "button",
    class: "ct-sort",
    "data-column": name,
    "data-key": `sort ${name}`,
    title: `Sort ${scope} by ${label.toLowerCase()}; with Shift, beside other columns`,
    onclick: ({ shiftKey }) => frame.tell("sort", { column: nextOrder(name, at.sorting, shiftKey) }),
  };
  const button = h("button", attributes, label, h("span", { "aria-hidden": "true" }, arrow));
  return h(
    "th",
    { scope: "col", class: look === "number" ? "ct-number" : null, "aria-sort": sort },
    button,
    edge(name, setWidth),
  );
}
