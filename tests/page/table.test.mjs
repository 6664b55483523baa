import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Frame } from "../../cloudtasks_nb/widgets/page/frame/frame.js";
import { TaskTable } from "../../cloudtasks_nb/widgets/page/tasks/table.js";
import { ROW_PX } from "../../cloudtasks_nb/widgets/page/tasks/window.js";
import { click, fakeModel, openPage } from "./dom.mjs";

const COUNT = 10000;
const IDS = Array.from({ length: COUNT }, (_, at) => `t${at}`);
const PLACE = {
  id: "emails",
  location: "us",
  scope: "all",
  count: COUNT,
  matched: COUNT,
  updated: "now",
  query: "",
  sorting: [],
};
const TAG = {
  name: "tag",
  label: "Tag",
  look: "text",
  different: ["red", "blue"],
  at: IDS.map((_, at) => at % 2),
};

let model;
let frame;
let table;
let opened;

beforeEach(() => {
  const body = openPage();
  model = fakeModel({
    table: { ids: IDS, columns: [TAG], leased: [] },
    place: PLACE,
    selected: [],
    detail: {},
  });
  frame = new Frame(model, body, "tasks", "Tasks");
  opened = [];
  table = new TaskTable(frame, (id) => opened.push(id));
  table.node.scrollTop = 0;
  table.node.clientHeight = 300;
  table.head.parentNode.offsetHeight = 30;
  frame.root.append(table.node);
  table.fill();
});

afterEach(() => frame.cleanup());

const shown = () => [...table.body.querySelectorAll("tr[data-id]")].map((row) => row.dataset.id);
const tops = () => [table.above, table.below].map((row) => row.firstChild.style.height);

function press(key, more = {}) {
  const event = new window.Event("keydown", { bubbles: true, cancelable: true });
  table.node.dispatchEvent(Object.assign(event, { key, ...more }));
}

test("the page holds only the visible rows of ten thousand tasks", () => {
  assert.equal(shown().length, 18);
  assert.deepEqual(tops(), ["0px", `${(COUNT - 18) * ROW_PX}px`]);
});

test("after scrolling it holds the next rows, in order, and drops the first", () => {
  table.node.scrollTop = 5000 * ROW_PX;
  table.draw();
  assert.equal(shown()[0], "t4992");
  assert.equal(shown().length, 26);
  assert.equal(tops()[0], `${4992 * ROW_PX}px`);
  table.node.scrollTop = 4995 * ROW_PX;
  table.draw();
  assert.deepEqual(shown(), IDS.slice(4987, 5013));
});

test("repeated values are read by their index", () => {
  const cells = [...table.body.querySelectorAll("tr[data-id]")]
    .slice(0, 3)
    .map((row) => row.lastChild.textContent);
  assert.deepEqual(cells, ["red", "blue", "red"]);
});

test("another order keeps the row that Tab reaches on its task", () => {
  press("ArrowDown");
  press("ArrowDown");
  const order = IDS.map((_, at) => COUNT - 1 - at).slice(-100);
  table.loaded = () => ({ held: model.get("table"), order }); // as the kernel sends them
  table.fill();
  assert.equal(table.id(table.current), "t2");
});

test("keys move the focus and scroll the view; with Shift they select", () => {
  press("End");
  assert.equal(shown().at(-1), "t9999");
  press("Home");
  assert.equal(shown()[0], "t0");
  press("ArrowDown", { shiftKey: true });
  assert.deepEqual(model.sent.at(-1), { do: "select", args: { task_ids: ["t1"], on: true } });
  press("a", { ctrlKey: true });
  assert.deepEqual(model.sent.at(-1), { do: "select_matching", args: { on: true } });
});

test("a click on a row opens its task", () => {
  click(table.body.querySelector('tr[data-id="t3"] button'));
  assert.deepEqual(opened, ["t3"]);
});

test("the box in the head shows whether none, some or all are selected", () => {
  const states = [[], ["t0"], ["t0", "t1"]].map((selected) => {
    model.set({ table: { ids: ["t0", "t1"], columns: [], leased: [] }, selected });
    table.fill();
    return [table.all.checked, table.all.indeterminate];
  });
  assert.deepEqual(states, [
    [false, false],
    [false, true],
    [true, false],
  ]);
});

test("an empty table says why", () => {
  const words = (place) => {
    model.set({ table: { ids: [], columns: [], leased: [] }, place: { ...PLACE, ...place } });
    table.fill();
    return table.body.textContent;
  };
  assert.equal(words({ query: "x" }), "No task matches.");
  assert.equal(words({ count: 0 }), "No tasks here.");
  assert.equal(words({ updated: "" }), "Not read yet.");
});
