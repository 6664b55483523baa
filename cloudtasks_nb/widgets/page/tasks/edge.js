// The edge of a column head. Dragging it, or the arrow keys, set the width of the column.

import { h } from "../frame/dom.js";

const LEAST_PX = 40;
const MOST_PX = 4000;
const STEP_PX = 10;
const TITLE = "Drag, or press the arrow keys, to set the width; Home or a double click fits the content";

const within = (px) => Math.min(MOST_PX, Math.max(LEAST_PX, Math.round(px)));

/** The width after a key press: 0 fits the content; undefined for other keys. */
export function widthOf({ key, shiftKey }, widthPx) {
  const step = shiftKey ? 5 * STEP_PX : STEP_PX;
  if (key === "ArrowLeft") return within(widthPx - step);
  if (key === "ArrowRight") return within(widthPx + step);
  return key === "Home" ? 0 : undefined;
}

/** `px` is the width now. `set(name, px, isChosen)` shows a width, and stores it if `isChosen`. */
export function edge({ name, label }, { px, set: setWidth }) {
  const names = {
    role: "separator",
    tabindex: "0",
    title: TITLE,
    "aria-label": `Width of column ${label}`,
    "aria-orientation": "vertical",
    "aria-valuemin": LEAST_PX,
    "aria-valuemax": MOST_PX,
    "aria-valuenow": Math.round(px),
    "data-key": `width ${name}`,
  };
  const grip = h("span.ct-edge", names);
  let keyedPx = null; // set by keys, until they are released
  const show = (wanted) => {
    const shown = within(wanted);
    grip.setAttribute("aria-valuenow", shown);
    setWidth(name, shown);
    return shown;
  };
  const drag = (event) => {
    const from = grip.parentElement.offsetWidth - event.clientX;
    let shown = null;
    const move = ({ clientX }) => {
      shown = show(from + clientX);
    };
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", move);
    const end = () => {
      grip.removeEventListener("pointermove", move);
      if (shown !== null) setWidth(name, shown, true);
    };
    grip.addEventListener("pointerup", end, { once: true });
  };
  const press = (event) => {
    const asked = widthOf(event, keyedPx ?? grip.parentElement.offsetWidth);
    if (asked === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (asked === 0) setWidth(name, 0, true);
    else keyedPx = show(asked);
  };
  const keep = () => {
    if (keyedPx !== null) setWidth(name, keyedPx, true);
    keyedPx = null;
  };
  for (const [event, act] of Object.entries({ pointerdown: drag, keydown: press, keyup: keep, blur: keep })) {
    grip.addEventListener(event, act);
  }
  grip.addEventListener("dblclick", () => setWidth(name, 0, true));
  return grip;
}
