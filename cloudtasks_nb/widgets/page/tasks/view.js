// View options of the tasks: columns, rows per page, payloads; and the progress of long actions.

import { checkLabel, focus, h, muted, pushButton } from "../frame/dom.js";
import { number } from "../frame/words.js";

const SIZES = [25, 50, 100, 250, 1000];
const PAYLOADS_TITLE =
  "Read tasks with their payloads (view FULL; needs cloudtasks.tasks.fullView), so that filters search them";

// A menu over the table. Escape or a click elsewhere closes it.
function menu(frame, summary, ...content) {
  const head = h("summary.ct-button", summary);
  const node = h("details.ct-menu", head, h("div.ct-menu-body", content));
  const away = (event) => {
    if (node.open && !node.contains(event.composedPath()[0])) node.open = false;
  };
  document.addEventListener("pointerdown", away);
  frame.undo.push(() => document.removeEventListener("pointerdown", away));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    event.stopPropagation();
    node.open = false;
    focus(head);
  });
  return node;
}

function columnsMenu(frame) {
  const boxes = frame.get("available").map(([value, label]) => {
    const box = h("input", { type: "checkbox", value });
    const change = () => frame.tell("show_columns", { columns: [value], on: box.checked });
    box.addEventListener("change", change);
    return { box, label };
  });
  frame.watch(["columns", "place"], () => {
    const hasPayloads = frame.get("place").payloads;
    for (const { box } of boxes) {
      box.checked = frame.get("columns").includes(box.value);
      box.disabled = box.value === "task" || (box.value === "payload" && !hasPayloads);
    }
  });
  const labels = boxes.map(({ box, label }) => checkLabel(box, label));
  return menu(frame, "Columns", labels);
}

export function viewControls(frame) {
  const sizes = [...new Set([...SIZES, frame.get("place").page_size])].sort((a, b) => a - b);
  const options = sizes.map((count) => h("option", { value: count }, `${count} per page`));
  const size = frame.control(h("select.ct-select", { "aria-label": "Tasks per page" }, options));
  size.addEventListener("change", () => frame.send("set_page_size", { page_size: Number(size.value) }));
  const payloads = frame.control(h("input", { type: "checkbox" }));
  payloads.addEventListener("change", () => frame.send("read_payloads", { on: payloads.checked }));
  frame.watch(["place", "busy"], () => {
    const at = frame.get("place");
    size.value = String(at.page_size);
    payloads.checked = at.payloads;
  });
  return [checkLabel(payloads, "Payloads", PAYLOADS_TITLE), size, columnsMenu(frame)];
}

/** The progress of a long action, and a Stop button. */
export function progressRow(frame) {
  const bar = h("progress", { "aria-label": "Progress" });
  const words = muted();
  const stop = pushButton("Stop", () => frame.calls.post({ do: "cancel" }), { kind: "ct-small" });
  const row = h("div.ct-progress", { hidden: true }, bar, words, stop);
  frame.watch(["progress"], () => {
    const { text, done, total } = frame.get("progress");
    row.hidden = !text;
    if (!text) return;
    if (total) {
      bar.max = Math.max(total, done);
      bar.value = done;
    } else bar.removeAttribute("value");
    words.textContent = `${text}: ${number(done)}${total ? ` of ${number(total)}` : ""}`;
  });
  return row;
}
