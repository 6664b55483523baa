// The lease workbench: leased tasks with their remaining time, payloads, and buttons that finish them.

import { h, muted } from "./frame/dom.js";
import { formSlot } from "./frame/forms.js";
import { Frame } from "./frame/frame.js";
import { detailSlot } from "./frame/pane.js";
import { number } from "./frame/words.js";
import { allBar } from "./leases/all.js";
import { leaseForm } from "./leases/form.js";
import { Leases } from "./leases/table.js";
import { detailPane } from "./tasks/detail.js";

const TICK_MS = 500;

function openedTask(frame) {
  return detailSlot(frame, "detail", "id", (detail) => {
    const close = () => {
      frame.tell("close_task", {});
      frame.focusOn(detail.id);
    };
    return detailPane(frame, detail, close, true);
  });
}

function header(frame) {
  const { id } = frame.get("place");
  const waiting = muted();
  const updated = h("span.ct-muted.ct-where");
  frame.watch(["place"], () => {
    const { waiting: count, updated: read } = frame.get("place");
    waiting.replaceChildren(count === null ? "" : `about ${number(count)} waiting (estimate)`);
    updated.replaceChildren(...frame.freshness(read));
  });
  const refresh = frame.button("Refresh", () => frame.send("refresh"));
  return h("header", h("h3", id), muted("leases"), waiting, updated, refresh);
}

// The controls that lease and finish tasks; a read-only panel has none.
function controls(frame, leases, slot) {
  if (frame.get("read_only")) {
    return { top: "", bottom: "", tick: () => {} };
  }
  const { form, seconds } = leaseForm(frame);
  const { bar, tick } = allBar(frame, leases, seconds, slot.show);
  return { top: form, bottom: bar, tick, seconds };
}

function render({ model, el }) {
  const frame = new Frame(model, el, "leases", `Leases of queue ${model.get("place").id}`);
  const detail = openedTask(frame);
  const slot = formSlot(frame);
  const leases = new Leases(frame, (id) => {
    detail.ask(id);
    frame.tell("open_task", { task_id: id });
  });
  const { top, bottom, tick, seconds } = controls(frame, leases, slot);
  leases.seconds = seconds;
  frame.root.append(
    ...[header(frame), top, leases.node, bottom],
    ...[slot.node, frame.status, detail.node, frame.folded],
  );
  const fill = () => {
    leases.fill();
    tick();
    frame.sync();
  };
  frame.watch(["leases"], fill);
  frame.on("change:place", () => frame.get("leases").length || frame.redraw(fill)); // read, and nothing found
  frame.every(TICK_MS, () => {
    leases.tick();
    tick();
  });
  return () => frame.cleanup();
}

export default { render };
