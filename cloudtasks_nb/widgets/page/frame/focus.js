// Where the focus is, and where it goes when the thing that had it is disabled or drawn anew.

import { focus } from "./dom.js";

const isUsable = (button) => button.checkVisibility({ visibilityProperty: true }) && !button.disabled;

export class FocusKeeper {
  constructor(root) {
    this.root = root;
    this.kept = null;
  }

  get focused() {
    return this.root.getRootNode().activeElement ?? null;
  }

  /** The element of a key. Keys are the names of things: ids, or a verb and an id. */
  keyed(key) {
    return key ? this.root.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
  }

  /** The key of what has the focus, if that is within `box`. */
  keyWithin(box) {
    return box.contains(this.focused) ? this.focused.dataset.key : null;
  }

  /** An action begins: buttons become disabled, and a disabled button loses the focus. */
  remember() {
    if (this.focused && this.root.contains(this.focused)) this.kept ??= this.focused;
  }

  /** The action is over: back to the same thing, or to a neighbour, unless the user went elsewhere. */
  giveBack() {
    if (!this.kept) return;
    const before = this.kept.isConnected ? this.kept : (this.keyed(this.kept.dataset.key) ?? this.kept);
    this.kept = null;
    const now = this.focused;
    if (now && now !== before && now !== document.body) return;
    const candidates = [...neighbours(before), ...this.root.querySelectorAll("button.ct-action")];
    focus(candidates.find(isUsable));
  }
}

function neighbours(node) {
  if (!node.isConnected) return [];
  const row = node.closest("tr")?.querySelectorAll("button") ?? [];
  return [node, ...node.parentElement.querySelectorAll("button"), ...row];
}
