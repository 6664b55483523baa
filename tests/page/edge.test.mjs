import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { edge, widthOf } from "../../cloudtasks_nb/widgets/page/tasks/edge.js";
import { openPage } from "./dom.mjs";

let set;
let grip;

beforeEach(() => {
  openPage();
  set = [];
  grip = edge({ name: "tag", label: "Tag" }, { px: 100.4, set: (...given) => set.push(given) });
  const head = document.createElement("th");
  Object.defineProperty(head, "offsetWidth", { value: 100 });
  head.append(grip);
  document.body.append(head);
});

function key(type, name, more = {}) {
  const event = Object.assign(new window.Event(type, { bubbles: true, cancelable: true }), {
    key: name,
    ...more,
  });
  grip.dispatchEvent(event);
  return event;
}

test("arrow keys set a width within limits, Home fits the content, other keys do nothing", () => {
  assert.equal(widthOf({ key: "ArrowRight" }, 100), 110);
  assert.equal(widthOf({ key: "ArrowLeft", shiftKey: true }, 100), 50);
  assert.equal(widthOf({ key: "ArrowLeft", shiftKey: true }, 60), 40);
  assert.equal(widthOf({ key: "ArrowRight" }, 4000), 4000);
  assert.equal(widthOf({ key: "Home" }, 100), 0);
  assert.equal(widthOf({ key: "Tab" }, 100), undefined);
});

test("it is a separator with the name of its column and its width", () => {
  const said = ["role", "tabindex", "aria-label", "aria-valuenow", "aria-valuemin", "aria-valuemax"];
  assert.deepEqual(
    said.map((name) => grip.getAttribute(name)),
    ["separator", "0", "Width of column Tag", "100", "40", "4000"],
  );
});

test("a held key moves the edge, and its release stores the width once", () => {
  assert.ok(key("keydown", "ArrowRight").defaultPrevented);
  key("keydown", "ArrowRight", { repeat: true });
  assert.deepEqual(set, [
    ["tag", 110],
    ["tag", 120],
  ]);
  assert.equal(grip.getAttribute("aria-valuenow"), "120");
  key("keyup", "ArrowRight");
  key("keyup", "Tab");
  assert.deepEqual(set.slice(2), [["tag", 120, true]]);
});

test("Home fits the content, and Tab leaves", () => {
  key("keydown", "Home");
  assert.ok(!key("keydown", "Tab").defaultPrevented);
  assert.deepEqual(set, [["tag", 0, true]]);
});
