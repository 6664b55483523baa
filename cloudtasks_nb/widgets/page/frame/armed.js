// Buttons that need two presses: the first arms for five seconds, the second acts. A double click only arms.

/** Up to this many tasks need two presses; for more, the user types their number. */
export const FEW = 20;
const ARMED_MS = 5000;

/** A button that asks `question` before it acts; `button.question`, if set, replaces it. */
export function armed(frame, label, question, act, options = {}) {
  let timer = null;
  const disarm = () => {
    clearTimeout(timer);
    timer = null;
    button.textContent = label;
    button.classList.remove("ct-armed");
    frame.notice();
  };
  const arm = () => {
    timer = setTimeout(disarm, ARMED_MS);
    button.textContent = `Confirm${frame.stakes && " live"}: ${label.toLowerCase()}`;
    button.classList.add("ct-armed");
    frame.say(`${frame.stakes}${button.question?.() ?? question} Press again within 5 s.`);
  };
  const press = (event) => {
    if (event.detail > 1) return;
    if (timer === null) return arm();
    disarm();
    act();
  };
  const button = frame.button(label, press, options);
  button.addEventListener("keydown", (event) => {
    const leaves = event.key === "Escape" && timer !== null;
    if (!leaves) return;
    event.preventDefault();
    disarm();
  });
  return button;
}

/** Needs two presses while `isFew()`; otherwise the first press opens a form. */
export function armedForFew(button, isFew, openForm) {
  const open = (event) => {
    if (isFew()) return;
    event.stopImmediatePropagation();
    openForm();
  };
  button.addEventListener("click", open, { capture: true });
  return button;
}
