import assert from "node:assert/strict";
import { test } from "node:test";
import { stretches } from "../../cloudtasks_nb/widgets/page/monitor/scale.js";
import { lastOf, spansFor } from "../../cloudtasks_nb/widgets/page/queue/history.js";
import { sorted } from "../../cloudtasks_nb/widgets/page/queues/sorting.js";

test("charts can show every usual span within a report, and all of it", () => {
  assert.deepEqual(spansFor(86400), [900, 3600, 21600, 86400]);
  assert.deepEqual(spansFor(3600), [900, 3600]);
  assert.deepEqual(spansFor(60), [60]);
});

test("a span ends at the last point", () => {
  const points = [0, 60, 120, 180].map((second) => [second * 1000, 1]);
  assert.deepEqual(
    lastOf(points, 120).map(([time]) => time),
    [120000, 180000],
  );
  assert.deepEqual(lastOf([], 60), []);
});

test("points from metrics may be a minute apart, samples may not", () => {
  const past = [0, 60, 120].map((second) => [second * 1000, 1, 1, null, 150]);
  const samples = [180, 185, 300].map((second) => [second * 1000, 1, 1, 1]);
  assert.deepEqual(
    stretches([...past, ...samples], 1, 12).map((part) => part.length),
    [3, 2, 1],
  );
});

test("queues with the most failed attempts come first, queues without data last", () => {
  const rows = [
    { id: "a", failed: null },
    { id: "b", failed: 0 },
    { id: "c", failed: 7 },
  ];
  const ids = sorted(rows, ["Failing"]).map((row) => row.id);
  assert.deepEqual(ids, ["c", "b", "a"]);
});
