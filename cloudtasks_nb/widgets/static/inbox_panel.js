// What an inbox received: the newest request first, a click opens it.

const COLUMNS = ["#", "received", "method", "path", "attempt", "task", "answered", "payload", "headers"];
const NUMBERS = new Set([0, 4]);

function detail(opened, close) {
  const title = h("h4", { tabindex: "-1" }, opened.title);
  const pane = h("section", { class: "ct-detail", "aria-label": `Request ${opened.number}` },
    h("header", {}, title, h("span", { class: "ct-muted" }, `request ${opened.number}`),
      h("button", { type: "button", class: "ct-button ct-end", onclick: close }, "Close")),
    factsList(opened.facts),
    opened.sections.map(sectionFold));
  pane.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return { pane, title };
}

function render({ model, el }) {
  const frame = new Frame(model, el, "inbox", "Inbox");
  const title = h("h3");
  const state = h("span");
  const words = h("span", { class: "ct-muted ct-where" });
  const body = h("tbody");
  const head = h("thead", {}, h("tr", {}, COLUMNS.map((name, at) => h("th", { scope: "col", class: NUMBERS.has(at) ? "ct-number" : null }, name))));
  const table = h("div", { class: "ct-scroll", tabindex: "0", role: "region", "aria-label": "Requests" },
    h("table", { class: "ct-data ct-requests" }, h("caption", {}, "Requests, the newest first"), head, body));
  const empty = h("p", { class: "ct-muted ct-empty" }, "Nothing was received yet.");
  const slot = h("div");
  let asked = null;
  const open = (number) => { asked = number; frame.tell("open_request", { number }); };
  const row = ({ number, cells: values }) => h("tr", { onclick: () => open(number) }, values.map((value, at) =>
    at === 0
      ? h("td", { class: "ct-number" }, h("button", { type: "button", class: "ct-button ct-link", "aria-label": `Open request ${number}`, "data-key": number }, String(number)))
      : h("td", { class: NUMBERS.has(at) ? "ct-number" : null }, cells(value))));
  frame.root.append(
    h("header", {}, title, state, words), empty, table,
    h("div", { class: "ct-bar" }, h("div", { class: "ct-buttons" },
      frame.button("Clear", () => frame.send("clear"), { allowed: () => model.get("rows").length > 0 }))),
    slot, frame.status, frame.folded);
  frame.watch(["state"], () => {
    const now = model.get("state");
    title.textContent = now.title;
    state.replaceChildren(...cells(now.badge));
    const answers = now.answers.length ? `cells answer ${now.answers.join(", ")}` : "every path gets 200";
    words.replaceChildren(`${plural(now.received, "request")} · ${answers}`);
  });
  frame.watch(["rows"], () => {
    const rows = model.get("rows");
    const kept = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    body.replaceChildren(...rows.map(row));
    frame.keyed(kept)?.focus({ preventScroll: true });
    table.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    frame.sync();
  });
  frame.watch(["opened"], () => {
    const opened = model.get("opened");
    if (!opened.number) return slot.replaceChildren();
    const close = () => { frame.tell("close_request"); frame.keyed(opened.number)?.focus({ preventScroll: true }); };
    const { pane, title } = detail(opened, close);
    slot.replaceChildren(pane);
    if (asked === opened.number) title.focus({ preventScroll: true });
    asked = null;
  });
  return () => frame.cleanup();
}

export default { render };
