import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { isGrant } from "../../cloudtasks_nb/widgets/page/access/grant.js";
import { Frame } from "../../cloudtasks_nb/widgets/page/frame/frame.js";
import { depthWords } from "../../cloudtasks_nb/widgets/page/queue/doom.js";
import { fits, problemOf } from "../../cloudtasks_nb/widgets/page/queue/settings.js";
import { heldWords } from "../../cloudtasks_nb/widgets/page/queues/chosen.js";
import { Crossed } from "../../cloudtasks_nb/widgets/page/queues/crossed.js";
import { isTicked, QueueRows, unpack } from "../../cloudtasks_nb/widgets/page/queues/rows.js";
import { countBy, isIn, Search } from "../../cloudtasks_nb/widgets/page/queues/search.js";
import { byReason } from "../../cloudtasks_nb/widgets/page/queues/silent.js";
import { columnsFor, direction, sorted } from "../../cloudtasks_nb/widgets/page/queues/sorting.js";
import { isInTrouble } from "../../cloudtasks_nb/widgets/page/queues/table.js";
import { click, fakeModel, manualClock, openPage } from "./dom.mjs";

const ROWS = [
  { id: "b", location: "eu", state: "PAUSED", depth: 3, oldest: "", rate: null },
  { id: "a", location: "us", state: "RUNNING", depth: null, oldest: "2026-01-01T00:00:00Z", rate: 5 },
  { id: "c", location: "us", state: "RUNNING", depth: 40, oldest: "2025-01-01T00:00:00Z", rate: 500 },
];
const ids = (sort) =>
  sorted(ROWS, sort)
    .map((row) => row.id)
    .join("");

test("text finds an id or a location, inside the location that is picked", () => {
  assert.ok(isIn(ROWS[0], "", " B "));
  assert.ok(isIn(ROWS[0], "eu", "EU/b"));
  assert.ok(!isIn(ROWS[0], "us", ""));
  assert.ok(!isIn(ROWS[0], "", "us"));
});

const NAMED = (id) => `projects/p/locations/us/queues/${id}`;
const QUEUES = {
  id: { of: ["a", "b", "c"] },
  location: { of: ["us"] },
  oldest: { of: [0, null], at: [1, 0, 1] },
};
const idsOf = (rows) => rows.all.map((row) => row.id).join("");

/** The rows of a page whose traits hold `count` of `listed` rows. */
function pageWith(first, ticked = { turn: 1, bits: "0" }) {
  manualClock();
  const model = fakeModel({ rows: first, ticked, place: { project: "p" } });
  openPage();
  const drawn = [];
  const frame = new Frame(model, document.body, "explorer", "Queues");
  const rows = new QueueRows(frame, () => drawn.push(idsOf(rows)));
  const asked = () => model.sent.filter((message) => message.do === "rows").length;
  return { model, rows, drawn, asked };
}

test("columns become rows again", () => {
  const rows = unpack({ count: 3, columns: QUEUES }, "p");
  assert.deepEqual(rows[1], { name: NAMED("b"), id: "b", location: "us", oldest: "1970-01-01T00:00:00Z" });
  assert.deepEqual([rows.length, rows[0].oldest, unpack({ count: 0, columns: {} }, "p")], [3, "", []]);
});

test("a few queues are in the traits, and the page asks for nothing", () => {
  const { model, rows, asked } = pageWith(
    { turn: 1, count: 3, listed: 3, columns: QUEUES },
    { turn: 1, bits: "6" },
  );
  assert.deepEqual([idsOf(rows), rows.ticked, asked()], ["abc", [NAMED("b"), NAMED("c")], 0]);
  assert.equal(rows.all, rows.all);
  model.set({ ticked: { turn: 1, bits: "1" } });
  assert.deepEqual(rows.ticked, [NAMED("a")]);
});

test("of many queues the traits hold the first, and the page asks for all until they arrive", () => {
  const few = { id: { of: ["a"] }, location: { of: ["us"] }, oldest: { of: [null] } };
  const { model, rows, drawn, asked } = pageWith(
    { turn: 1, count: 1, listed: 3, columns: few },
    { turn: 1, bits: "7" },
  );
  assert.deepEqual([idsOf(rows), rows.ticked, asked()], ["a", [], 1]);
  mock.timers.tick(61000);
  assert.equal(asked(), 2);
  model.emit({ queues: { turn: 1, since: 0, count: 3, columns: QUEUES } });
  assert.deepEqual([drawn, rows.ticked.length], [["abc"], 3]);
  mock.timers.tick(61000);
  assert.equal(asked(), 2);
});

