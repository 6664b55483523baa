// Where the focus is, and where it goes when the thing that had it is disabled or drawn anew: to that same
// thing, or to what does nothing. A second Enter must not press a button that nobody chose.

import { focus } from "./dom.js";

const isUsable = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.disabled;

/** The part of a text that is marked; null where nothing can be. */
function caretOf({ selectionStart = null, selectionEnd, selectionDirection }) {
  return selectionStart === null ? null : [selectionStart, selectionEnd, selectionDirection];
}

export class FocusKeeper {
  constructor(root) {
    this.root = root;
    this.kept = null;
  }

  get focused() {
    return this.root.getRootNode().activeElement ?? null;
  }

  /** Whether nothing has the focus: what had it was removed or disabled. */
  get isLost() {
    const now = this.focused;
    return !now || now === document.body || now === this.root;
  }

  /** The element of a key. Keys are the names of things: ids, or a verb and an id. */
  keyed(key) {
    return key ? this.root.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
  }

  /** Draw, and give the focus and the caret back to the thing that had them, if drawing lost them. */
  during(draw) {
    const before = this.root.contains(this.focused) ? this.focused : null;
    const caret = before && caretOf(before);
    draw();
    if (!before || !this.isLost) return;
    const after = before.isConnected ? before : this.keyed(before.dataset.key);
    if (!after || !isUsable(after)) return;
    focus(after);
    if (caret && caretOf(after)) after.setSelectionRange(...caret);
  }

  /** An action begins: buttons become disabled, and a disabled button loses the focus. */
  remember(node = this.focused) {
    if (node && this.root.contains(node)) this.kept ??= node;
  }

  /** To something that was pressed before: now, or when the action that disables it is over. */
  back(node) {
    if (!node) return;
    if (!node.disabled) return focus(node);
    this.kept = node;
  }

  /** The action is over: back to the same thing, or to what is harmless, unless the user went elsewhere. */
  giveBack() {
    const before = this.kept;
    if (!before) return;
    this.kept = null;
    const now = this.focused;
    if (!this.isLost && now !== before) return;
    const same = before.isConnected ? before : this.keyed(before.dataset.key);
    const harmless = same?.closest("tr")?.querySelector(".ct-name");
    const to = [same, harmless].find((node) => node && isUsable(node));
    if (to) focus(to);
    else this.#rest();
  }

  /** On the panel as a whole: Tab and Escape go on from there. */
  #rest() {
    const leave = () => this.root.removeAttribute("tabindex");
    this.root.tabIndex = -1;
    this.root.addEventListener("blur", leave, { once: true });
    focus(this.root);
  }
}
