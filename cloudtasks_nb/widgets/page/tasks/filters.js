// The filter box: words and terms.

import { h } from "../frame/dom.js";
import { number } from "../frame/words.js";
import { agrees, scopeWords } from "./scope.js";

const TYPING_MS = 250;
const HELP =
  "Words and terms: is:due code:503,429 attempts>3 due<2h payload.customer:42 -tag:red. " +
  "As code: browser.filter(…)";
const EXAMPLES = "· is:due · -code:503 · tag:red";

// Suggest terms that begin with the typed text.
function offer(frame, list, { value }) {
  const [, before, word] = /^(.*?)([^\s"]*)$/s.exec(value);
  const minus = word.startsWith("-") ? "-" : "";
  const start = word.slice(minus.length).toLowerCase();
  const fits = ([term]) => term !== start && term.toLowerCase().startsWith(start);
  const found = start ? frame.get("offered").filter(fits) : [];
  const options = found.map(([term, label]) => h("option", { value: `${before}${minus}${term}`, label }));
  list.replaceChildren(...options);
}

function searchInput(frame) {
  const id = frame.id("filter");
  const list = h("datalist", { id: `${id}-terms` });
  const plain = { autocomplete: "off", spellcheck: "false", list: list.id };
  const input = h("input", { type: "search", id, class: "ct-search", ...plain, title: HELP });
  let timer = null; // runs while typed text is not sent
  let sent = null; // the text that the kernel did not answer
  const ask = () => {
    clearTimeout(timer);
    timer = null;
    frame.tell("filter", { query: input.value });
    sent = input.value;
  };
  frame.sendTyped = () => {
    if (timer) ask();
    sent = null; // the next action may change the filter, too
  };
  const follow = (asked) => {
    if (asked === sent) sent = null;
    if (!timer && sent === null) input.value = asked;
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, TYPING_MS);
    offer(frame, list, input);
    frame.disagree(); // immediately: a press now would act on the old rows
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
  return { input, list, follow };
}

export function filterRow(frame) {
  const { input, list, follow } = searchInput(frame);
  const label = h("label", { for: input.id });
  const found = h("span.ct-muted.ct-found", { role: "status" });
  const say = () => {
    const at = frame.get("place");
    const isSettled = agrees(input.value, at);
    const matching = `${number(at.matched)} of ${number(at.count)} match`;
    const held = at.query ? `filtered by “${at.query}”` : "not filtered";
    found.textContent = isSettled
      ? at.query && matching
      : `The rows are still ${held}: actions are disabled.`;
    found.classList.toggle("ct-warning", !isSettled);
    input.setAttribute("aria-invalid", String(!isSettled && at.asked === input.value));
    frame.isSettled = isSettled;
  };
  frame.disagree = () => {
    say();
    frame.sync();
  };
  frame.watch(["place"], () => {
    const at = frame.get("place");
    label.textContent = `Filter ${scopeWords(at)}`;
    input.placeholder = `words${at.payloads ? ", also in payloads" : ""} ${EXAMPLES}`;
    follow(at.asked);
    say();
  });
  const line = h("div.ct-filter-line", label, input, list, found);
  return h("div.ct-filter", line);
}
