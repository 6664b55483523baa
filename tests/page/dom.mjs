// A small DOM for tests of drawing, and a model like the one that a notebook gives to a widget.

import { createRequire } from "node:module";
import { mock } from "node:test";

// As `make page` installs them.
const tools = createRequire(new URL("../../build/page/package.json", import.meta.url));
const { parseHTML } = tools("linkedom");

class Observer {
  observe() {}
  disconnect() {}
}

/** Stop the clock at noon; mock.timers.tick() moves it. */
export function manualClock() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.UTC(2026, 6, 31, 12) });
}

/** Replace the browser's globals with a new page whose focus can be read and set. */
export function openPage() {
  const { document, window } = parseHTML("<!doctype html><html><body></body></html>");
  Object.assign(globalThis, { document, window, IntersectionObserver: Observer, ResizeObserver: Observer });
  globalThis.CSS = { escape: (text) => String(text).replace(/[^\w-]/g, (sign) => `\\${sign}`) };
  globalThis.getSelection = () => "";
  let focused = document.body;
  const { HTMLElement, HTMLSelectElement } = window;
  Object.defineProperty(HTMLSelectElement.prototype, "value", { value: "", writable: true });
  HTMLElement.prototype.focus = function focus() {
    focused = this;
  };
  HTMLElement.prototype.scrollIntoView = () => {};
  HTMLElement.prototype.checkVisibility = () => true;
  Object.defineProperty(document, "activeElement", { get: () => focused, configurable: true });
  return document.body;
}

/** A model that stores sent messages. `set` changes traits, `emit` simulates a message from the kernel. */
export function fakeModel(traits = {}) {
  const state = { busy: "", widths: {}, notice: {}, lines: [], live_s: 0, read_only: false, ...traits };
  const handlers = new Map();
  const run = (event, ...given) => {
    for (const handler of handlers.get(event) ?? []) handler(...given);
  };
  return {
    sent: [],
    get: (name) => state[name],
    on: (event, handler) => handlers.set(event, [...(handlers.get(event) ?? []), handler]),
    off: (event, handler) =>
      handlers.set(
        event,
        handlers.get(event).filter((other) => other !== handler),
      ),
    send(message) {
      this.sent.push(message);
    },
    set(changed) {
      Object.assign(state, changed);
      for (const name of Object.keys(changed)) run(`change:${name}`);
    },
    emit: (content, buffers = []) => run("msg:custom", content, buffers),
    listeners: () => [...handlers.values()].flat().length,
  };
}

/** A click like a browser's; `detail` counts the clicks of a double click. */
export function click(node, detail = 1) {
  const event = new window.Event("click", { bubbles: true, cancelable: true });
  Object.defineProperty(event, "detail", { value: detail });
  node.dispatchEvent(event);
}
