import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Calls, GONE, SILENT, WAITING } from "../../cloudtasks_nb/widgets/page/frame/calls.js";
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

test("a double click acts once: the second is dropped until the first is answered", () => {
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

test("only the answer to its own call ends an action", () => {
  calls.send("pause");
  assert.ok(!calls.answered({ done: "another" }) && !calls.answered({}) && !calls.answered(undefined));
  assert.ok(calls.busy);
});

test("an answer that comes while the message is sent is not lost", () => {
  model.send = (message) => calls.answered({ done: message.call });
  calls.send("pause");
  assert.ok(!calls.busy);
});

test("nothing is sent while Python is busy with another view's action", () => {
  model.set({ busy: "purge" });
  calls.send("pause");
  assert.deepEqual(model.sent, []);
});

test("a light message goes at once, and keeps no button waiting", () => {
  calls.send("pause");
  calls.tell("choose", { names: [] });
  assert.deepEqual(model.sent[1], { do: "choose", args: { names: [] } });
});

test("a slow answer is explained by who is slow", () => {
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

test("an answer in time says nothing of waiting", () => {
  calls.send("pause");
  calls.answered({ done: model.sent[0].call });
  mock.timers.tick(5000);
  assert.deepEqual(said, []);
});

test("without a kernel a click says so, and the next one is tried again", () => {
  model.send = () => {
    throw new Error("no comm");
  };
  calls.send("pause");
  calls.tell("choose", {});
  assert.deepEqual(said, [GONE, GONE]);
  assert.ok(!calls.busy);
});
