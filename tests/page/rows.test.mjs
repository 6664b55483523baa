import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { h } from "../../cloudtasks_nb/widgets/page/frame/dom.js";
import { Rows } from "../../cloudtasks_nb/widgets/page/frame/rows.js";
import inbox from "../../cloudtasks_nb/widgets/page/inbox_panel.js";
import { fakeModel, openPage } from "./dom.mjs";

let body;
let rows;

beforeEach(() => {
  openPage();
  body = h("div");
  rows = new Rows(body, ({ id, depth }) => h("p", `${id} ${depth}`));
});

const fill = (...items) => {
  rows.fill(
    items.map(([id, depth]) => ({ id, depth })),
    ({ id }) => id,
  );
  return [...body.children];
};

test("an unchanged row is kept, and a changed row is drawn again", () => {
  const [a, b, c] = fill(["a", 1], ["b", 2], ["c", 3]);
  const [again, changed, last] = fill(["a", 1], ["b", 9], ["c", 3]);
  assert.ok(again === a && changed !== b && last === c);
  assert.equal(body.textContent, "a 1b 9c 3");
});

test("rows follow the order, and missing rows are removed", () => {
  const [a, , c] = fill(["a", 1], ["b", 2], ["c", 3]);
  assert.deepEqual(fill(["c", 3], ["d", 4], ["a", 1]).indexOf(a), 2);
  assert.equal(body.firstChild, c);
  assert.equal(fill().length, 0);
});

test("a new request in the inbox leaves the rows of earlier ones in the page", () => {
  const request = (number) => ({ number, cells: [[], [{ text: `/${number}` }]] });
  const state = { title: "Inbox", badge: [], received: 1, answers: [] };
  const model = fakeModel({ state, opened: {}, rows: [request(1)] });
  const cleanup = inbox.render({ model, el: document.body });
  const shown = () => [...document.querySelectorAll("tbody tr")];
  const [first] = shown();
  model.set({ rows: [request(2), request(1)] });
  assert.equal(shown().length, 2);
  assert.ok(shown()[1] === first);
  cleanup();
});
