// Actions that the user makes before a slow kernel answers.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { h } from "../../cloudtasks_nb/widgets/page/frame/dom.js";
import { formSlot } from "../../cloudtasks_nb/widgets/page/frame/forms.js";
import { Frame } from "../../cloudtasks_nb/widgets/page/frame/frame.js";
import { detailSlot, pane } from "../../cloudtasks_nb/widgets/page/frame/pane.js";
import { allBar } from "../../cloudtasks_nb/widgets/page/leases/all.js";
import { HistoryView } from "../../cloudtasks_nb/widgets/page/queue/history.js";
import { filterRow } from "../../cloudtasks_nb/widgets/page/tasks/filters.js";
import { verbBar } from "../../cloudtasks_nb/widgets/page/tasks/verbs.js";
import { click, fakeModel, manualClock, openPage } from "./dom.mjs";

const PLACE = { id: "emails", scope: "page", number: 1, count: 3, matched: 3, updated: "now", query: "" };
const ticked = (...among) => ({ ticked: { count: among.length, among, stamp: among.join() } });

let model;
let frame;

beforeEach(() => {
  manualClock();
  const body = openPage();
  const place = { ...PLACE, asked: "", stamp: "abc", hidden: 0, can_run: true };
  const table = { ids: ["a", "b", "c"] };
  model = fakeModel({ place, table, offered: [], ...ticked("a", "b"), story: {}, leases: [], detail: {} });
  frame = new Frame(model, body, "tasks", "Tasks");
});

const actions = () => model.sent.filter(({ args }) => args);
const told = () => actions().map((message) => [message.do, message.args]);
const named = (words) =>
  [...frame.root.querySelectorAll("button")].find((node) => node.textContent === words);
const verbs = () => {
  const slot = formSlot(frame);
  frame.isSettled = true;
  frame.root.append(verbBar(frame, slot), slot.node);
  return slot;
};

test("typed text is sent before the next press, which would else replace it", () => {
  const row = filterRow(frame);
  frame.root.append(row);
  const input = row.querySelector("input");
  input.value = "is:due";
  input.dispatchEvent(new window.Event("input"));
  frame.tell("toggle", { field: "code", value: "503" });
  mock.timers.tick(1000);
  assert.deepEqual(told(), [
    ["filter", { query: "is:due" }],
    ["toggle", { field: "code", value: "503" }],
  ]);
});

test("an answer replaces the text in the box only if nothing was typed since", () => {
  const row = filterRow(frame);
  frame.root.append(row);
  const input = row.querySelector("input");
  input.focus();
  const type = (text, pauseMs) => {
    input.value = text;
    input.dispatchEvent(new window.Event("input"));
    mock.timers.tick(pauseMs);
  };
  const answered = (asked) => {
    model.set({ place: { ...model.get("place"), asked, query: asked } });
    return input.value;
  };
  type("a", 1000);
  type("ab", 1000);
  assert.equal(answered("a"), "ab");
  type("abc", 1);
  document.body.focus();
  assert.equal(answered("ab"), "abc");
  mock.timers.tick(1000);
  assert.equal(answered("abc"), "abc");
  input.focus(); // Safari leaves the focus in the box when a button is pressed
  frame.tell("toggle", { field: "code", value: "503" });
  assert.equal(answered("abc code:503"), "abc code:503");
});

test("an armed button acts on the tasks of its question, although others are selected since", () => {
  verbs();
  const button = named("Delete");
  click(button);
  assert.match(frame.status.textContent, /^Delete 2 selected tasks for good\. These: a, b\./);
  model.set(ticked("b", "c"));
  click(button);
  assert.deepEqual(told(), [["delete_tasks", { which: "selected", stamp: "a,b", confirm: "2" }]]);
});

test("a task that is ticked twice closes an open form, and nothing is done", () => {
  const slot = verbs();
  click(named("Reschedule…"));
  assert.ok(slot.node.querySelector("form"));
  for (const state of [ticked("a", "b", "c"), ticked("a", "b")]) model.set(state);
  assert.equal(slot.node.querySelector("form"), null);
  assert.match(frame.status.textContent, /nothing was done/);
  assert.deepEqual(told(), []);
});

test("an armed button acknowledges as many leases as its question names", () => {
  const leases = { held: [{ id: "a" }, { id: "b" }] };
  let seconds = 60;
  frame.root.append(allBar(frame, leases, () => seconds, assert.fail).bar);
  const button = named("Acknowledge all");
  click(button);
  leases.held.push({ id: "c" });
  click(button);
  assert.deepEqual(told(), [["acknowledge_all", { confirm: "2" }]]);
  model.emit({ done: actions().at(-1).call });
  const renew = named("Renew all");
  assert.ok(!renew.disabled);
  seconds = false; // not a duration
  frame.sync();
  assert.ok(renew.disabled);
});

test("of two items opened at once, the last one takes the focus", () => {
  const build = ({ id }) => pane({ title: id, label: id, close: () => {} });
  const slot = detailSlot(frame, "detail", "id", build);
  frame.root.append(slot.node);
  slot.ask("a");
  slot.ask("b");
  model.set({ detail: { id: "a" } });
  assert.equal(document.activeElement, document.body);
  model.set({ detail: { id: "b" } });
  assert.equal(document.activeElement.textContent, "b");
});

test("a report that is not read is not shown as chosen", () => {
  const view = new HistoryView(frame);
  frame.root.append(view.node);
  const select = () => view.node.querySelector("select");
  const chosen = () => select().querySelector("[selected]").getAttribute("value");
  const choose = (value) => {
    const before = select();
    before.value = value;
    before.dispatchEvent(new window.Event("change"));
    return before;
  };
  assert.ok(choose("7d").disabled);
  model.set({ busy: "read_history" });
  model.emit({ done: actions().at(-1).call });
  const reading = select();
  model.set({ busy: "" }); // it failed
  assert.ok(select() !== reading);
  assert.deepEqual([chosen(), select().disabled], ["24h", false]);
  model.send = () => {
    throw new Error("the kernel is gone");
  };
  const refused = choose("7d");
  assert.ok(select() !== refused);
});

test("a click while an action runs says that nothing was done", () => {
  frame.root.append(h("p"));
  frame.send("open_task", { task_id: "a" });
  frame.send("open_task", { task_id: "b" });
  assert.equal(actions().length, 1);
  assert.match(frame.status.textContent, /Nothing done/);
});