test("later messages hold the columns that changed; a page that missed one asks for all", () => {
  const first = { count: 1, listed: 3, columns: { id: { of: ["a"] }, location: { of: ["us"] } } };
  const { model, rows, drawn, asked } = pageWith({ turn: 1, ...first });
  model.emit({ queues: { turn: 1, since: 0, count: 3, columns: QUEUES } });
  model.emit({ queues: { turn: 2, since: 1, count: 3, columns: { oldest: { of: [60] } } } });
  model.set({ rows: { turn: 2, ...first } });
  assert.deepEqual([rows.all[2].id, rows.all[2].oldest], ["c", "1970-01-01T00:01:00Z"]);
  assert.deepEqual([drawn, asked()], [["abc"], 1], "the trait draws the change");
  model.emit({ queues: { turn: 4, since: 3, count: 1, columns: { id: { of: ["x"] } } } });
  model.set({ rows: { turn: 4, ...first } });
  assert.deepEqual([idsOf(rows), asked()], ["abc", 2], "old rows stay until all arrive");
  model.emit({ queues: { turn: 4, since: 0, count: 1, columns: { ...QUEUES, id: { of: ["x"] } } } });
  assert.equal(idsOf(rows), "x");
});

test("ticks of rows that did not arrive do not tick others", () => {
  const { model, rows } = pageWith({ turn: 1, count: 3, listed: 3, columns: QUEUES }, { turn: 1, bits: "2" });
  assert.deepEqual(rows.ticked, [NAMED("b")]);
  model.set({ ticked: { turn: 2, bits: "1" } });
  assert.deepEqual(rows.ticked, [NAMED("b")]);
  model.set({ rows: { turn: 2, count: 1, listed: 1, columns: QUEUES } });
  assert.deepEqual(rows.ticked, [NAMED("a")]);
});

test("a bit is found from the end of the digits", () => {
  const bits = (2n ** 70n + 5n).toString(16);
  const on = Array.from({ length: 80 }, (_, n) => n).filter((n) => isTicked(bits, n));
  assert.deepEqual(on, [0, 2, 70]);
});

test("values are counted", () => {
  assert.deepEqual(Object.fromEntries(countBy(ROWS, "location")), { eu: 1, us: 2 });
});

test("numbers begin with the greatest, unknown ones come last, and the model keeps its order", () => {
  assert.equal(ids([]), "bac");
  assert.equal(ids(["Queue"]), "abc");
  assert.equal(ids(["Tasks (est.)"]), "cba");
  assert.equal(ids(["-Tasks (est.)"]), "abc");
  assert.equal(ids(["Oldest due (est.)"]), "cab");
  assert.equal(ids(["-Location", "-Queue"]), "cab");
  assert.equal(ROWS[0].id, "b");
});

test("a head shows its sort direction: numbers begin with the greatest", () => {
  assert.deepEqual(
    [direction(["Queue"], "Queue"), direction(["-Queue"], "Queue")],
    ["ascending", "descending"],
  );
  assert.equal(direction(["Rate/s"], "Rate/s"), "descending");
  assert.equal(direction(["Queue"], "State"), "none");
  assert.equal(direction(["State", "Queue"], "Queue"), "none");
});

const KINDS = ["HTTP", "HTTP", "pull"].map((kind, at) => ({ ...ROWS[at], kind }));

test("heads of queues filter each other", () => {
  const crossed = new Crossed();
  crossed.toggle("Kind", "HTTP");
  assert.deepEqual(
    KINDS.map((row) => crossed.passes(row)),
    [true, true, false],
  );
  const rates = crossed.head("Rate/s", KINDS);
  assert.deepEqual(
    [rates.edges[0], rates.all[0], rates.counts[0], rates.all.at(-1), rates.counts.at(-1)],
    ["0", 1, 1, 1, 0],
  );
  crossed.between("Rate/s", 0, 50);
  assert.deepEqual(
    KINDS.map((row) => crossed.passes(row)),
    [false, true, false],
  );
  assert.equal(crossed.head("Rate/s", KINDS).on[0], true);
  assert.deepEqual(
    crossed.head("Kind", KINDS).values.map(({ count, mode }) => [count, mode]),
    [
      [1, "only"],
      [0, ""],
    ],
  );
  crossed.toggle("Kind", "HTTP");
  assert.ok(!crossed.passes(KINDS[1]) && crossed.head("Kind", KINDS).values[0].mode === "without");
  crossed.toggle("Kind", "HTTP");
  crossed.between("Rate/s", null);
  assert.ok(KINDS.every((row) => crossed.passes(row)));
  assert.equal(crossed.head("Failing", KINDS), null);
});

