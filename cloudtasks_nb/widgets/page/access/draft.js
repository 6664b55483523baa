// The drafted changes, and the changes that somebody else made in the meantime.

import { buttons, h, pushButton } from "../frame/dom.js";
import { plural } from "../frame/words.js";

const SIGNS = {
  "+": { look: "ct-plus", sign: "+", heard: "added: " },
  "-": { look: "ct-minus", sign: "−", heard: "removed: " },
};

function diffLine({ sign, member, role, condition }) {
  const { look, sign: shown, heard } = SIGNS[sign] ?? SIGNS["-"];
  const words = `${member} · ${role}${condition ? ` · if ${condition}` : ""}`;
  const mark = h("span.ct-sign", { "aria-hidden": "true" }, shown);
  return h("li", { class: look }, mark, h("span.ct-unseen", heard), words);
}

function diffList(lines, label) {
  return h("ul.ct-diff", { "aria-label": label }, lines.map(diffLine));
}

export function draftBox(frame) {
  const { lines, theirs } = frame.get("changes");
  if (!lines.length && !theirs.length) return [];
  const others = () => [
    h("h4", "Changed by somebody else in the meantime"),
    diffList(theirs, "Changed by somebody else"),
  ];
  const title = lines.length ? "Your changes, not saved yet" : "No changes left to save";
  const options = { kind: "ct-primary", allowed: () => lines.length > 0 };
  const save = frame.button(`Save ${plural(lines.length, "change")}`, () => frame.send("save"), options);
  const discard = pushButton("Discard", () => frame.tell("discard", {}));
  const box = h(
    "section.ct-draft",
    { "aria-label": "Changes" },
    theirs.length ? others() : null,
    h("h4", title),
    diffList(lines, "Your changes"),
    frame.stakes && lines.length ? h("p.ct-stakes", frame.stakes) : null,
    buttons(save, discard),
  );
  return [box];
}
