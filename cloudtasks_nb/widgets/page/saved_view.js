// The script that is saved with a notebook. It shows what the panel showed. Where a kernel answers, it puts
// the panel in its place.

import { h } from "./frame/dom.js";
import { askForPart, moduleOf } from "./frame/part.js";
import { SavedView } from "./saved/view.js";

let script = null; // asked for once, for all views of this model

function drawn(panel, css, model, el) {
  const style = h("style", css);
  el.replaceChildren(style);
  return panel.render({ model, el });
}

/** The view is over when `signal` of the host aborts, or when the function that is returned is called (older hosts). */
function render({ model, el, signal }) {
  let undo = null;
  let isEnded = false;
  const show = async () => {
    const { css, loading } = script;
    const { default: panel } = await loading;
    if (isEnded) return;
    undo?.();
    undo = drawn(panel, css, model, el);
  };
  if (script) show();
  else {
    const saved = new SavedView(model, el);
    const endAsking = askForPart(model, "panel", ({ code, css }) => {
      script ??= { css, loading: moduleOf(code) };
      show();
    });
    undo = () => {
      endAsking();
      saved.end();
    };
  }
  const end = () => {
    isEnded = true;
    undo?.();
    undo = null;
  };
  signal?.addEventListener("abort", end);
  return end;
}

export default { render };
