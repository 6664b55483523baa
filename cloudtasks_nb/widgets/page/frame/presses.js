// A held key presses a button only once, in every host. VS Code clicks the focused button on each keydown,
// repeats included. So the panel handles these keys itself and presses its own buttons.

const isPress = ({ key, ctrlKey, metaKey, altKey }) =>
  (key === "Enter" || key === " ") && !ctrlKey && !metaKey && !altKey;
const controlOf = (event) => event.target.closest?.("button, summary");
// A key held in a text input would submit its form repeatedly.
const sendsAgain = ({ repeat, key, target }) => repeat && key === "Enter" && target.tagName !== "TEXTAREA";

/** Listen on the root of a panel; `undo` collects the cleanup functions. */
export function pressOnce(root, undo) {
  let left = null; // clicks that the held key may still make; null if no key is down
  const down = (event) => {
    if (!isPress(event)) return;
    const control = controlOf(event);
    if (control || sendsAgain(event)) drop(event);
    if (event.repeat) return;
    left = 1;
    if (control) press(control, event);
  };
  const up = (event) => {
    left = null; // wherever the focus is now
    const isHere = root.contains(event.target) && controlOf(event);
    if (isHere && event.key === " ") event.preventDefault(); // Firefox would click now
  };
  const click = (event) => {
    if (left === null || event.detail > 0) return; // by mouse or assistive software
    if (left === 0) drop(event);
    left = 0;
  };
  const forget = () => {
    left = null;
  };
  root.addEventListener("keydown", down, true);
  root.addEventListener("click", click, true);
  document.addEventListener("keyup", up, true);
  window.addEventListener("blur", forget);
  undo.push(() => {
    document.removeEventListener("keyup", up, true);
    window.removeEventListener("blur", forget);
  });
}

// The click keeps the Shift key, with which heads sort by several columns.
function press(control, { shiftKey }) {
  if (shiftKey) control.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey }));
  else control.click();
}

function drop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
