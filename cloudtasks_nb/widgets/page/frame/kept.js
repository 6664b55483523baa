// Keeps the view of a part of the page that is drawn again: what is scrolled, unfolded, pressed and focused.

import { focus } from "./dom.js";

// Elements by a name that they also have in the next drawing: kind, classes, words of a fold or switch.
function named(root) {
  const counts = {};
  const nameOf = (node) => {
    const words = node.matches("details, [aria-pressed]") && node.firstChild.textContent;
    const name = `${node.localName}.${node.className} ${words}`;
    counts[name] = (counts[name] ?? 0) + 1;
    return name + counts[name];
  };
  return new Map([...root.querySelectorAll("*")].map((node) => [nameOf(node), node]));
}

function view({ open, scrollLeft, scrollTop }) {
  return open === undefined ? { scrollLeft, scrollTop } : { open, scrollLeft, scrollTop };
}

/** Draw again; then press, unfold, scroll and focus as before. The frame keeps that of buttons. */
export function keepView(root, draw) {
  const held = root.getRootNode().activeElement;
  const before = [...named(root)].map(([name, node]) => [name, view(node), node.ariaPressed, node === held]);
  draw();
  const drawn = named(root);
  for (const [name, , pressed] of before) {
    const node = drawn.get(name);
    if (node && node.ariaPressed !== pressed) node.click(); // it may draw other elements
  }
  const now = named(root);
  for (const [name, state, , isHeld] of before) {
    const node = now.get(name);
    Object.assign(node ?? {}, state);
    if (isHeld && !held.matches("button")) focus(node);
  }
}
