// The filter of the tasks: words to look for, and values to choose or leave out.

import { focus, h, muted } from "../frame/dom.js";
import { number, plural } from "../frame/words.js";
import { scopeWords } from "./scope.js";

const TYPING_MS = 250;
const HELP =
  "Words, and is:due kind:http code:503 tag:red method:POST id: url: payload:, " +
  "a minus in front for “not”. As code: browser.filter(…)";
const EXAMPLES = "· is:due · -code:503 · tag:red";
const MODES = {
  "": { now: "not filtered", next: "Show only these" },
  only: { now: "only these", next: "Leave these out" },
  without: { now: "left out", next: "Show these again" },
};

function searchInput(frame) {
  const id = frame.id("filter");
  const plain = { autocomplete: "off", spellcheck: "false" };
  const input = h("input", { type: "search", id, class: "ct-search", ...plain, title: HELP });
  let timer = null;
  const ask = () => {
    clearTimeout(timer);
    frame.tell("filter", { query: input.value });
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, TYPING_MS);
  });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape" && input.value) {
      event.preventDefault();
      input.value = "";
      ask();
    } else if (event.key === "Enter") ask();
  });
  frame.undo.push(() => clearTimeout(timer));
  return input;
}

function chip(frame, { field, value, label, count, tone, mode }) {
  const { now, next } = MODES[mode] ?? MODES.without;
  const attributes = {
    type: "button",
    class: `ct-chip ct-${mode || "off"} ${tone ? `ct-tone-${tone}` : ""}`,
    "data-key": `${field}:${value}`,
    "aria-label": `${field} ${label}, ${plural(count, "task")}: ${now}`,
    "aria-pressed": String(mode !== ""),
    title: next,
    onclick: () => frame.tell("toggle", { field, value }),
  };
  const words = [h("span.ct-chip-label", label), h("span.ct-count", number(count))];
  return h("button", attributes, field === "tag" ? muted("tag ") : null, words);
}

// Values to press. A press on one also replaces what stands in the search box.
function chipBar(frame, input) {
  const bar = h("div.ct-chips", { role: "group", "aria-label": "Filters" });
  frame.watch(["facets"], () => {
    const key = frame.keeper.keyWithin(bar);
    bar.replaceChildren(...frame.get("facets").map((facet) => chip(frame, facet)));
    if (!key) return;
    focus(bar.querySelector(`[data-key="${CSS.escape(key)}"]`));
    input.value = frame.get("place").query;
  });
  return bar;
}

export function filterRow(frame) {
  const input = searchInput(frame);
  const label = h("label", { for: input.id });
  const found = h("span.ct-muted.ct-found", { role: "status" });
  frame.watch(["place", "order"], () => {
    const at = frame.get("place");
    label.textContent = `Filter ${scopeWords(at)}`;
    input.placeholder = `words${at.payloads ? ", also in payloads" : ""} ${EXAMPLES}`;
    if (frame.keeper.focused !== input && input.value !== at.query) input.value = at.query;
    const matching = number(frame.get("order").length);
    found.textContent = at.query ? `${matching} of ${number(at.count)} match` : "";
  });
  const line = h("div.ct-filter-line", label, input, found);
  return h("div.ct-filter", line, chipBar(frame, input));
}
