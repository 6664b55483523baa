// Checks the words with the cases of tests/words.json, like tests/unit/render/test_words.py does for cards.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  among,
  duration,
  plural,
  relative,
  secondsOf,
} from "../../cloudtasks_nb/widgets/page/frame/words.js";
import { nextOrder } from "../../cloudtasks_nb/widgets/page/heads/order.js";

const cases = JSON.parse(readFileSync(new URL("../words.json", import.meta.url), "utf8"));
const NOW = Date.UTC(2026, 6, 31, 12);

test("three of many are named, and all of a few", () => {
  assert.equal(among(["a"]), "This one: a.");
  assert.equal(among(["a", "b", "c"]), "These: a, b, c.");
  assert.equal(among(["a", "b", "c", "d"]), "Among them: a, b, c.");
});

for (const [text, seconds] of cases.typed_durations) {
  test(`"${text}" is a duration of ${seconds} s`, () => assert.equal(secondsOf(text), seconds));
}
for (const text of [...cases.not_durations, "1".repeat(400)]) {
  test(`"${text.slice(0, 20)}" is no duration`, () => assert.equal(secondsOf(text), Number.NaN));
}
for (const [seconds, words] of cases.durations) {
  test(`${seconds} s are ${words}`, () => assert.equal(duration(seconds), words));
}
for (const [seconds, words] of cases.relative) {
  test(`${seconds} s from now is ${words}`, () => assert.equal(relative(NOW + seconds * 1000, NOW), words));
}
for (const [column, order, isBeside, next] of cases.orders) {
  test(`${column} after ${order}${isBeside ? " with Shift" : ""} sorts by ${next}`, () =>
    assert.deepEqual(nextOrder(column, order, isBeside), next));
}
for (const [count, one, words] of cases.counts) {
  test(`${count} of ${one} is ${words}`, () => assert.equal(plural(count, one), words));
}
