// The tasks of a queue: a page of the listing or all of it, what is shown of it, what is selected, one task in detail.

function placeWords(at) {
  if (at.scope !== "page" || (at.number === 1 && !at.more)) return scopeWords(at);
  return `page ${at.number} of ${at.more ? "many" : at.number}`;
}

function navigation(frame) {
  const at = () => frame.model.get("place");
  const paging = () => at().scope === "page";
  const where = h("span", { class: "ct-place" });
  const buttons = [
    frame.button("First", () => frame.send("first_page"), { allowed: () => at().number > 1 }),
    frame.button("Back", () => frame.send("previous_page"), { allowed: () => at().number > 1 }),
    frame.button("Next", () => frame.send("next_page"), { allowed: () => at().more }),
  ];
  const pages = frame.button("Pages", () => frame.send("first_page"), { title: "Back to reading page by page" });
  const all = frame.button("Load all", () => frame.send("load_all"), { title: "Read every page, so that filter and order are those of the whole queue" });
  frame.watch(["place"], () => {
    for (const button of buttons) button.hidden = !paging();
    pages.hidden = paging();
    all.hidden = !(paging() ? at().more || at().number > 1 : at().scope === "part");
    where.textContent = placeWords(at());
  });
  return h("div", { class: "ct-buttons" }, buttons, pages, where, all, frame.button("Refresh", () => frame.send("refresh")));
}

function render({ model, el }) {
  const at = () => model.get("place");
  const frame = new Frame(model, el, "tasks", `Tasks of queue ${at().id}`);
  let asked = null;
  const table = new TaskTable(frame, (id) => { asked = id; frame.send("open_task", { task_id: id }); });
  const updated = h("span", { class: "ct-muted ct-where" });
  const slot = h("div"), detailSlot = h("div"), editSlot = h("div");
  const show = (build, opener) => {
    const close = () => { slot.replaceChildren(); opener?.focus({ preventScroll: true }); };
    const { form, first } = build(close);
    slot.replaceChildren(form);
    first.focus({ preventScroll: true });
    frame.sync();
  };
  const closeTask = () => { const { id } = model.get("detail"); frame.tell("close_task", {}); if (id) table.focus(id); };
  downloads(frame);
  frame.root.append(
    h("header", {}, h("h3", {}, at().id), h("span", { class: "ct-muted" }, `tasks · ${at().location}${model.get("read_only") ? " · read-only" : ""}`), updated),
    h("div", { class: "ct-bar" }, navigation(frame), h("div", { class: "ct-buttons ct-end" }, viewControls(frame))),
    filterRow(frame), progressRow(frame), table.node, verbBar(frame, show), slot, frame.status, detailSlot, editSlot, frame.folded);
  frame.watch(["table", "order", "place"], () => table.fill());
  frame.watch(["place"], () => {
    const { updated: read, outdated } = at();
    updated.replaceChildren(...(read ? ["updated ", when(read), outdated ? h("span", { class: "ct-warning" }, " · changed since, refresh") : ""] : ["not read yet"]));
    frame.sync();
  });
  frame.watch(["selected"], () => table.mark());
  frame.watch(["detail"], () => {
    const detail = model.get("detail");
    table.mark();
    if (!detail.id) return detailSlot.replaceChildren();
    const { pane, title } = detailPane(frame, detail, closeTask);
    detailSlot.replaceChildren(pane);
    if (asked === detail.id) title.focus({ preventScroll: true });
    asked = null;
  });
  frame.watch(["form"], () => {
    const old = model.get("form");
    if (!old.id) return editSlot.replaceChildren();
    const { form, first } = editForm(frame, old, () => { frame.tell("close_form", {}); frame.keyed("edit task")?.focus({ preventScroll: true }); });
    editSlot.replaceChildren(form);
    first?.focus({ preventScroll: true });
    frame.sync();
  });
  return () => frame.cleanup();
}

export default { render };
