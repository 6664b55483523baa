// The access panel: bindings, drafted changes, abilities of each member, and the caller's permissions.

import { bindingTable } from "./access/bindings.js";
import { checkSummary, checkTable } from "./access/checklist.js";
import { draftBox } from "./access/draft.js";
import { grantForm } from "./access/grant.js";
import { whoTable } from "./access/who.js";
import { h, muted } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";

function header(frame) {
  const { id } = frame.get("facts");
  const updated = h("span.ct-muted.ct-where");
  frame.watch(["facts"], () => updated.replaceChildren(...frame.freshness(frame.get("facts").updated)));
  const refresh = frame.button("Refresh", () => frame.send("refresh"));
  return h("header", h("h3", id), muted("access"), updated, refresh);
}

function checks(frame) {
  const box = h("div.ct-checks");
  const asked = h("summary");
  frame.watch(["checklist"], () => {
    asked.textContent = checkSummary(frame.get("checklist").rows);
    box.replaceChildren(...checkTable(frame));
    frame.sync();
  });
  return h("details.ct-fold", asked, box);
}

function render({ model, el }) {
  const frame = new Frame(model, el, "access", `Access to queue ${model.get("facts").id}`);
  const bindings = h("div.ct-scroll-x.ct-bindings");
  const draft = h("div");
  const who = h("div.ct-scroll-x");
  const whoSummary = h("summary", "What each member may do, by this queue's policy");
  frame.root.append(
    ...[header(frame), bindings, frame.get("read_only") ? "" : grantForm(frame), draft, frame.status],
    ...[h("details.ct-fold", { open: true }, whoSummary, who), checks(frame), frame.folded],
  );
  frame.watchFacts(["facts"], () => {
    bindings.replaceChildren(bindingTable(frame));
    who.replaceChildren(whoTable(frame.get("facts")));
  });
  frame.watch(["changes"], () => {
    draft.replaceChildren(...draftBox(frame));
    frame.sync();
  });
  return () => frame.cleanup();
}

export default { render };
