// Makes a group of buttons one stop of the Tab key; arrow keys move within it.

import { focus } from "../frame/dom.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The place that a key moves to; undefined for other keys. (pure) */
export function placeOf(key, from, count) {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return STEPS[key] && Math.max(0, Math.min(count - 1, from + STEPS[key]));
}

/**
 * `reached` stores by name which button Tab reaches, also after drawing again. `moved(from, to, event)` runs
 * after each move.
 */
export function walk(group, nodes, name, reached, moved) {
  const reach = (place) => {
    reached.set(name, place);
    nodes.forEach((node, at) => {
      node.tabIndex = at === place ? 0 : -1;
    });
  };
  group.setAttribute("data-roving", "");
  reach(Math.min(reached.get(name) ?? 0, nodes.length - 1));
  group.addEventListener("focusin", ({ target }) => reach(Math.max(0, nodes.indexOf(target))));
  group.addEventListener("keydown", (event) => {
    const from = nodes.indexOf(event.target);
    const to = placeOf(event.key, from, nodes.length);
    if (to === undefined || from < 0) return;
    event.preventDefault();
    event.stopPropagation();
    focus(nodes[to]);
    moved?.(from, to, event);
  });
}
