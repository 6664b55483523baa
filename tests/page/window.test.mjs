import assert from "node:assert/strict";
import { test } from "node:test";
import { ROW_PX, rowOf, rowsInView, scrollTo } from "../../cloudtasks_nb/widgets/page/tasks/window.js";

const COUNT = 10000;

test("the page holds the rows in view and a few around them, however many there are", () => {
  assert.deepEqual(rowsInView(0, 300, COUNT), { first: 0, last: 18 });
  assert.deepEqual(rowsInView(100 * ROW_PX, 300, COUNT), { first: 92, last: 118 });
  assert.deepEqual(rowsInView(COUNT * ROW_PX, 300, COUNT), { first: 9992, last: COUNT });
  assert.deepEqual(rowsInView(0, 300, 3), { first: 0, last: 3 });
});

test("a table without a layout draws as if it were visible", () => {
  assert.equal(rowsInView(0, 0, COUNT).last, 22);
});

test("after a filter with few matches, no rows after the last one are drawn", () => {
  assert.deepEqual(rowsInView(9000 * ROW_PX, 300, 5), { first: 0, last: 5 });
});

test("scrolling goes only as far as a row needs", () => {
  assert.equal(scrollTo(5, 0, 300, 30), 0); // visible already
  assert.equal(scrollTo(2, 600, 300, 30), 60); // above: it becomes the first
  assert.equal(scrollTo(20, 0, 300, 30), 600 - 240); // below: it becomes the last, under the head
});

test("arrow keys stop at both ends", () => {
  assert.equal(rowOf("ArrowDown", 3, 5, 300), 4);
  assert.equal(rowOf("ArrowDown", 4, 5, 300), 4);
  assert.equal(rowOf("ArrowUp", 0, 5, 300), 0);
  assert.equal(rowOf("PageDown", 0, COUNT, 300), 8);
  assert.equal(rowOf("PageUp", 3, COUNT, 300), 0);
  assert.equal(rowOf("PageDown", 0, COUNT, 20), 1); // a small table still moves
  assert.equal(rowOf("Home", 3, 5, 300), 0);
  assert.equal(rowOf("End", 3, 5, 300), 4);
  assert.equal(rowOf("x", 3, 5, 300), undefined);
});
