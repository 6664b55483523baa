import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { barWords, chosenBars } from "../../cloudtasks_nb/widgets/page/heads/bars.js";
import { headContent } from "../../cloudtasks_nb/widgets/page/heads/head.js";
import { placeOf } from "../../cloudtasks_nb/widgets/page/heads/walk.js";
import { matchingRows, readColumns } from "../../cloudtasks_nb/widgets/page/tasks/loaded.js";
import { click, openPage } from "./dom.mjs";

const ATTEMPTS = {
  column: "attempts",
  field: "attempts",
  label: "attempts",
  noun: "task",
  look: "number",
  edges: ["0", "1", "2", "3"],
  all: [10, 4, 2],
  counts: [5, 4, 0],
  on: [],
};
const CODES = {
  column: "status",
  field: "code",
  label: "last status",
  noun: "task",
  look: "values",
  values: [{ value: "503", label: "503 → UNAVAILABLE", tone: "bad", all: 8, count: 3, mode: "only" }],
  others: [2, 1],
};

let body;
let said;
const act = {
  toggle: (...given) => said.push(given),
  between: (...given) => said.push(given),
};

function show(head, reached = new Map()) {
  body.replaceChildren(...headContent(head, act, reached).filter(Boolean));
  return [...body.querySelectorAll("button")];
}

function press(node, key, more = {}) {
  const event = new window.Event("keydown", { bubbles: true, cancelable: true });
  node.dispatchEvent(Object.assign(event, { key, ...more }));
}

beforeEach(() => {
  body = openPage();
  said = [];
});

test("a value shows its number of tasks, the total, and the filter", () => {
  const [button] = show(CODES);
  assert.equal(button.getAttribute("aria-label"), "code 503 → UNAVAILABLE, 3 of 8 tasks: only these");
  assert.equal(button.getAttribute("aria-pressed"), "true");
  assert.match(body.textContent, /others1$/);
  click(button);
  assert.deepEqual(said, [["code", "503"]]);
});

test("a bar filters by its edges, and pressing it again removes the filter", () => {
  click(show(ATTEMPTS)[1], 0);
  click(show({ ...ATTEMPTS, on: [false, true, false] })[1], 0);
  assert.deepEqual(said, [
    ["attempts", "1", "2"],
    ["attempts", "", ""],
  ]);
});

test("arrow keys move over bars, with Shift they select several, and Escape removes the filter", () => {
  const reached = new Map();
  const bars = show(ATTEMPTS, reached);
  assert.deepEqual(
    bars.map((bar) => bar.getAttribute("tabindex")),
    ["0", "-1", "-1"],
  );
  press(bars[0], "ArrowRight");
  assert.equal(document.activeElement, bars[1]);
  press(bars[1], "ArrowRight", { shiftKey: true });
  press(show({ ...ATTEMPTS, on: [false, true, true] }, reached)[1], "ArrowLeft", { shiftKey: true });
  press(show({ ...ATTEMPTS, on: [true, true, false] }, reached)[0], "Escape");
  assert.deepEqual(said, [
    ["attempts", "1", "3"],
    ["attempts", "0", "2"],
    ["attempts", "", ""],
  ]);
});

test("presses that the kernel did not answer yet count for the next press", () => {
  const reached = new Map();
  const bars = show(ATTEMPTS, reached);
  press(bars[0], "ArrowRight", { shiftKey: true });
  press(show(ATTEMPTS, reached)[1], "ArrowRight", { shiftKey: true }); // drawn again for another reason
  press(bars[2], "Escape");
  click(show(ATTEMPTS, reached)[1], 0);
  click(show(ATTEMPTS, reached)[1], 0);
  assert.deepEqual(said, [
    ["attempts", "0", "2"],
    ["attempts", "0", "3"],
    ["attempts", "", ""],
    ["attempts", "1", "2"],
    ["attempts", "", ""],
  ]);
});

test("bars have labels in words", () => {
  assert.equal(barWords(ATTEMPTS, 1), "1");
  assert.equal(barWords(ATTEMPTS, 0, 2), "0 to 2");
  const due = { look: "time", edges: ["2026-03-01T09:00Z", "2026-03-01T09:05Z"] };
  assert.equal(barWords(due, 0), "2026-03-01 09:00 to 2026-03-01 09:05 UTC");
  assert.deepEqual(chosenBars({ on: [false, true, false, true] }), [1, 3]);
  assert.equal(chosenBars({ on: [] }), null);
});

test("keys without a function are not handled", () => {
  assert.deepEqual(
    ["Home", "End", "ArrowLeft", "ArrowRight", "a"].map((key) => placeOf(key, 2, 4)),
    [0, 3, 1, 3, undefined],
  );
});

test("columns are read from buffers that begin anywhere, and bits say which rows match", () => {
  const view = (array, before = 0) => {
    const bytes = new Uint8Array(array.byteLength + before);
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), before);
    return new DataView(bytes.buffer, before);
  };
  const text = (words) => view(new TextEncoder().encode(words), 1);
  const columns = [
    { name: "tag", look: "text" },
    { name: "attempts", look: "number" },
  ];
  const buffers = [
    text("a\nb\nc"),
    view(new Int32Array([2]), 3),
    view(new Int32Array([0, -1, 0])),
    text("red"),
    view(new Float64Array([1, Number.NaN, 3]), 5),
  ];
  const { ids, leased, columns: read } = readColumns(columns, buffers);
  assert.deepEqual([ids, [...leased], read[0].different], [["a", "b", "c"], [2], ["red"]]);
  assert.deepEqual([...read[0].at, ...read[1].values], [0, -1, 0, 1, Number.NaN, 3]);
  const bits = new Uint8Array([0b101]);
  assert.deepEqual([...matchingRows(bits, 3)], [0, 2]);
  assert.deepEqual([...matchingRows(bits, 3, new Uint32Array([2, 1, 0]))], [2, 0]);
});
