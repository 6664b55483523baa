// What each member may do, according to the queue's own policy.

import { h, tableHead } from "../frame/dom.js";
import { UNREAD } from "../frame/frame.js";

const ABLE = {
  yes: { sign: "✓", heard: "yes", look: "ct-yes" },
  if: { sign: "✓ if", heard: "on a condition", look: "ct-some" },
  part: { sign: "part", heard: "in part", look: "ct-some" },
  "": { sign: "–", heard: "no", look: "ct-muted" },
};

function ableCell(value) {
  const { sign, heard, look } = ABLE[value];
  const seen = h("span", { "aria-hidden": "true" }, sign);
  return h("td", { class: look }, seen, h("span.ct-unseen", heard));
}

function memberRow({ member, cells, others }, hasOthers) {
  const more = hasOthers
    ? h("td", { title: "The permissions of these roles are not listed." }, others.join(", ") || "–")
    : null;
  return h("tr", h("th", { scope: "row" }, member), cells.map(ableCell), more);
}

export function whoTable({ updated, who: { abilities, needs, members } }) {
  if (!members.length) {
    return h("p.ct-muted", updated ? "This queue's own policy gives access to nobody." : UNREAD);
  }
  const hasOthers = members.some((row) => row.others.length);
  const head = tableHead(["Member", ...abilities, ...(hasOthers ? ["By other roles"] : [])]);
  const [, ...heads] = head.querySelectorAll("th");
  for (const [at, permissions] of needs.entries()) heads[at].title = permissions.join(", ");
  const body = h(
    "tbody",
    members.map((row) => memberRow(row, hasOthers)),
  );
  return h("table.ct-table.ct-who", h("caption", "What each member may do"), head, body);
}
