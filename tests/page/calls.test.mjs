import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Calls, GONE, NEWS_MS, SILENT, WAITING } from "../../cloudtasks_nb/widgets/page/frame/calls.js";
import { fakeModel } from "./dom.mjs";

let model;
let said;
let calls;

beforeEach(() => {
  model = fakeModel();
  said = [];
  calls = new Calls(model, { say: (text) => said.push(text), changed: () => {} });
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

test("a double click acts once: the second click is dropped until the first has a response", () => {
  calls.send("pause");
  calls.send("pause");
  calls.send("delete", { confirm: "emails" });
  assert.deepEqual(
    model.sent.map((message) => message.do),
    ["pause"],
  );
  assert.ok(calls.answered({ done: model.sent[0].call }));
  calls.send("delete", { confirm: "emails" });
  assert.deepEqual(model.sent[1].args, { confirm: "emails" });
  assert.notEqual(model.sent[0].call, model.sent[1].call);
});

test("only the response to its own call ends an action", () => {
  calls.send("pause");
  assert.ok(!calls.answered({ done: "another" }) && !calls.answered({}) && !calls.answered(undefined));
  assert.ok(calls.busy);
});

test("a response that arrives while the message is sent is not lost", () => {
  model.send = (message) => calls.answered({ done: message.call });
  calls.send("pause");
  assert.ok(!calls.busy);
});

test("nothing is sent while Python is busy with another view's action", () => {
  model.set({ busy: "purge" });
  calls.send("pause");
  assert.deepEqual(model.sent, []);
});

test("a light message is sent at once, and disables no button", () => {
  calls.send("pause");
  calls.tell("choose", { names: [] });
  assert.deepEqual(model.sent[1], { do: "choose", args: { names: [] } });
});

test("for a slow response, the status line says which part is slow", () => {
  calls.send("pause");
  mock.timers.tick(1500);
  model.set({ busy: "pause" });
  calls.answered({ done: model.sent[0].call });
  model.set({ busy: "" });
  calls.send("resume");
  model.set({ busy: "resume" });
  mock.timers.tick(1500);
  assert.deepEqual(said, [SILENT, WAITING]);
});

test("for a fast response, the status line shows no waiting message", () => {
  calls.send("pause");
  calls.answered({ done: model.sent[0].call });
  mock.timers.tick(5000);
  assert.deepEqual(said, []);
});

test("without a kernel, a click shows a message, and the next click is tried again", () => {
  model.send = () => {
    throw new Error("no comm");
  };
  calls.send("pause");
  calls.tell("choose", {});
  assert.deepEqual(said, [GONE, GONE]);
  assert.ok(!calls.busy);
});

const actions = () => model.sent.filter((message) => message.do !== "alive?");

test("without a response, the buttons work again and the outcome is shown as unknown", () => {
  calls.send("pause");
  mock.timers.tick(NEWS_MS);
  assert.deepEqual(model.sent.at(-1), { do: "alive?" });
  assert.ok(calls.busy);
  mock.timers.tick(NEWS_MS);
  assert.ok(!calls.busy);
  assert.match(said.at(-1), /No response from the kernel for 30 s.*“pause” may have been done/);
  calls.send("resume");
  assert.deepEqual(
    actions().map((message) => message.do),
    ["pause", "resume"],
  );
});

test("the page waits without limit for a kernel that still runs the action", () => {
  calls.send("load_all");
  for (let asked = 0; asked < 20; asked++) {
    mock.timers.tick(NEWS_MS);
    assert.ok(!calls.answered({ alive: "load_all" }));
  }
  assert.ok(calls.busy);
  assert.ok(calls.answered({ done: actions()[0].call }));
  assert.ok(!calls.busy);
});

test("a kernel that does nothing has lost the message", () => {
  calls.send("pause");
  mock.timers.tick(NEWS_MS);
  calls.answered({ alive: "" });
  assert.ok(calls.busy); // the response may still arrive
  mock.timers.tick(2000);
  assert.ok(!calls.busy);
  assert.match(said.at(-1), /a message was lost/);
});

test("a late response still counts", () => {
  calls.send("pause");
  mock.timers.tick(2 * NEWS_MS);
  assert.ok(calls.answered({ done: actions()[0].call }));
  assert.ok(!calls.answered({ done: actions()[0].call }));
});

test("the message about the end of another view's action may be lost, too", () => {
  model.set({ busy: "purge" });
  calls.heard();
  assert.ok(calls.busy);
  mock.timers.tick(NEWS_MS);
  mock.timers.tick(NEWS_MS);
  assert.ok(!calls.busy);
  assert.match(said.at(-1), /“purge” may have been done/);
  calls.heard(); // it continues after all
  assert.ok(calls.busy);
});
