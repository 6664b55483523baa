// What is shown of the tasks: words to look for, values to choose or leave out, columns, rows per page, payloads.

const TYPING_MS = 250;
const MODES = { "": "not filtered", only: "only these", without: "left out" };

function filterRow(frame) {
  const model = frame.model;
  const label = h("label", { for: frame.id("filter") });
  const help = "Words, and is:due kind:http code:503 tag:red method:POST id: url: payload:, a minus in front for “not”. As code: browser.filter(…)";
  const input = h("input", { type: "search", id: frame.id("filter"), class: "ct-search", autocomplete: "off", spellcheck: "false", title: help });
  const found = h("span", { class: "ct-muted ct-found", role: "status" });
  const chips = h("div", { class: "ct-chips", role: "group", "aria-label": "Filters" });
  let timer = null;
  const ask = () => { clearTimeout(timer); frame.tell("filter", { query: input.value }); };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, TYPING_MS); });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") ask();
    if (event.key === "Escape" && input.value) { event.preventDefault(); input.value = ""; ask(); }
  });
  frame.undo.push(() => clearTimeout(timer));
  const chip = ({ field, value, label, count, tone, mode }) => {
    const button = h("button", {
      type: "button", class: `ct-chip ct-${mode || "off"} ${tone ? `ct-tone-${tone}` : ""}`, "data-key": `${field}:${value}`,
      "aria-label": `${field} ${label}, ${plural(count, "task")}: ${MODES[mode]}`, "aria-pressed": String(mode !== ""),
      title: mode === "" ? "Show only these" : mode === "only" ? "Leave these out" : "Show these again",
      onclick: () => frame.tell("toggle", { field, value }),
    }, field === "tag" ? h("span", { class: "ct-muted" }, "tag ") : null, h("span", { class: "ct-chip-label" }, label), h("span", { class: "ct-count" }, count.toLocaleString("en")));
    return button;
  };
  frame.watch(["place", "order"], () => {
    const at = model.get("place");
    label.textContent = `Filter ${scopeWords(at)}`;
    input.placeholder = at.payloads ? "words, also in payloads · is:due · -code:503 · tag:red" : "words · is:due · -code:503 · tag:red";
    if (document.activeElement !== input && input.value !== at.query) input.value = at.query;
    found.textContent = at.query ? `${model.get("order").length.toLocaleString("en")} of ${at.count.toLocaleString("en")} match` : "";
  });
  frame.watch(["facets"], () => {
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    chips.replaceChildren(...model.get("facets").map(chip));
    if (focused) {
      chips.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      input.value = model.get("place").query;
    }
  });
  return h("div", { class: "ct-filter" }, h("div", { class: "ct-filter-line" }, label, input, found), chips);
}

// A menu that opens over the table, and closes with Escape or a click elsewhere.
function menu(frame, summary, ...content) {
  const node = h("details", { class: "ct-menu" }, h("summary", { class: "ct-button" }, summary), h("div", { class: "ct-menu-body" }, content));
  const away = (event) => { if (node.open && !node.contains(event.composedPath()[0])) node.open = false; };
  document.addEventListener("pointerdown", away);
  frame.undo.push(() => document.removeEventListener("pointerdown", away));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    event.stopPropagation();
    node.open = false;
    node.firstChild.focus({ preventScroll: true });
  });
  return node;
}

function columnsMenu(frame) {
  const model = frame.model;
  const boxes = model.get("available").map(([name, label]) => {
    const box = h("input", { type: "checkbox", value: name });
    box.addEventListener("change", () => frame.tell("show_columns", { columns: boxes.filter((other) => other.checked).map((other) => other.value) }));
    box.label = label;
    return box;
  });
  frame.watch(["columns", "place"], () => {
    for (const box of boxes) {
      box.checked = model.get("columns").includes(box.value);
      box.disabled = box.value === "task" || (box.value === "payload" && !model.get("place").payloads);
    }
  });
  return menu(frame, "Columns", boxes.map((box) => h("label", { class: "ct-check-label" }, box, box.label)));
}

function viewControls(frame) {
  const model = frame.model;
  const sizes = [...new Set([25, 50, 100, 250, 1000, model.get("place").page_size])].sort((a, b) => a - b);
  const size = h("select", { class: "ct-select", "aria-label": "Tasks per page" }, sizes.map((count) => h("option", { value: count }, `${count} per page`)));
  size.addEventListener("change", () => frame.send("set_page_size", { page_size: Number(size.value) }));
  const payloads = h("input", { type: "checkbox" });
  payloads.addEventListener("change", () => frame.send("read_payloads", { on: payloads.checked }));
  frame.watch(["place", "busy"], () => {
    const at = model.get("place");
    size.value = String(at.page_size);
    payloads.checked = at.payloads;
    size.disabled = payloads.disabled = frame.busy;
  });
  const title = "Read tasks with their payloads (view FULL; needs cloudtasks.tasks.fullView), so that filters search them";
  return [h("label", { class: "ct-check-label", title }, payloads, "Payloads"), size, columnsMenu(frame)];
}
