// The script that is saved with a notebook. It shows the saved state of the panel. If a kernel responds, the
// panel replaces this view.

import { h } from "./frame/dom.js";
import { askForPart, moduleOf } from "./frame/part.js";
import { SavedView } from "./saved/view.js";

const scripts = new WeakMap(); // by model, because marimo runs this module once for all panels

function drawn(panel, css, model, el) {
  const style = h("style", css);
  el.replaceChildren(style);
  return panel.render({ model, el });
}

/** The view ends when the host's `signal` aborts; older hosts call the returned function. */
function render({ model, el, signal }) {
  let undo = null;
  let isEnded = false;
  const show = async () => {
    const { css, loading } = scripts.get(model);
    const { default: panel } = await loading;
    if (isEnded) return;
    undo?.();
    undo = drawn(panel, css, model, el);
  };
  if (scripts.has(model)) show();
  else {
    const saved = new SavedView(model, el);
    const endAsking = askForPart(model, "panel", ({ code, css }) => {
      scripts.set(model, { css, loading: moduleOf(code) });
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
