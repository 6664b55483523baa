// Who may do what with a queue: bindings, the changes drafted, who can what, and what the caller may do.

const ABLE = { yes: ["✓", "yes"], if: ["✓ if", "on a condition"], part: ["part", "in part"], "": ["–", "no"] };

function bindingTable(frame) {
  const { rows, updated } = frame.model.get("facts");
  if (!rows.length && !updated) return h("p", { class: "ct-muted" }, UNREAD);
  if (!rows.length) return h("p", { class: "ct-muted" }, "No bindings: access comes from the project's policy alone.");
  const conditional = rows.some((row) => row.condition);
  const editable = !frame.model.get("read_only");
  const columns = ["Member", "Role", ...(conditional ? ["Condition"] : [])];
  return h("table", { class: "ct-table" }, h("caption", {}, "Bindings"),
    h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)), editable ? h("th", { scope: "col" }, h("span", { class: "ct-unseen" }, "Change")) : null)),
    h("tbody", {}, rows.map((row) => {
      const { grant, member, role, condition, mark } = row;
      const words = mark === "removed" ? "Keep" : "Remove";
      const change = () => frame.tell(mark === "removed" ? "keep" : "revoke", grant);
      return h("tr", { class: mark ? `ct-${mark}` : null },
        h("th", { scope: "row" }, member, mark ? h("span", { class: "ct-mark-words" }, ` ${mark}`) : null), h("td", {}, role),
        conditional ? h("td", {}, condition || "–") : null,
        editable ? h("td", {}, h("button", { type: "button", class: "ct-button ct-small", "aria-label": `${words} ${member} in ${role}`,
          "data-key": `${role} ${member} ${condition}`, onclick: change }, words)) : null);
    })));
}

// What was typed is checked here and again in Python; nothing is sent before it is saved.
function grantForm(frame) {
  const list = frame.id("roles");
  const role = h("input", { type: "text", class: "ct-input", list, placeholder: "roles/cloudtasks.viewer", "aria-label": "Role", spellcheck: "false", autocomplete: "off" });
  const member = h("input", { type: "text", class: "ct-input", placeholder: "user:name@example.com", "aria-label": "Member", spellcheck: "false", autocomplete: "off" });
  const ready = () => role.value.includes("/") && /^(all|[A-Za-z]+:.)/.test(member.value.trim());
  const form = h("form", { class: "ct-grant", "aria-label": "Add a member", onsubmit: (event) => {
    event.preventDefault();
    if (!ready()) return;
    frame.tell("grant", { role: role.value.trim(), member: member.value.trim() });
    member.value = "";
    member.focus();
    frame.sync();
  } }, member, role, h("datalist", { id: list }, frame.model.get("facts").roles.map((name) => h("option", { value: name }))),
    frame.button("Add", null, { type: "submit", allowed: ready }));
  form.addEventListener("input", () => frame.sync());
  typing(form, () => { member.value = ""; frame.sync(); });
  return form;
}

function diffList(lines, label) {
  return h("ul", { class: "ct-diff", "aria-label": label }, lines.map(({ sign, member, role, condition }) =>
    h("li", { class: sign === "+" ? "ct-plus" : "ct-minus" }, h("span", { class: "ct-sign", "aria-hidden": "true" }, sign === "+" ? "+" : "−"),
      h("span", { class: "ct-unseen" }, sign === "+" ? "added: " : "removed: "), `${member} · ${role}${condition ? ` · if ${condition}` : ""}`)));
}

function draftBox(frame) {
  const { lines, theirs } = frame.model.get("changes");
  if (!lines.length && !theirs.length) return [];
  return [h("section", { class: "ct-draft", "aria-label": "Changes" },
    theirs.length ? [h("h4", {}, "Changed by somebody else meanwhile"), diffList(theirs, "Changed by somebody else")] : null,
    h("h4", {}, lines.length ? "Your changes, not saved yet" : "Nothing of your changes is left to save"), diffList(lines, "Your changes"),
    h("div", { class: "ct-buttons" },
      frame.button(`Save ${plural(lines.length, "change")}`, () => frame.send("save"), { kind: "ct-primary", allowed: () => lines.length > 0 }),
      h("button", { type: "button", class: "ct-button", onclick: () => frame.tell("discard", {}) }, "Discard")))];
}

