import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Frame } from "../../cloudtasks_nb/widgets/page/frame/frame.js";
import { progressRow, viewControls } from "../../cloudtasks_nb/widgets/page/tasks/view.js";
import { fakeModel, openPage } from "./dom.mjs";

let model;
let frame;

beforeEach(() => {
  const body = openPage();
  model = fakeModel({
    available: [
      ["task", "Task"],
      ["tag", "Tag"],
      ["payload", "Payload"],
    ],
    columns: ["task", "tag"],
    place: { page_size: 30, payloads: false },
    progress: { text: "", done: 0, total: 0 },
  });
  frame = new Frame(model, body, "tasks", "Tasks");
  frame.root.append(...viewControls(frame), progressRow(frame));
});

afterEach(() => frame.cleanup());

const boxes = () => [...frame.root.querySelectorAll(".ct-menu-body input")];

test("the menu offers each column by its name, and tells only what changed", () => {
  assert.deepEqual(
    [...frame.root.querySelectorAll(".ct-menu-body label")].map((label) => label.textContent),
    ["Task", "Tag", "Payload"],
  );
  assert.deepEqual(
    boxes().map((box) => box.checked),
    [true, true, false],
  );
  const [, tag, payload] = boxes();
  for (const [box, isOn] of [
    [tag, false],
    [payload, true],
  ]) {
    box.checked = isOn;
    box.dispatchEvent(new window.Event("change"));
    model.set({ columns: ["task", "tag"] }); // the answer to an earlier change
  }
  assert.deepEqual(
    model.sent.slice(-2).map(({ args }) => args),
    [
      { columns: ["tag"], on: false },
      { columns: ["payload"], on: true },
    ],
  );
});

test("a payload can be shown only when payloads are read", () => {
  assert.deepEqual(
    boxes().map((box) => box.disabled),
    [true, false, true],
  );
  model.set({ place: { page_size: 30, payloads: true } });
  assert.deepEqual(
    boxes().map((box) => box.disabled),
    [true, false, false],
  );
});

test("the current page size is always an option", () => {
  const sizes = [...frame.root.querySelectorAll("select option")].map((option) =>
    option.getAttribute("value"),
  );
  assert.deepEqual(sizes, ["25", "30", "50", "100", "250", "1000"]);
});

test("progress shows the count, and the total if it is known", () => {
  const row = frame.root.querySelector(".ct-progress");
  assert.ok(row.hidden);
  model.set({ progress: { text: "Reading", done: 2000, total: 0 } });
  assert.match(row.textContent, /^Reading: 2,000Stop/);
  model.set({ progress: { text: "Reading", done: 2000, total: 12345 } });
  assert.match(row.textContent, /2,000 of 12,345/);
  assert.ok(!row.hidden);
});
