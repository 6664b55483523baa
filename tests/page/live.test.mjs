import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Frame } from "../../cloudtasks_nb/widgets/page/frame/frame.js";
import { PATIENCE_MS } from "../../cloudtasks_nb/widgets/page/frame/live.js";
import { fakeModel, openPage } from "./dom.mjs";

let model;
let frame;
let seen;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 0 });
  const body = openPage();
  Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
  globalThis.IntersectionObserver = class {
    constructor(notify) {
      seen = (isIntersecting) => notify([{ isIntersecting }]);
    }
    observe() {}
    disconnect() {}
  };
  model = fakeModel({ live_s: 2 });
  frame = new Frame(model, body, "test", "A panel");
});

const looks = () => model.sent.filter((message) => message.do === "look");
const answer = (nextS) => model.emit({ done: looks().at(-1).call, next_s: nextS });

test("a panel that is not visible sends no request", () => {
  mock.timers.tick(10000);
  assert.equal(looks().length, 0);
});

test("a visible panel sends one request at a time, and the kernel sets the time of the next", () => {
  seen(true);
  mock.timers.tick(2000);
  assert.equal(looks().length, 1);
  mock.timers.tick(10000);
  assert.equal(looks().length, 1);
  answer(5);
  mock.timers.tick(4999);
  assert.equal(looks().length, 1);
  mock.timers.tick(1);
  assert.equal(looks().length, 2);
});

test("a panel that is scrolled away stops, and sends a request at once when it is visible again", () => {
  seen(true);
  mock.timers.tick(1000);
  seen(false);
  mock.timers.tick(10000);
  assert.equal(looks().length, 0);
  seen(true);
  mock.timers.tick(0);
  assert.equal(looks().length, 1);
});

test("during a confirmation, and while text is selected, it waits", () => {
  seen(true);
  const armed = document.createElement("button");
  armed.className = "ct-armed";
  frame.root.append(armed);
  mock.timers.tick(5000);
  assert.equal(looks().length, 0);
  armed.remove();
  globalThis.getSelection = () => ({ isCollapsed: false, anchorNode: frame.root });
  mock.timers.tick(5000);
  assert.equal(looks().length, 0);
  globalThis.getSelection = () => ({ isCollapsed: false, anchorNode: document.body });
  mock.timers.tick(1000);
  assert.equal(looks().length, 1);
});

test("a lost request is reported, and sent again later", () => {
  frame.root.append(...frame.freshness("1970-01-01T00:00:00Z"));
  const asleep = frame.root.querySelector(".ct-asleep");
  seen(true);
  mock.timers.tick(2000);
  assert.ok(asleep.hidden);
  mock.timers.tick(PATIENCE_MS);
  assert.ok(!asleep.hidden);
  mock.timers.tick(PATIENCE_MS);
  assert.equal(looks().length, 2);
  answer(2);
  assert.ok(asleep.hidden);
});

test("without a kernel it sends no more requests", () => {
  seen(true);
  model.send = (message) => {
    model.sent.push(message);
    throw new Error("no comm");
  };
  mock.timers.tick(2000);
  mock.timers.tick(10 * PATIENCE_MS);
  assert.equal(looks().length, 1);
});

test("a new pause counts from now, and a pause of zero stops the requests", () => {
  seen(true);
  model.set({ live_s: 10 });
  mock.timers.tick(9999);
  assert.equal(looks().length, 0);
  model.set({ live_s: 0 });
  mock.timers.tick(60000);
  assert.equal(looks().length, 0);
});

test("a closed panel sends no request", () => {
  seen(true);
  frame.cleanup();
  mock.timers.tick(10000);
  assert.equal(looks().length, 0);
});

test("a view reports itself while it is visible", () => {
  const said = () => model.sent.filter((message) => message.do === "here");
  model.set({ live_s: 0 });
  seen(true);
  mock.timers.tick(30000);
  assert.deepEqual(said(), [{ do: "here", view: model.sent[0].view }]);
  seen(false);
  mock.timers.tick(300000);
  assert.equal(said().length, 1);
  seen(true);
  mock.timers.tick(30000);
  assert.equal(said().length, 2);
});
