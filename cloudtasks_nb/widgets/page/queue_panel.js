// One queue: its state, its estimates, and the buttons that change it.

import { cells, when } from "./frame/cells.js";
import { buttons, h, muted } from "./frame/dom.js";
import { formSlot } from "./frame/forms.js";
import { Frame } from "./frame/frame.js";
import { facts as factPairs } from "./frame/sections.js";
import { tabs } from "./frame/tabs.js";
import { number } from "./frame/words.js";
import { doomForm, restoreBox } from "./queue/doom.js";
import { HistoryView } from "./queue/history.js";
import { settingsForm } from "./queue/settings.js";

function tile(label, value, note) {
  const below = note ? h("dd.ct-note", note) : null;
  return h("div.ct-tile", h("dt", label), h("dd", value), below);
}

function tiles({ estimates, depth, counted, oldest, executed, in_flight: inFlight }) {
  if (depth === null) return [estimates ? h("p.ct-muted", "No estimates.") : tile("Tasks", "not counted")];
  if (!estimates) return [tile("Tasks", number(depth), ["counted ", when(counted)])];
  return [
    tile("Tasks", number(depth), "estimate"),
    tile("Oldest due", when(oldest), oldest && "estimate"),
    tile("Sent, last minute", number(executed)),
    tile("In flight", number(inFlight)),
  ];
}

function readButtons(frame) {
  const refresh = frame.button("Refresh", () => frame.send("refresh"));
  if (frame.get("facts").estimates) return [refresh];
  const count = () => frame.send("count_tasks");
  return [refresh, frame.button("Count tasks", count, { allowed: () => !frame.gone })];
}

function controls(frame, slot) {
  if (frame.get("read_only")) return readButtons(frame);
  const state = () => frame.get("facts").state;
  const verb = (label, action, unless) =>
    frame.button(label, () => frame.send(action), { allowed: () => !frame.gone && state() !== unless });
  const opening = (label, build, kind) => {
    const open = (event) => slot.show((close) => build(frame.get("facts"), close), event.currentTarget);
    return frame.button(label, open, { kind, allowed: () => !frame.gone });
  };
  const doom = (action) => (facts, close) => doomForm(frame, facts, action, close);
  return [
    verb("Pause", "pause", "PAUSED"),
    verb("Resume", "resume", "RUNNING"),
    ...readButtons(frame),
    opening("Edit settings…", ({ form }, close) => settingsForm(frame, form, close)),
    opening("Purge…", doom("purge"), "ct-quiet-danger"),
    opening("Delete…", doom("delete"), "ct-quiet-danger"),
  ];
}

// A view that is loaded when somebody first opens it.
function whyTab(frame) {
  const node = h("div");
  let view = null;
  let isShown = false;
  const follow = () => (isShown ? view.open() : view.close());
  const show = async (isOn) => {
    isShown = isOn;
    if (!view && !isOn) return;
    if (!view) {
      const { attach } = await frame.part("queue_panel.why");
      view ??= attach(frame, node);
    }
    follow();
  };
  return { node, show };
}

function render({ model, el }) {
  const { id, kind } = model.get("facts");
  const frame = new Frame(model, el, "queue", `Queue ${id}`);
  const state = h("span.ct-state");
  const stats = h("dl.ct-tiles");
  const settings = h("dl.ct-facts");
  const updated = h("span.ct-muted.ct-updated");
  const slot = formSlot(frame);
  const restore = h("div");
  const now = h(
    "div.ct-now-view",
    stats,
    settings,
    h("div.ct-bar", buttons(controls(frame, slot)), updated),
    slot.node,
  );
  const history = new HistoryView(frame);
  const why = whyTab(frame);
  const views = tabs(
    "Views of the queue",
    [
      ["Now", (isOn) => (now.hidden = !isOn)],
      ["Why?", why.show],
      ["History", (isOn) => (isOn ? history.open() : history.close())],
    ],
    model.get("tab"),
  );
  frame.root.append(
    h("header", h("h3", id), state, muted(`${kind} queue`)),
    views,
    now,
    why.node,
    history.node,
    frame.status,
    restore,
    frame.folded,
  );
  frame.watch(["restorable"], () => restore.replaceChildren(...restoreBox(model.get("restorable") ?? {})));
  frame.watch(["facts"], () => {
    const read = model.get("facts");
    state.replaceChildren(...cells(read.badge));
    stats.replaceChildren(...tiles(read));
    settings.replaceChildren(...factPairs(read.settings));
    updated.replaceChildren(...frame.freshness(read.updated));
    frame.sync();
  });
  return () => frame.cleanup();
}

export default { render };
