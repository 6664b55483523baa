import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, roundUp, scale, stretches } from "../../cloudtasks_nb/widgets/page/monitor/scale.js";

test("steps are 1, 2 or 5 times a power of ten", () => {
  const found = [0.03, 0.2, 1, 1.1, 3, 7, 12, 260].map(roundUp);
  assert.deepEqual(found, [0.05, 0.2, 1, 2, 5, 10, 20, 500]);
});

test("a scale has two to four steps and holds the greatest value", () => {
  for (const greatest of [0.4, 1, 2, 3, 7, 10, 99, 100, 1001, 123456]) {
    const { top, ticks } = scale(greatest, false);
    assert.ok(top >= greatest, `${top} is below ${greatest}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 5, `${ticks.length} ticks for ${greatest}`);
    assert.equal(ticks[0], 0);
    assert.equal(ticks.at(-1), top);
  }
});

test("whole numbers have no ticks between them, and empty data has a scale up to one", () => {
  assert.deepEqual(scale(2, true).ticks, [0, 1, 2]);
  assert.deepEqual(scale(0, true), { top: 1, ticks: [0, 1] });
});

test("a gap longer than the pause breaks the line, and a sample without a value does not", () => {
  const points = [
    [0, 5],
    [1000, null],
    [2000, 6],
    [9000, 7],
  ];
  assert.deepEqual(stretches(points, 1, 3), [
    [
      [0, 5],
      [2000, 6],
    ],
    [[9000, 7]],
  ]);
});

test("the pointer reads the sample nearest in time", () => {
  const points = [
    [0, 1],
    [1000, 2],
    [5000, 3],
  ];
  assert.deepEqual(
    [-50, 400, 2900, 3100].map((time) => nearest(points, time)[1]),
    [1, 1, 2, 3],
  );
});
