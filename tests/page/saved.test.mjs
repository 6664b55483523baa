import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import widget from "../../cloudtasks_nb/widgets/page/saved_view.js";
import { fakeModel, manualClock, openPage } from "./dom.mjs";

const cell = (text, look = "plain", tone = "") => [{ text, title: "", look, tone }];
const kept = {
  title: "Queues of project p",
  kind: "",
  badge: cell("RUNNING", "badge", "ok"),
  facts: [["Location", cell("us-central1")]],
  table: {
    columns: ["queue", "tasks"],
    rows: [[cell("<b>emails</b>"), cell("12", "number")]],
    align: ["left", "right"],
  },
  closing: ["… 3 more rows not shown"],
  sections: [{ summary: "Why?", text: "It is paused.", open: false }],
  read: "2026-07-31 12:00:00 UTC",
};

let el;
let model;
let cleanup;

beforeEach(() => {
  manualClock();
  el = openPage();
  model = fakeModel({ kept });
  cleanup = widget.render({ model, el });
});

test("the saved state is shown as text, with the time of the read and without buttons", () => {
  mock.timers.tick(2000);
  const words = el.textContent;
  for (const part of [
    "Queues of project p",
    "us-central1",
    "<b>emails</b>",
    "12",
    "3 more",
    "It is paused.",
  ]) {
    assert.ok(words.includes(part), part);
  }
  assert.match(words, /saved view, read at 2026-07-31 12:00:00 UTC/);
  assert.equal(el.querySelectorAll("button, input, select, [onclick]").length, 0);
});

test("while a kernel may still respond, the view does not call itself saved; changes are drawn", () => {
  assert.doesNotMatch(el.textContent, /saved view/);
  model.set({ kept: { ...kept, title: "Other" } });
  assert.match(el.textContent, /^Other/);
});

test("the panel is requested with growing pauses until it arrives or the view is closed", () => {
  const asked = () =>
    model.sent.filter((message) => message.do === "part" && message.name === "panel").length;
  mock.timers.tick(4999);
  assert.equal(asked(), 1);
  mock.timers.tick(1);
  assert.equal(asked(), 2);
  mock.timers.tick(9999);
  assert.equal(asked(), 2);
  cleanup();
  mock.timers.tick(600_000);
  assert.equal(asked(), 2);
  assert.equal(model.listeners(), 0);
});

test("a panel that was never read says so", () => {
  openPage();
  const body = document.body;
  widget.render({ model: fakeModel({ kept: {} }), el: body });
  mock.timers.tick(2000);
  assert.match(body.textContent, /saved view, not read/);
});

test("each model has its own panel, although one module draws them all", async () => {
  const code = (words) => `export default { render: ({ el }) => { el.append("${words}"); } }`;
  const [one, other] = [fakeModel({ kept }), fakeModel({ kept })];
  const [first, second, third] = ["div", "div", "div"].map((tag) => document.createElement(tag));
  globalThis.URL.createObjectURL = () => `data:text/javascript,${code(next)}`;
  globalThis.URL.revokeObjectURL = () => {};
  let next = "queue";
  widget.render({ model: one, el: first });
  widget.render({ model: other, el: second });
  one.emit({ part: "panel", code: "", css: "" });
  next = "explorer";
  other.emit({ part: "panel", code: "", css: "" });
  while (!second.textContent.includes("explorer")) await new Promise(setImmediate);
  widget.render({ model: one, el: third });
  while (!third.textContent.includes("queue")) await new Promise(setImmediate);
  assert.deepEqual(
    [first.textContent, second.textContent, third.textContent],
    ["queue", "explorer", "queue"],
  );
});

test("the host's signal ends a view: no more requests, and no listeners", () => {
  const host = new AbortController();
  const own = fakeModel({ kept });
  const end = widget.render({ model: own, el, signal: host.signal });
  assert.ok(own.listeners() > 0);
  host.abort();
  end(); // a host that has a signal calls this as well
  assert.equal(own.listeners(), 0);
  const sent = own.sent.length;
  mock.timers.tick(60000);
  assert.equal(own.sent.length, sent);
});