function whoTable({ updated, who: { abilities, needs, members } }) {
  if (!members.length && !updated) return h("p", { class: "ct-muted" }, UNREAD);
  if (!members.length) return h("p", { class: "ct-muted" }, "Nobody by this queue's own policy.");
  const others = members.some((row) => row.others.length);
  return h("div", { class: "ct-scroll-x" }, h("table", { class: "ct-table ct-who" }, h("caption", {}, "Who can what"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Member"),
      abilities.map((name, at) => h("th", { scope: "col", title: needs[at].join(", ") }, name)), others ? h("th", { scope: "col" }, "By other roles") : null)),
    h("tbody", {}, members.map(({ member, cells: able, others: roles }) => h("tr", {}, h("th", { scope: "row" }, member),
      able.map((value) => h("td", { class: value === "yes" ? "ct-yes" : value ? "ct-some" : "ct-muted" },
        h("span", { "aria-hidden": "true" }, ABLE[value][0]), h("span", { class: "ct-unseen" }, ABLE[value][1]))),
      others ? h("td", { title: "not expanded" }, roles.join(", ") || "–") : null)))));
}

function checkTable(frame) {
  const { rows, identity, updated } = frame.model.get("checklist");
  if (!rows) return [frame.button("Check", () => frame.send("check"))];
  const row = ([name, held, roles]) => h("tr", {}, h("td", { class: held ? "ct-yes" : "ct-no" }, held ? "✓ held" : "✗ missing"),
    h("th", { scope: "row", class: "ct-mono" }, name), h("td", { class: "ct-muted" }, held ? "" : roles));
  return [h("p", { class: "ct-muted" }, `As ${identity}. The service may say yes without being sure. Checked `, when(updated), "."),
    h("table", { class: "ct-table" }, h("caption", {}, "Permissions"),
      h("thead", {}, h("tr", {}, ["Held", "Permission", "Roles that hold it"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows.map(row))),
    h("div", { class: "ct-buttons" }, frame.button("Check again", () => frame.send("check")))];
}

function render({ model, el }) {
  const facts = () => model.get("facts");
  const frame = new Frame(model, el, "access", `Access to queue ${facts().id}`);
  const updated = h("span", { class: "ct-muted ct-where" });
  const bindings = h("div", { class: "ct-scroll-x ct-bindings" }), draft = h("div"), who = h("div"), check = h("div", { class: "ct-checks" }), asked = h("summary");
  const readOnly = model.get("read_only");
  frame.root.append(
    h("header", {}, h("h3", {}, facts().id), h("span", { class: "ct-muted" }, `access · ${facts().location}${readOnly ? " · read-only" : ""}`), updated,
      frame.button("Refresh", () => frame.send("refresh"))),
    bindings, readOnly ? "" : grantForm(frame), draft, frame.status,
    h("details", { class: "ct-fold", open: true }, h("summary", {}, "Who can what, by this queue's policy"), who),
    h("details", { class: "ct-fold" }, asked, check), frame.folded);
  frame.watch(["facts"], () => {
    const focused = bindings.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    bindings.replaceChildren(bindingTable(frame));
    frame.keyed(focused)?.focus({ preventScroll: true });
    who.replaceChildren(whoTable(facts()));
    updated.replaceChildren(...frame.freshness(facts().updated));
  });
  frame.watch(["changes"], () => { draft.replaceChildren(...draftBox(frame)); frame.sync(); });
  frame.watch(["checklist"], () => {
    const { rows } = model.get("checklist");
    asked.textContent = rows ? `What you may do: ${rows.filter(([, held]) => held).length} of ${plural(rows.length, "permission")} held` : "What you may do";
    check.replaceChildren(...checkTable(frame));
    frame.sync();
  });
  return () => frame.cleanup();
}

export default { render };
