// What to do with tasks: with the selected ones, or with all that match. Which of the two is always said.

const FEW = 20; // up to so many selected tasks are acted on with two presses; more are confirmed by their number

function verbBar(frame, show) {
  const model = frame.model;
  const readOnly = model.get("read_only");
  const choices = { selected: null, matching: null };
  const labels = {};
  const name = frame.id("which");
  for (const which of Object.keys(choices)) {
    choices[which] = h("input", { type: "radio", name, value: which });
    choices[which].addEventListener("change", () => update());
    labels[which] = h("span");
  }
  choices.selected.checked = true;
  const which = () => (choices.matching.checked ? "matching" : "selected");
  const count = () => (which() === "matching" ? model.get("order").length : model.get("selected").length);
  const some = () => count() > 0;
  const words = () => (which() === "matching" ? `${plural(count(), "task")} that match, of ${scopeWords(model.get("place"))}` : plural(count(), "selected task"));

  // Two presses for a few selected tasks; a typed number for many and for whatever a filter found.
  const careful = (label, action, sentence, danger) => {
    const act = (confirm, target = which()) => frame.send(action, { which: target, confirm });
    const few = () => which() === "selected" && count() <= FEW;
    const armed = frame.armed(label, "", () => act(String(count())), { kind: danger ? "ct-small ct-quiet-danger" : "ct-small", allowed: some });
    armed.addEventListener("click", (event) => {
      if (few()) return;
      event.stopImmediatePropagation();
      const target = which();
      show((close) => confirmForm(frame, {
        label: `${label} ${plural(count(), "task")}`, words: sentence(words()), count: count(), id: model.get("place").id,
        act: (typed) => act(typed, target), close, danger,
      }), armed);
    }, { capture: true });
    armed.question = () => sentence(words());
    return armed;
  };
  const opener = (label, build, kind = "ct-small") => {
    const button = frame.button(label, () => show((close) => build({ which: which(), count: count(), words: words(), close }), button), { kind, allowed: some });
    return button;
  };
  const run = readOnly ? null : careful("Run", "run_tasks", (what) => `Send ${what} now.`, false);
  const verbs = readOnly ? [] : [
    run,
    careful("Delete", "delete_tasks", (what) => `Delete ${what} for good.`, true),
    opener("Copy to…", (about) => copyForm(frame, about)),
  ];
  const clear = h("button", { type: "button", class: "ct-button ct-small", onclick: () => frame.tell("clear_selection", {}) }, "Clear selection");
  const bar = h("div", { class: "ct-verbs", role: "group", "aria-label": "Act on tasks" },
    h("fieldset", { class: "ct-which" }, h("legend", {}, "Act on"),
      h("label", { title: "as data: browser.selection, browser.tasks" }, choices.selected, labels.selected),
      h("label", { title: "as data: browser.matching" }, choices.matching, labels.matching)),
    h("div", { class: "ct-buttons" }, verbs, opener("Export…", (about) => exportForm(frame, about)), clear));
  const update = () => {
    const at = model.get("place");
    const chosen = model.get("selected").length;
    labels.selected.textContent = `${chosen.toLocaleString("en")} selected`;
    const matching = model.get("order").length;
    const place = scopeWords(at);
    labels.matching.textContent = at.query
      ? `all ${matching.toLocaleString("en")} that match, of ${place}`
      : place.startsWith("all") || place === "no tasks" ? place : `all ${matching.toLocaleString("en")} of ${place}`;
    if (run) run.hidden = !at.can_run;
    clear.hidden = chosen === 0;
    bar.classList.toggle("ct-wide-target", which() === "matching");
    frame.sync();
  };
  frame.watch(["selected", "order", "place"], update);
  return bar;
}

function copyForm(frame, { which, count, words, close }) {
  const model = frame.model;
  const list = h("datalist", { id: frame.id("queues") });
  const input = textInput({ list: frame.id("queues"), placeholder: "queue id, location/queue, or full name" });
  const number = count > FEW || which === "matching" ? textInput({ inputmode: "numeric", placeholder: String(count) }) : null;
  const isReady = () => input.value.trim() !== "" && (!number || number.value.trim() === String(count));
  const go = () => { if (isReady() && !frame.busy) frame.send("copy_tasks", { to: input.value.trim(), which, confirm: String(count) }), close(); };
  const form = h("form", { class: "ct-form", "aria-label": "Copy tasks", onsubmit: (event) => (event.preventDefault(), go()) },
    h("p", {}, `Create ${words} in another queue, payloads included, under new ids. These stay where they are.`),
    field("Copy to", input, list),
    number ? field(`Type ${count}, how many that is`, number) : null,
    h("div", { class: "ct-buttons" }, frame.button(`Copy ${plural(count, "task")}`, null, { type: "submit", kind: "ct-primary", allowed: isReady }),
      h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel")));
  const offer = () => list.replaceChildren(...model.get("queues").map((id) => h("option", { value: id })));
  frame.on("change:queues", offer);
  offer();
  frame.tell("list_queues", {});
  form.addEventListener("input", () => frame.sync());
  typing(form, close);
  return { form, first: input };
}

function exportForm(frame, { which, count, words, close }) {
  const at = frame.model.get("place");
  const input = textInput({ value: `${at.id}-tasks.parquet` });
  const save = () => { if (!frame.busy) frame.send("export", { path: input.value.trim(), which }), close(); };
  const download = (kind) => () => { frame.send("download", { name: `${at.id}-tasks.${kind}`, which }); close(); };
  const form = h("form", { class: "ct-form", "aria-label": "Export tasks", onsubmit: (event) => (event.preventDefault(), save()) },
    h("p", {}, `Write ${words} to a file, ${at.payloads ? "payloads included" : "without payloads (tick Payloads to have them)"}.`),
    field("File where the kernel runs (.parquet or .csv)", input),
    h("div", { class: "ct-buttons" }, frame.button("Save", null, { type: "submit", kind: "ct-primary", allowed: () => input.value.trim() !== "" }),
      frame.button("Download .csv", download("csv")), frame.button("Download .parquet", download("parquet")),
      h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel")));
  form.addEventListener("input", () => frame.sync());
  typing(form, close);
  return { form, first: input };
}

// A file that Python hands over, for the browser to save.
function downloads(frame) {
  frame.on("msg:custom", (message, buffers) => {
    if (!message?.download || !frame.root.isConnected) return;
    const url = URL.createObjectURL(new Blob([buffers[0]]));
    const link = h("a", { href: url, download: message.download });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  });
}

// How far something long has come, and the way to stop it.
function progressRow(frame) {
  const bar = h("progress", { "aria-label": "Progress" });
  const words = h("span", { class: "ct-muted" });
  const row = h("div", { class: "ct-progress", hidden: true }, bar, words,
    h("button", { type: "button", class: "ct-button ct-small", onclick: () => frame.model.send({ do: "cancel" }) }, "Stop"));
  frame.watch(["progress"], () => {
    const { text, done, total } = frame.model.get("progress");
    row.hidden = !text;
    if (!text) return;
    if (total) { bar.max = Math.max(total, done); bar.value = done; } else bar.removeAttribute("value");
    words.textContent = `${text}: ${done.toLocaleString("en")}${total ? ` of ${total.toLocaleString("en")}` : ""}`;
  });
  return row;
}
