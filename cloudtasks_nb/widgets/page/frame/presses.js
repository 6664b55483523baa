// A key that is held acts once, whatever the host adds to buttons. VS Code clicks the focused button on each
// keydown, repeats included. So the panel keeps these keys to itself, and presses its buttons itself.

const isPress = ({ key, ctrlKey, metaKey, altKey }) =>
  (key === "Enter" || key === " ") && !ctrlKey && !metaKey && !altKey;
const controlOf = (event) => event.target.closest?.("button, summary");
// A key that is held in a text would send its form again and again.
const sendsAgain = ({ repeat, key, target }) => repeat && key === "Enter" && target.tagName !== "TEXTAREA";

/** Listen on the root of a panel; `undo` collects what cleanup takes back. */
export function pressOnce(root, undo) {
  let left = null; // clicks that the key which is down may still make; null while none is down
  const down = (event) => {
    if (!isPress(event)) return;
    const control = controlOf(event);
    if (control || sendsAgain(event)) drop(event);
    if (event.repeat) return;
    left = 1;
    if (control) press(control, event);
  };
  const up = (event) => {
    left = null; // wherever the focus is by now
    const isHere = root.contains(event.target) && controlOf(event);
    if (isHere && event.key === " ") event.preventDefault(); // Firefox would click now
  };
  const click = (event) => {
    if (left === null || event.detail > 0) return; // by mouse, or by a program that helps to press
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

// A click keeps the Shift key: heads sort beside others with it.
function press(control, { shiftKey }) {
  if (shiftKey) control.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey }));
  else control.click();
}

function drop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
