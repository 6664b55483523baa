// The detail pane of a task: facts, headers, payload, and the buttons that act on it.

function headersFold(part) {
  const head = h("tr", {}, part.columns.map((name) => h("th", { scope: "col" }, name)));
  const body = part.rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, cells(name)), h("td", {}, cells(value))));
  const table = h("table", { class: "ct-headers" }, h("caption", {}, part.summary), h("thead", {}, head), h("tbody", {}, body));
  return h("details", {}, h("summary", {}, part.summary), table);
}

function payloadBlock(payload) {
  const label = h("span", { class: "ct-payload-label" }, payload.summary);
  const bar = h("div", { class: "ct-buttons" }, label);
  if (payload.picture) {
    return h("div", { class: "ct-payload" }, bar, h("img", { src: payload.picture, alt: payload.text }));
  }
  const text = h("pre", { tabindex: "0", "aria-label": "payload" }, payload.text);
  if (payload.raw !== null) {
    const raw = h("button", { type: "button", class: "ct-button ct-small", "aria-pressed": "false" }, "Raw");
    raw.addEventListener("click", () => {
      const isRaw = raw.getAttribute("aria-pressed") !== "true";
      raw.setAttribute("aria-pressed", String(isRaw));
      text.textContent = isRaw ? payload.raw : payload.text;
    });
    bar.append(raw);
  }
  return h("div", { class: "ct-payload" }, bar, payload.text ? text : null);
}

// What a payload holds packed inside it, unpacked.
function innerBlock(part) {
  const body = part.picture ? h("img", { src: part.picture, alt: part.text }) : h("pre", { tabindex: "0", "aria-label": part.summary }, part.text);
  return h("details", { class: "ct-payload", open: part.open }, h("summary", {}, part.summary), body);
}

function payloadParts(payload) {
  return payload ? [payloadBlock(payload), ...payload.inner.map(innerBlock)] : [];
}

function taskButtons(frame, detail, close, isHeld) {
  const closing = h("button", { type: "button", class: "ct-button", onclick: close }, "Close");
  if (isHeld || frame.model.get("read_only")) return [closing];
  const act = (action) => () => frame.send(action, { task_id: detail.id });
  return [
    detail.can_run ? frame.armed("Run", `Send ${detail.id} now?`, act("run_task")) : null,
    frame.button("Edit…", () => frame.send("edit", { task_id: detail.id })),
    frame.armed("Delete", `Delete ${detail.id} for good?`, act("delete_task"), { kind: "ct-quiet-danger" }),
    closing,
  ];
}

function detailPane(frame, detail, close, isHeld = false) {
  const title = h("h4", { tabindex: "-1" }, detail.id);
  const facts = detail.facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, cells(value))]);
  const pane = h("section", { class: "ct-detail", "aria-label": `Task ${detail.id}` },
    h("header", {}, title, h("span", { class: "ct-muted" }, `${detail.kind} task`),
      h("div", { class: "ct-buttons ct-end" }, taskButtons(frame, detail, close, isHeld))),
    h("dl", { class: "ct-facts" }, facts),
    detail.headers.map(headersFold),
    payloadParts(detail.payload));
  pane.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) close();
  });
  return { pane, title };
}
