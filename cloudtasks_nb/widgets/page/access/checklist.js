// The caller's permissions, as testIamPermissions reports them.

import { when } from "../frame/cells.js";
import { buttons, h, tableHead } from "../frame/dom.js";
import { plural } from "../frame/words.js";

export function checkSummary(rows) {
  if (!rows) return "What you may do";
  const held = rows.filter(([, isHeld]) => isHeld).length;
  return `What you may do: ${held} of ${plural(rows.length, "permission")} held`;
}

function permissionRow([name, isHeld, roles]) {
  const [look, words] = isHeld ? ["ct-yes", "✓ held"] : ["ct-no", "✗ missing"];
  const permission = h("th", { scope: "row", class: "ct-mono" }, name);
  return h("tr", h("td", { class: look }, words), permission, h("td.ct-muted", isHeld ? "" : roles));
}

export function checkTable(frame) {
  const { rows, identity, updated } = frame.get("checklist");
  const check = () => frame.send("check");
  if (!rows) return [frame.button("Check", check)];
  const words = `As ${identity}. The service may report permissions that you do not have. Checked `;
  const head = tableHead(["Held", "Permission", "Roles that include it"]);
  const body = h("tbody", rows.map(permissionRow));
  return [
    h("p.ct-muted", words, when(updated), "."),
    h("table.ct-table", h("caption", "Permissions"), head, body),
    buttons(frame.button("Check again", check)),
  ];
}
