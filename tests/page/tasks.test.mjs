import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, isJson, problemOf, readHeaders } from "../../cloudtasks_nb/widgets/page/tasks/edit.js";
import {
  agrees,
  foundWords,
  matchingWords,
  placeWords,
  scopeWords,
  selectedWords,
} from "../../cloudtasks_nb/widgets/page/tasks/scope.js";

const PAGE = { scope: "page", number: 1, more: true, count: 25, updated: "now", query: "" };

test("the scope names the tasks that are meant", () => {
  assert.equal(scopeWords(PAGE), "this page");
  assert.equal(scopeWords({ ...PAGE, more: false }), "all 25 tasks");
  assert.equal(scopeWords({ ...PAGE, more: false, count: 0 }), "no tasks");
  assert.equal(scopeWords({ ...PAGE, more: false, count: 1 }), "the only task");
  assert.equal(scopeWords({ ...PAGE, scope: "all", count: 12345 }), "all 12,345 tasks");
  assert.equal(scopeWords({ ...PAGE, scope: "part", count: 5000 }), "the first 5,000 tasks");
  assert.equal(scopeWords({ ...PAGE, more: false, updated: "" }), "this page");
});

test("a page is numbered only when it is one of several", () => {
  assert.equal(placeWords(PAGE), "page 1 of many");
  assert.equal(placeWords({ ...PAGE, number: 3, more: false }), "page 3 of 3");
  assert.equal(placeWords({ ...PAGE, more: false }), "all 25 tasks");
});

test("an action on all that match names the total", () => {
  assert.equal(matchingWords({ ...PAGE, query: "code:503" }, 3), "all 3 that match (on this page)");
  assert.equal(matchingWords(PAGE, 25), "all 25 on this page");
  assert.equal(matchingWords({ ...PAGE, query: "code:503" }, 1), "the 1 that matches (on this page)");
  assert.equal(matchingWords({ ...PAGE, more: false }, 25), "all 25 tasks");
});

test("a confirmation names the filter, and what it hides of a selection", () => {
  const place = { ...PAGE, query: "code:503" };
  assert.equal(foundWords(3, place), "3 tasks that match “code:503” (on this page)");
  assert.equal(foundWords(25, { ...PAGE, more: false }), "all 25 tasks, without a filter");
  assert.equal(foundWords(1, place), "1 task that matches “code:503” (on this page)");
  assert.equal(selectedWords(1, 0, place), "1 selected task");
  assert.equal(selectedWords(2, 1, place), "2 selected tasks, of which 1 does not match “code:503”");
  assert.equal(selectedWords(5, 2, place), "5 selected tasks, of which 2 do not match “code:503”");
});

test("spaces around a filter do not count as a change", () => {
  assert.ok(agrees(" is:due ", { query: "is:due" }));
  assert.ok(!agrees("is:du", { query: "is:due" }));
});

test("headers are lines of a name, a colon and a value, which may hold colons", () => {
  const text = "Accept: text/html\n\n X-At : 12:30 \nEmpty:";
  assert.deepEqual(readHeaders(text), { Accept: "text/html", "X-At": "12:30", Empty: "" });
  assert.deepEqual(readHeaders(""), {});
  assert.equal(readHeaders("Accept: a\nno colon"), null);
  assert.equal(readHeaders(": value"), null);
});

const OLD = { id: "t", url: "https://e.example", method: "POST", headers: [["A", "1"]], payload: "{}" };
const SAME = { url: OLD.url, method: "POST", headers: "A: 1", payload: "{}" };

test("only edited fields are sent: secrets that the page never received stay", () => {
  assert.deepEqual(changesOf(OLD, SAME, ""), {});
  assert.deepEqual(changesOf(OLD, { ...SAME, headers: "A: 2" }, " "), { headers: { A: "2" } });
  assert.deepEqual(changesOf(OLD, { ...SAME, headers: "" }, "0"), { headers: {}, schedule: 0 });
  assert.deepEqual(changesOf({ ...OLD, payload: null }, { url: "https://f.example" }, ""), {
    url: "https://f.example",
  });
});

test("a form with a broken header or delay cannot be sent", () => {
  assert.equal(problemOf("A: 1", "2.5"), "");
  assert.match(problemOf("A", ""), /Name: value/);
  assert.match(problemOf(undefined, "soon"), /number of seconds/);
  assert.match(problemOf(undefined, "-1"), /number of seconds/);
});

test("JSON that became invalid is reported", () => {
  assert.deepEqual(["{}", '"x"', "1", "{", ""].map(isJson), [true, true, true, false, false]);
});
