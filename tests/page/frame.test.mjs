import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { armed } from "../../cloudtasks_nb/widgets/page/frame/armed.js";
import { h } from "../../cloudtasks_nb/widgets/page/frame/dom.js";
import { actionForm, confirmForm } from "../../cloudtasks_nb/widgets/page/frame/forms.js";
import { Frame } from "../../cloudtasks_nb/widgets/page/frame/frame.js";
import { click, fakeModel, manualClock, openPage } from "./dom.mjs";

let model;
let frame;

beforeEach(() => {
  manualClock();
  const body = openPage();
  model = fakeModel();
  frame = new Frame(model, body, "test", "A panel");
});

const actions = () => model.sent.filter((message) => message.call);
const answer = () => model.emit({ done: actions().at(-1).call });

function keyedButton(key, act = () => {}) {
  const button = frame.button(key, act);
  button.dataset.key = key;
  return button;
}

test("text from the service is never parsed as HTML", () => {
  const node = h("p", { title: "<b>" }, "<script>alert(1)</script>", null, ["a", ["b"]]);
  assert.equal(node.children.length, 0);
  assert.equal(node.textContent, "<script>alert(1)</script>ab");
});

test("attributes that are absent are not written", () => {
  const node = h("input", { disabled: false, title: null, hidden: true, value: 0 });
  assert.deepEqual(
    ["disabled", "title", "hidden", "value"].map((name) => node.getAttribute(name)),
    [null, null, "", "0"],
  );
});

test("buttons are disabled until the response, then follow their own rule", () => {
  let isAllowed = true;
  const button = frame.button("Pause", () => frame.send("pause"), { allowed: () => isAllowed });
  frame.root.append(button);
  click(button);
  assert.ok(button.disabled);
  isAllowed = false;
  answer();
  assert.ok(button.disabled);
  isAllowed = true;
  frame.sync();
  assert.ok(!button.disabled);
});

test("updates by the kernel wait for the end of a press, once each", () => {
  const seen = [];
  frame.watch(["widths", "lines"], () => seen.push(frame.get("widths")));
  frame.root.dispatchEvent(new window.Event("pointerdown", { bubbles: true }));
  model.set({ widths: { a: 1 }, lines: [] });
  model.set({ widths: { a: 2 } });
  document.dispatchEvent(new window.Event("pointerup", { bubbles: true }));
  assert.equal(seen.length, 1);
  mock.timers.tick(1);
  assert.deepEqual(seen.slice(1), [{ a: 2 }]);
  model.set({ widths: { a: 3 } });
  assert.equal(seen.length, 3);
});

test("buttons of a nested panel do not change", () => {
  const inner = new Frame(fakeModel(), frame.root, "inner", "Inner");
  const button = inner.button("Run", () => {});
  inner.root.append(button);
  model.set({ busy: "pause" });
  assert.ok(!button.disabled);
});

test("the first press arms and the second acts; a double click only arms", () => {
  let acted = 0;
  const button = armed(frame, "Delete", "Delete t for good?", () => acted++);
  frame.root.append(button);
  click(button);
  click(button, 2);
  assert.equal(acted, 0);
  assert.equal(button.textContent, "Confirm: delete");
  assert.match(frame.status.textContent, /Delete t for good\? Press again within 5 s\./);
  click(button);
  assert.equal(acted, 1);
  assert.equal(button.textContent, "Delete");
});

function openOn(service, traits = {}) {
  const acts_on = { project: "acme", location: "us-central1", live: false, client_reads: false, ...service };
  return new Frame(fakeModel({ acts_on, ...traits }), openPage(), "test", "A panel");
}

test("a panel begins with its service, and shows if it is read-only", () => {
  const first = (...given) => openOn(...given).root.firstChild.textContent;
  assert.equal(first({}), "EMULATORacme · us-central1");
  assert.equal(first({ live: true }), "LIVEacme · us-central1");
  assert.equal(first({}, { read_only: true }), "EMULATORacme · us-central1 · read-only");
  const isClient = first({ live: true, client_reads: true }, { read_only: true });
  assert.equal(isClient, "LIVEacme · us-central1 · read-only client");
});

test("confirmations on the real service say so", () => {
  const options = { label: "Purge", submit: "Purge", act: () => {}, close: () => {} };
  for (const live of [true, false]) {
    const panel = openOn({ live });
    const button = armed(panel, "Delete", "Delete t for good?", () => {});
    click(button);
    const real = "This is the real service, project acme. ";
    assert.equal(button.textContent, live ? "Confirm live: delete" : "Confirm: delete");
    assert.equal(panel.status.textContent.startsWith(real), live);
    assert.equal(actionForm(panel, options).textContent.startsWith(real), live);
    assert.ok(!actionForm(panel, { ...options, changes: false }).textContent.startsWith(real));
    panel.cleanup();
  }
});

test("an armed button disarms after five seconds", () => {
  let acted = 0;
  const button = armed(frame, "Delete", "Sure?", () => acted++);
  click(button);
  mock.timers.tick(5000);
  assert.equal(button.textContent, "Delete");
  click(button);
  assert.equal(acted, 0);
});

