// The form that drafts a new binding. The page and Python check the input; drafting saves nothing.

import { h, textInput, typing } from "../frame/dom.js";

/** Whether the texts look like a role ("roles/x") and a member ("user:x", or "allUsers" for everybody). */
export function isGrant(role, member) {
  return role.includes("/") && /^(all|[A-Za-z]+:.)/.test(member.trim());
}

export function grantForm(frame) {
  const list = frame.id("roles");
  const role = textInput({ list, placeholder: "roles/cloudtasks.viewer", "aria-label": "Role" });
  const member = textInput({ placeholder: "user:name@example.com", "aria-label": "Member" });
  const isReady = () => isGrant(role.value, member.value);
  const clear = () => {
    member.value = "";
    frame.sync();
  };
  const draft = (event) => {
    event.preventDefault();
    if (!isReady()) return;
    frame.tell("grant", { role: role.value.trim(), member: member.value.trim() });
    member.focus();
    clear();
  };
  const roles = frame.get("facts").roles.map((value) => h("option", { value }));
  const form = h(
    "form.ct-grant",
    { "aria-label": "Add a member", onsubmit: draft },
    ...[member, role, h("datalist", { id: list }, roles)],
    frame.button("Add", null, { type: "submit", allowed: isReady }),
  );
  form.addEventListener("input", () => frame.sync());
  typing(form, clear);
  return form;
}