test("locations and states count the queues that pass all other filters", () => {
  openPage();
  const crossed = new Crossed();
  const frame = { rows: () => KINDS, redraw: (draw) => draw() };
  const search = new Search(
    frame,
    () => search.fill(),
    (row) => crossed.passes(row),
  );
  const counts = () =>
    [search.places, search.pills].map((bar) =>
      [...bar.querySelectorAll(".ct-of")].map((of) => of.textContent),
    );
  search.fill();
  assert.deepEqual(counts(), [
    ["3", "1", "2"],
    ["2", "1", "0"],
  ]);
  crossed.toggle("Kind", "HTTP");
  search.fill();
  assert.deepEqual(counts(), [
    ["2", "1", "1"],
    ["1", "1", "0"],
  ]);
  click(search.pills.querySelectorAll("button")[1]); // paused
  assert.deepEqual(counts(), [
    ["1", "1", "0"],
    ["1", "1", "0"],
  ]);
  assert.deepEqual(
    KINDS.map((row) => search.finds(row)),
    [true, false, false],
  );
});

test("without estimates tasks are counted and the oldest is unknown", () => {
  const heads = columnsFor(false).map(([, words]) => words);
  assert.ok(heads.includes("Tasks (counted)") && !heads.some((words) => words?.startsWith("Oldest")));
  assert.equal(columnsFor(true).length, 8);
});

test("locations with the same error are one line", () => {
  const failed = (location, message) => ({ location, message, hint: "" });
  const groups = byReason([failed("a", "403"), failed("b", "404"), failed("c", "403")]);
  assert.deepEqual(
    groups.map((group) => group.map(({ location }) => location)),
    [["a", "c"], ["b"]],
  );
});

test("the confirmation shows the number of tasks, and whether it is an estimate", () => {
  assert.equal(heldWords(ROWS, true), "about 43 tasks (estimate)");
  assert.equal(heldWords(ROWS, false), "tasks that were not counted");
  assert.equal(heldWords([ROWS[2]], false), "40 tasks (counted)");
  assert.equal(depthWords({ depth: null, estimates: true }), "all its tasks");
  assert.equal(depthWords({ depth: 1, estimates: false }), "1 task (counted)");
  assert.equal(depthWords({ depth: 1200, estimates: true }), "about 1,200 tasks (estimate)");
});

const field = (kind, low, high, name = "x") => ({ kind, low, high, name, hint: "a number" });

test("a setting has the right type and range; an empty field is the default", () => {
  assert.ok(fits(field("number", 0.001, 500), "0.5") && fits(field("number", 0.001, 500), ""));
  assert.ok(!fits(field("number", 0.001, 500), "501") && !fits(field("number", 0.001, 500), "1e2"));
  assert.ok(fits(field("whole", 1, 500), "20") && !fits(field("whole", 1, 500), "2.5"));
  assert.ok(fits(field("attempts", 1, 100), "Unlimited") && !fits(field("attempts", 1, 100), "0"));
  assert.ok(fits(field("duration", 0, 3600), "1h") && !fits(field("duration", 0, 3600), "2 h"));
  assert.ok(!fits(field("duration", 0, 3600), "soon"));
});

test("the longest delay is not shorter than the shortest", () => {
  const typed = (values) => (name) => values[name] ?? "";
  const longest = field("duration", 0, 86400, "max_backoff");
  assert.equal(
    problemOf(longest, typed({ min_backoff: "1 h", max_backoff: "5 min" })),
    "Must not be shorter than the shortest delay.",
  );
  assert.equal(problemOf(longest, typed({ min_backoff: "1 h", max_backoff: "" })), "");
  assert.equal(problemOf(longest, typed({ max_backoff: "x" })), "Type a number.");
});

test("a grant needs a role and a member", () => {
  assert.ok(isGrant("roles/viewer", "user:a@example.com") && isGrant("roles/viewer", "allUsers"));
  assert.ok(
    !isGrant("viewer", "user:a@example.com") &&
      !isGrant("roles/viewer", "user:") &&
      !isGrant("roles/viewer", "a"),
  );
});

test("a queue that fails, is late, or holds tasks and does not run has a Why? button", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const calm = { failed: null, state: "RUNNING", depth: 3, oldest: "2026-01-01T01:00:00Z" };
  const asks = (row) => isInTrouble({ ...calm, ...row }, now);
  assert.ok(!asks({}));
  assert.ok(!asks({ oldest: "2025-12-31T23:59:00Z" }));
  assert.ok(asks({ oldest: "2025-12-31T23:57:00Z" }));
  assert.ok(asks({ failed: 2 }));
  assert.ok(asks({ state: "PAUSED" }));
  assert.ok(asks({ state: "DISABLED", depth: null }));
  assert.ok(!asks({ state: "PAUSED", depth: 0, oldest: "" }));
});
