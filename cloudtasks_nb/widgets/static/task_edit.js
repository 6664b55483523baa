// The form that makes a new task of an old one: what is not touched stays, secrets included.

function headerLines(headers) {
  return headers.map(([name, value]) => `${name}: ${value}`).join("\n");
}

// "Name: value" lines as an object; null when a line is none.
function readHeaders(text) {
  const found = {};
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const at = line.indexOf(":");
    if (at < 1) return null;
    found[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return found;
}

function isJson(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}

function editForm(frame, old, close) {
  const area = (value, rows) => { const node = h("textarea", { class: "ct-input ct-area", rows, spellcheck: "false" }); node.value = value; return node; };
  const isPull = old.kind === "pull";
  const url = isPull ? null : textInput({ value: old.url });
  const method = isPull ? null : h("select", { class: "ct-select" }, ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map((name) => h("option", { selected: name === old.method }, name)));
  const headers = isPull ? null : area(headerLines(old.headers), Math.min(8, Math.max(2, old.headers.length)));
  const tag = isPull ? textInput({ value: old.tag }) : null;
  const wasJson = old.payload !== null && old.payload.trim() !== "" && isJson(old.payload);
  const payload = old.payload === null ? null : area(old.payload, Math.min(14, Math.max(3, old.payload.split("\n").length)));
  const delay = textInput({ placeholder: "as it was", inputmode: "decimal", class: "ct-input ct-short" });
  const drop = h("input", { type: "checkbox" });
  const note = h("p", { class: "ct-muted", role: "status" });
  const problem = () => {
    if (headers && readHeaders(headers.value) === null) return "A header is written as Name: value, one on each line.";
    if (delay.value.trim() !== "" && !(Number(delay.value) >= 0)) return "The delay is a number of seconds.";
    return "";
  };
  const changes = () => {
    const given = {};
    if (url && url.value !== old.url) given.url = url.value;
    if (method && method.value !== old.method) given.method = method.value;
    if (headers && headers.value !== headerLines(old.headers)) given.headers = readHeaders(headers.value);
    if (tag && tag.value !== old.tag) given.tag = tag.value;
    if (payload && payload.value !== old.payload) given.payload = payload.value;
    if (delay.value.trim() !== "") given.schedule = Number(delay.value);
    return given;
  };
  const go = () => { if (!problem() && !frame.busy) frame.send("enqueue_edited", { task_id: old.id, changes: changes(), delete_old: drop.checked }); };
  const form = h("form", { class: "ct-form", "aria-label": `Edit ${old.id}`, onsubmit: (event) => (event.preventDefault(), go()) },
    h("p", {}, "A new task like ", h("strong", {}, old.id), ", under an id of its own."),
    isPull ? field("Tag", tag) : h("div", { class: "ct-pair" }, field("Method", method), field(old.kind === "http" ? "URL" : "Relative URL", url)),
    headers ? field("Headers", headers) : null,
    payload ? field(`Payload${old.kept ? ` (${old.kept})` : ""}`, payload) : h("p", { class: "ct-muted" }, `Payload: ${old.kept}`),
    field("Due in seconds from now (0: at once)", delay),
    note,
    h("label", { class: "ct-check-label" }, drop, `Delete ${old.id} once the new task is there`),
    h("div", { class: "ct-buttons" }, frame.button("Create task", null, { type: "submit", kind: "ct-primary", allowed: () => !problem() }),
      h("button", { type: "button", class: "ct-button", onclick: close }, "Cancel")));
  const check = () => {
    const broken = wasJson && !isJson(payload.value);
    note.textContent = problem() || (broken ? "The payload was JSON, and is none now." : "");
    note.classList.toggle("ct-warning", note.textContent !== "");
    frame.sync();
  };
  form.addEventListener("input", check);
  typing(form, close);
  return { form, first: payload ?? url ?? tag };
}
