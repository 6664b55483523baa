// The script that is saved with a notebook. It shows what the panel showed. Where a kernel answers, it puts
// the panel in its place.

import { h } from "./frame/dom.js";
import { askForPart, moduleOf } from "./frame/part.js";
import { SavedView } from "./saved/view.js";

/** The view is over when the host's `signal` aborts; older hosts call the function that is returned. */
function render({ model, el, signal }) {
  // Nothing is kept outside: a host may give all panels one copy of this script.
  const saved = new SavedView(model, el);
  let isEnded = false;
  const endAsking = askForPart(model, "panel", async ({ code, css }) => {
    const { default: panel } = await moduleOf(code);
    if (isEnded) return;
    undo();
    el.replaceChildren(h("style", css));
    undo = panel.render({ model, el });
  });
  let undo = () => {
    endAsking();
    saved.end();
  };
  const end = () => {
    if (!isEnded) undo();
    isEnded = true;
  };
  signal?.addEventListener("abort", end);
  return end;
}

export default { render };
