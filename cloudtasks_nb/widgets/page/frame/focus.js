// Restores the focus after its element was disabled or drawn again: to the same element, or to a harmless
// one. A second Enter must not press a button that the user did not choose.

import { focus } from "./dom.js";

const isUsable = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.disabled;

/** The selected range of a text input; null for elements without one. */
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

  /** Whether no element has the focus, because it was removed or disabled. */
  get isLost() {
    const now = this.focused;
    return !now || now === document.body || now === this.root;
  }

  /** The element with this key. A key is an id, or a verb and an id. */
  keyed(key) {
    return key ? this.root.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
  }

  /** Draw; if drawing lost the focus, restore focus and caret. */
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

  /** Remember the focus before an action disables the buttons: a disabled button loses it. */
  remember(node = this.focused) {
    if (node && this.root.contains(node)) this.kept ??= node;
  }

  /** Focus `node` now, or when the action that disables it ends. */
  back(node) {
    if (!node) return;
    if (!node.disabled) return focus(node);
    this.kept = node;
  }

  /** After an action: restore the focus, or move it to a harmless element, unless the user moved it. */
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

  /** Focus the panel as a whole: Tab and Escape work from there. */
  #rest() {
    const leave = () => this.root.removeAttribute("tabindex");
    this.root.tabIndex = -1;
    this.root.addEventListener("blur", leave, { once: true });
    focus(this.root);
  }
}
