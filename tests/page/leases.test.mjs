import assert from "node:assert/strict";
import { test } from "node:test";
import { leftMs, standing } from "../../cloudtasks_nb/widgets/page/leases/table.js";

const NOW = Date.UTC(2026, 6, 31, 12);
const ENDS = new Date(NOW + 60000).toISOString();

test("a lease is measured on the clock of the kernel", () => {
  assert.equal(leftMs({ state: "held", ends: ENDS }, 0, NOW), 60000);
  assert.equal(leftMs({ state: "held", ends: ENDS }, 20000, NOW), 40000);
  assert.equal(leftMs({ state: "acknowledged", ends: ENDS }, 0, NOW), 0);
  assert.equal(leftMs({ state: "held", ends: "" }, 0, NOW), 0);
});

test("a countdown reads as a duration, and its look warns in time", () => {
  assert.deepEqual(standing("held", 102000), { words: "1 min 42 s", look: "ct-safe" });
  assert.deepEqual(standing("held", 14001), { words: "15 s", look: "ct-soon" });
  assert.deepEqual(standing("held", 1), { words: "1 s", look: "ct-soon" });
  assert.deepEqual(standing("held", 0), { words: "expired", look: "" });
});

test("the state of a lease is shown in words", () => {
  assert.deepEqual(standing("acknowledged", 0), { words: "acknowledged", look: "" });
  assert.deepEqual(standing("returned", 0), { words: "given back", look: "" });
  assert.deepEqual(standing("lost", 0), { words: "lost", look: "ct-lost" });
});