test("the focus stays on its element when its row is drawn again", () => {
  const box = h("div");
  frame.root.append(box);
  const draw = () => box.replaceChildren(keyedButton("task a/b"), keyedButton("task c"));
  draw();
  box.firstChild.focus();
  frame.redraw(() => {
    draw();
    document.body.focus(); // as a browser does when the focus is removed
  });
  assert.equal(document.activeElement, box.firstChild);
});

test("after an action the focus comes back, and never goes to a button that was not pressed", () => {
  const row = h(
    "div",
    {},
    keyedButton("first", () => frame.send("run")),
    keyedButton("second"),
  );
  frame.root.append(row);
  row.firstChild.focus();
  click(row.firstChild);
  document.body.focus();
  answer();
  assert.equal(document.activeElement, row.firstChild);

  click(row.firstChild);
  document.body.focus();
  row.firstChild.remove();
  answer();
  assert.equal(document.activeElement, frame.root);
});

test("a button that closes its form gets the focus back, also if it is disabled until the response", () => {
  const button = keyedButton("purge", () => {});
  const other = keyedButton("resume");
  frame.root.append(other, button);
  frame.send("purge");
  frame.sync();
  frame.focusBack(button);
  document.body.focus();
  answer();
  assert.equal(document.activeElement, button);
});

test("an input that is drawn again keeps its focus and its caret", () => {
  const box = h("div");
  frame.root.append(box);
  const draw = () => box.replaceChildren(h("input", { "data-key": "name" }));
  draw();
  Object.assign(box.firstChild, { selectionStart: 2, selectionEnd: 3, selectionDirection: "none" });
  box.firstChild.focus();
  frame.redraw(() => {
    draw();
    document.body.focus();
    Object.assign(box.firstChild, { selectionStart: 0, setSelectionRange: (...range) => ranges.push(range) });
  });
  assert.equal(document.activeElement, box.firstChild);
  assert.deepEqual(ranges, [[2, 3, "none"]]);
});

const ranges = [];

test("the focus stays where the user went meanwhile", () => {
  const elsewhere = h("button", {}, "elsewhere");
  const button = keyedButton("run", () => frame.send("run"));
  document.body.append(elsewhere);
  frame.root.append(button);
  button.focus();
  click(button);
  elsewhere.focus();
  answer();
  assert.equal(document.activeElement, elsewhere);
});

test("a change of only the read time draws nothing again", () => {
  let drawn = 0;
  model.set({ facts: { depth: 1, updated: "" } });
  frame.watchFacts(["facts"], () => drawn++);
  model.set({ facts: { depth: 1, updated: "2026-07-31T11:59:55Z" } }); // read for the first time
  model.set({ facts: { depth: 1, updated: "2026-07-31T12:00:05Z" } });
  assert.equal(drawn, 2);
  model.set({ facts: { depth: 2, updated: "2026-07-31T12:00:05Z" } });
  assert.equal(drawn, 3);
});

test("a relative time is updated", () => {
  frame.root.append(...frame.freshness("2026-07-31T11:59:55Z"));
  assert.match(frame.root.textContent, /updated 5 s ago/);
  mock.timers.tick(3000);
  assert.match(frame.root.textContent, /updated 8 s ago/);
});

test("the status line shows the message from Python and the next step", () => {
  model.set({ notice: { text: "No such queue.", hint: "create it first", level: "error" } });
  assert.equal(frame.status.textContent, "No such queue. Next: create it first");
  assert.ok(frame.status.classList.contains("ct-error"));
});

test("a missing queue is marked once, until it exists again", () => {
  frame.root.append(h("header", {}, h("h3", {}, "emails")));
  frame.root.querySelector = (selector) =>
    selector.startsWith(":scope") ? frame.root.firstElementChild && document.querySelector("h3") : null;
  model.set({ gone: true });
  model.set({ gone: true });
  assert.equal(document.querySelectorAll(".ct-lost-badge").length, 1);
  model.set({ gone: false });
  assert.equal(document.querySelectorAll(".ct-lost-badge").length, 0);
});

test("a closed panel removes its listeners, and reports that it closed", () => {
  frame.cleanup();
  assert.equal(model.listeners(), 0);
  assert.deepEqual(model.sent.at(-1), { do: "unmounted", view: model.sent[0].view });
});

test("a form acts when it is ready, and never during an action", () => {
  let isReady = false;
  let acted = 0;
  const form = actionForm(frame, {
    label: "Copy",
    submit: "Copy",
    ready: () => isReady,
    act: () => acted++,
    close: () => {},
  });
  const submit = () => form.dispatchEvent(new window.Event("submit", { cancelable: true }));
  submit();
  assert.equal(acted, 0);
  isReady = true;
  submit();
  assert.equal(acted, 1);
  frame.send("pause");
  submit();
  assert.equal(acted, 1);
});

test("an action on many tasks is confirmed by their number or by the queue id", () => {
  const given = [];
  const options = {
    label: "Delete 30 tasks",
    words: "",
    count: 30,
    id: "emails",
    act: (count) => given.push(count),
  };
  const { form, first } = confirmForm(frame, { ...options, close: () => {} });
  for (const typed of ["", "3", "other", " 30 ", "emails"]) {
    first.value = typed;
    form.dispatchEvent(new window.Event("submit", { cancelable: true }));
  }
  assert.deepEqual(given, ["30", "30"]);
});
