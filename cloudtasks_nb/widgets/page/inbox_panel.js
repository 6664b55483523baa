// The inbox panel: received requests, newest first. A click opens one.

import { cells } from "./frame/cells.js";
import { buttons, h, pushButton, tableHead } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";
import { detailSlot, pane } from "./frame/pane.js";
import { Rows } from "./frame/rows.js";
import { factsList, sectionFold } from "./frame/sections.js";
import { plural } from "./frame/words.js";

const COLUMNS = ["#", "received", "method", "path", "attempt", "task", "response", "payload", "headers"];
const NUMBERS = new Set([0, 4]);

const numberClass = (at) => (NUMBERS.has(at) ? "ct-number" : null);

function openedRequest(frame) {
  return detailSlot(frame, "opened", "number", ({ number, title, facts, sections }) => {
    const close = () => {
      frame.tell("close_request");
      frame.focusOn(number);
    };
    const words = `request ${number}`;
    const names = { title, label: `Request ${number}`, words, verbs: pushButton("Close", close), close };
    return pane(names, factsList(facts), sections.map(sectionFold));
  });
}

function requestRow({ number, cells: values }, open) {
  const name = { kind: "ct-link", "aria-label": `Open request ${number}`, "data-key": number };
  const [, ...others] = values;
  const row = [
    h("td.ct-number", pushButton(String(number), null, name)),
    ...others.map((value, at) => h("td", { class: numberClass(at + 1) }, cells(value))),
  ];
  return h("tr", { onclick: open }, row); // a click on the button also reaches the row
}

// The table of requests, or a line that says that none were received.
function requests(frame, open) {
  const body = h("tbody");
  const caption = h("caption", "Requests, newest first");
  const head = tableHead(COLUMNS, (_, at) => numberClass(at));
  const scroll = { class: "ct-scroll", tabindex: "0", role: "region", "aria-label": "Requests" };
  const table = h("div", scroll, h("table.ct-data.ct-requests", caption, head, body));
  const empty = h("p.ct-muted.ct-empty", "No requests received yet.");
  // A new request is drawn above the others, which stay: the browser keeps them in place.
  const shown = new Rows(body, (row) => requestRow(row, () => open(row.number)));
  frame.watch(["rows"], () => {
    const rows = frame.get("rows");
    shown.fill(rows, ({ number }) => number);
    table.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    frame.sync();
  });
  return [empty, table];
}

function header(frame) {
  const title = h("h3");
  const state = h("span");
  const words = h("span.ct-muted.ct-where");
  frame.watch(["state"], () => {
    const now = frame.get("state");
    const answers = now.answers.length ? `handlers: ${now.answers.join(", ")}` : "every path returns 200";
    title.textContent = now.title;
    state.replaceChildren(...cells(now.badge));
    words.replaceChildren(`${plural(now.received, "request")} · ${answers}`);
  });
  return h("header", title, state, words);
}

function render({ model, el }) {
  const frame = new Frame(model, el, "inbox", "Inbox");
  const opened = openedRequest(frame);
  const open = (number) => {
    opened.ask(number);
    frame.tell("open_request", { number });
  };
  const clear = frame.button("Clear", () => frame.send("clear"), {
    allowed: () => frame.get("rows").length > 0,
  });
  frame.root.append(
    ...[header(frame), ...requests(frame, open)],
    h("div.ct-bar", buttons(clear)),
    ...[opened.node, frame.status, frame.folded],
  );
  return () => frame.cleanup();
}

export default { render };
