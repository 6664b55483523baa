// The bindings of a queue's policy, with the drafted changes applied.

import { h, pushButton, tableHead } from "../frame/dom.js";
import { UNREAD } from "../frame/frame.js";

const NONE = "No bindings: access comes from the project's policy alone.";

const mutedLine = (words) => h("p.ct-muted", words);

function changeCell(frame, { grant, member, role, condition, mark }) {
  const [words, action] = mark === "removed" ? ["Keep", "keep"] : ["Remove", "revoke"];
  const button = pushButton(words, () => frame.tell(action, grant), {
    kind: "ct-small",
    "aria-label": `${words} ${member} in ${role}`,
    "data-key": `${role} ${member} ${condition}`,
  });
  return h("td", button);
}

function bindingRow(frame, row, { hasConditions, isEditable }) {
  const { member, role, condition, mark } = row;
  const marked = mark ? h("span.ct-mark-words", ` ${mark}`) : null;
  return h(
    "tr",
    { class: mark ? `ct-${mark}` : null },
    h("th", { scope: "row" }, member, marked),
    h("td", role),
    hasConditions ? h("td", condition || "–") : null,
    isEditable ? changeCell(frame, row) : null,
  );
}

export function bindingTable(frame) {
  const { rows, updated } = frame.get("facts");
  if (!rows.length) return mutedLine(updated ? NONE : UNREAD);
  const hasConditions = rows.some((row) => row.condition);
  const isEditable = !frame.get("read_only");
  const columns = ["Member", "Role"];
  if (hasConditions) columns.push("Condition");
  if (isEditable) columns.push(h("span.ct-unseen", "Change"));
  const body = rows.map((row) => bindingRow(frame, row, { hasConditions, isEditable }));
  return h("table.ct-table", h("caption", "Bindings"), tableHead(columns), h("tbody", body));
}
