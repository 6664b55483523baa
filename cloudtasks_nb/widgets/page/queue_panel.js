// The panel of one queue: its state, estimates, and the buttons that change it.

import { cells, when } from "./frame/cells.js";
import { h, muted, pushButton } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";
import { facts as factPairs } from "./frame/sections.js";
import { tabs } from "./frame/tabs.js";
import { failingWords, number } from "./frame/words.js";
import { HistoryView } from "./queue/history.js";

function tile(label, value, note) {
  const below = note ? h("dd.ct-note", note) : null;
  return h("div.ct-tile", h("dt", label), h("dd", value), below);
}

// The number of failures as a button that opens the failing tasks; nothing if it is unknown.
function failingTile({ failed, attempts, mostly, of }, open) {
  if (failed === null) return [];
  if (!failed) return [tile("Failing", number(0), `of ${number(attempts)} ${of}`)];
  const title = `${failingWords(failed, attempts, of)}, mostly with ${mostly}. Show these tasks.`;
  const button = pushButton(number(failed), open, {
    kind: "ct-link ct-failing",
    title,
    "data-key": "failing",
  });
  return [tile("Failing", button, `of ${number(attempts)} ${of}`)];
}

function tiles({ estimates, depth, counted, oldest, executed, in_flight: inFlight }) {
  if (depth === null) return [estimates ? h("p.ct-muted", "No estimates.") : tile("Tasks", "not counted")];
  if (!estimates) return [tile("Tasks", number(depth), ["counted ", when(counted)])];
  return [
    tile("Tasks", number(depth), "estimate"),
    tile("Oldest due", when(oldest), oldest && "estimate"),
    tile("Attempts, last minute", number(executed)),
    tile("Concurrent", number(inFlight)),
  ];
}

// The Why? tab, whose script is loaded when it is first opened.
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
  const [controls, below, restore] = [h("div.ct-buttons"), h("div"), h("div")];
  const now = h("div.ct-now-view", stats, settings, h("div.ct-bar", controls, updated), below);
  frame.part("queue_panel.verbs").then(({ attach }) => attach(frame, { controls, below, restore }));
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
  frame.watch(["facts"], () => {
    const read = model.get("facts");
    state.replaceChildren(...cells(read.badge));
    const open = () => frame.send("open_tasks", { query: "code:error" });
    stats.replaceChildren(...tiles(read), ...failingTile(read.failing, open));
    settings.replaceChildren(...factPairs(read.settings));
    updated.replaceChildren(...frame.freshness(read.updated));
    frame.sync();
  });
  return () => frame.cleanup();
}

export default { render };
