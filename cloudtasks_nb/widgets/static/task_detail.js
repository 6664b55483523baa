// The detail pane of a task: facts, headers, payload, and the buttons that act on it.

// The payload decoded, and as it came where that says something else.
function payloadBlock(payload) {
  const bar = h("div", { class: "ct-buttons" }, h("span", { class: "ct-section-label" }, payload.summary));
  const body = sectionBody(payload);
  const block = h("div", { class: "ct-section" }, bar, body);
  if (payload.raw === null) return block;
  const raw = h("button", { type: "button", class: "ct-button ct-small", "aria-pressed": "false" }, "Raw");
  const asItCame = lines(payload.raw, "payload as it came");
  raw.addEventListener("click", () => {
    const isRaw = raw.getAttribute("aria-pressed") !== "true";
    raw.setAttribute("aria-pressed", String(isRaw));
    block.lastChild.replaceWith(isRaw ? asItCame : body);
  });
  bar.append(raw);
  return block;
}

function taskButtons(frame, detail, close, isHeld) {
  const closing = h("button", { type: "button", class: "ct-button", onclick: close }, "Close");
  if (isHeld || frame.model.get("read_only")) return [closing];
  const act = (action) => () => frame.send(action, { task_id: detail.id });
  const edit = frame.button("Edit…", () => frame.send("edit", { task_id: detail.id }));
  edit.dataset.key = "edit task"; // no id holds a space
  return [
    detail.can_run ? frame.armed("Run", `Send ${detail.id} now?`, act("run_task")) : null,
    edit,
    frame.armed("Delete", `Delete ${detail.id} for good?`, act("delete_task"), { kind: "ct-quiet-danger" }),
    closing,
  ];
}

function detailPane(frame, detail, close, isHeld = false) {
  const title = h("h4", { tabindex: "-1" }, detail.id);
  const pane = h("section", { class: "ct-detail", "aria-label": `Task ${detail.id}` },
    h("header", {}, title, h("span", { class: "ct-muted" }, `${detail.kind} task`),
      h("div", { class: "ct-buttons ct-end" }, taskButtons(frame, detail, close, isHeld))),
    factsList(detail.facts),
    detail.headers.map(sectionFold),
    detail.payload ? [payloadBlock(detail.payload), ...detail.payload.inner.map(sectionFold)] : []);
  pane.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) close();
  });
  return { pane, title };
}
