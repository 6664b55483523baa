import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Frame } from "../../cloudtasks_nb/widgets/page/frame/frame.js";
import { columnWidths, tableWidth } from "../../cloudtasks_nb/widgets/page/tasks/columns.js";
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
    ticked: { count: 0 },
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

test("a tick stays until the kernel answers it, also when the focus moves", () => {
  const [first, second] = table.body.querySelectorAll("tr[data-id]");
  for (const row of [first, second]) {
    const box = row.querySelector("input");
    row.dispatchEvent(new window.Event("focusin"));
    box.checked = true;
    box.dispatchEvent(new window.Event("change"));
  }
  const ticks = () => [first, second].map((row) => row.querySelector("input").checked);
  assert.deepEqual(ticks(), [true, true]);
  model.set({ selected: ["t0"] });
  table.markSelected();
  assert.deepEqual(ticks(), [true, true]);
  for (const selected of [["t0", "t1"], ["t1"]]) {
    model.set({ selected });
    table.markSelected();
  }
  assert.deepEqual(ticks(), [false, true]);
});

test("two heads that are pressed before the kernel answers are both sent as presses", () => {
  const heads = table.head.querySelectorAll(".ct-sort");
  for (const head of heads) head.dispatchEvent(Object.assign(new window.Event("click"), { shiftKey: true }));
  assert.deepEqual(
    model.sent.slice(-2).map(({ args }) => args),
    ["task", "tag"].map((column) => ({ column, beside: true })),
  );
});

test("the widths of two columns stay until the kernel answers", () => {
  const grips = [];
  table.edge = ({ name }, { set }) => {
    grips.push((width) => set(name, width, true));
    return null;
  };
  const widths = () => [...table.columns.children].slice(1).map((column) => column.getAttribute("style"));
  table.fill();
  for (const grip of grips.slice(0, 2)) {
    grip(300);
    table.fill();
  }
  assert.deepEqual(widths(), ["width: 300px", "width: 300px"]);
  for (const answer of [{ task: 300 }, { task: 300, tag: 300 }, { task: 200, tag: 250 }]) {
    model.set({ widths: answer });
    table.fill();
    assert.deepEqual(widths(), [`width: ${answer.task}px`, `width: ${answer.tag ?? 300}px`]);
  }
});

test("a click on a row opens its task", () => {
  click(table.body.querySelector('tr[data-id="t3"] button'));
  assert.deepEqual(opened, ["t3"]);
});

test("the box in the head shows whether none, some or all are selected", () => {
  const states = [[], ["t0"], ["t0", "t1"]].map((selected) => {
    const ticked = { count: selected.length };
    model.set({ table: { ids: ["t0", "t1"], columns: [], leased: [] }, selected, ticked });
    table.fill();
    return [table.all.checked, table.all.indeterminate];
  });
  assert.deepEqual(states, [
    [false, false],
    [false, true],
    [true, false],
  ]);
});

test("bits tell which of all loaded rows are selected, in any order", () => {
  const held = { ids: IDS.slice(0, 20), columns: [], leased: [] };
  const order = Uint32Array.of(19, 9, 0);
  model.set({ ticked: { count: 2 }, table: held, selected: ["t0"] });
  table.loaded = () => ({ held, order, ticked: Uint8Array.of(0, 2, 0) });
  table.fill();
  const ticked = () => [...table.body.querySelectorAll("tr.ct-selected")].map((row) => row.dataset.id);
  assert.deepEqual([ticked(), table.all.indeterminate], [["t9"], true]);
  table.markSelected(Uint8Array.of(1, 2, 8));
  assert.deepEqual([ticked(), table.all.checked], [["t19", "t9", "t0"], true]);
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

test("targets and then ids lose their middle, but only if then every column fits", () => {
  const status = { name: "status", look: "status", different: [[{ text: "503 → UNAVAILABLE" }]] };
  const columns = [{ name: "target", look: "target" }, status];
  const ids = ["0123456789abcdef".repeat(2)];
  const [whole, narrow, narrower, tiny] = [900, 650, 550, 300].map((room) =>
    columnWidths(ids, columns, 0, {}, room),
  );
  assert.equal(whole[2], null); // the remaining width
  assert.deepEqual([narrow, narrower].map(tableWidth), [650, 550]);
  assert.deepEqual([narrow[1], narrow[3], narrower[3], tiny], [whole[1], whole[3], whole[3], whole]);
  assert.ok(narrower[1] < whole[1]);
  const dragged = columnWidths(ids, columns, 0, { status: 400 }, 550);
  assert.deepEqual(dragged.slice(0, 3), narrower.slice(0, 3)); // a drag moves no other column
});
