// Tasks that are leased: until when, what they hold, and how to finish them.

import { when } from "./frame/cells.js";
import { h, muted } from "./frame/dom.js";
import { formSlot } from "./frame/forms.js";
import { Frame } from "./frame/frame.js";
import { detailSlot } from "./frame/pane.js";
import { allBar } from "./leases/all.js";
import { DEFAULT_S, leaseForm } from "./leases/form.js";
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
  const isReadOnly = frame.get("read_only");
  const updated = h("span.ct-muted.ct-where");
  frame.watch(["place"], () => {
    const read = frame.get("place").updated;
    updated.replaceChildren(...(isReadOnly && read ? ["updated ", when(read)] : []));
  });
  return h("header", h("h3", id), muted("leases"), updated);
}

// What leases and finishes; a panel that is read-only has a button to read again in place of it.
function controls(frame, leases, slot) {
  if (frame.get("read_only")) {
    const refresh = frame.button("Refresh", () => frame.send("refresh"));
    return {
      top: h("div.ct-bar", refresh),
      bottom: "",
      tick: () => {},
      seconds: () => DEFAULT_S,
    };
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
  frame.watch(["leases", "place"], () => {
    leases.fill();
    tick();
    frame.sync();
  });
  frame.every(TICK_MS, () => {
    leases.tick();
    tick();
  });
  return () => frame.cleanup();
}

export default { render };
