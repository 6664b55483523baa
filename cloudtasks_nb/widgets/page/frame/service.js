// Shows which service a panel acts on: in the first line, and in each confirmation on the real service.

import { h, muted, strong } from "./dom.js";

const LIVE = "Real queues and tasks";
const CLIENT = "connected with read_only=True";

const about = (model) => model.get("acts_on") ?? {};

/** The first line of a panel: LIVE or EMULATOR, project, location, and "read-only". */
export function serviceLine(model) {
  const { project, location, live, client_reads: isClient } = about(model);
  if (!project) return "";
  const badge = live ? h("span.ct-realm.ct-warn", { title: LIVE }, "LIVE") : h("span.ct-realm", "EMULATOR");
  const reads = isClient ? h("span", { title: CLIENT }, " · read-only client") : " · read-only";
  return h(
    "p.ct-service",
    badge,
    strong(project),
    muted(` · ${location}`, model.get("read_only") ? reads : null),
  );
}

export function stakes(model) {
  const { project, live } = about(model);
  return live ? `This is the real service, project ${project}. ` : "";
}
