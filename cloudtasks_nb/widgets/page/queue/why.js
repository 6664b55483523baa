// The Why? tab: findings in sentences, fixes to copy, and the folded evidence of each.

import { cells, when } from "../frame/cells.js";
import { h, muted } from "../frame/dom.js";
import { facts, sectionFold } from "../frame/sections.js";

const DEEP_TITLE =
  "Also reads the project, its service accounts and the Cloud Run service: at most ten more read-only calls";

function source(address) {
  const words = address.replace(/^https:\/\//, "").replace(/[?#].*$/, "");
  return h("a.ct-source", { href: address, target: "_blank", rel: "noopener noreferrer" }, words);
}

/** One finding: severity, rule, sentence, fix, and evidence. */
export function findingNode({ rule, severity, sentence, cure, source: address, evidence }) {
  return h(
    "article.ct-finding",
    { "aria-label": rule },
    h("header", cells(severity), h("span.ct-rule", rule)),
    h("p", sentence),
    cure ? h("pre.ct-cure", { tabindex: "0", "aria-label": "Suggested fix" }, cure) : null,
    h("div.ct-basis", sectionFold(evidence), address ? source(address) : null),
  );
}

function unseenNode(unseen) {
  if (!unseen.length) return [];
  const items = unseen.map(([what, why]) => h("li", h("strong", what), `: ${why}`));
  return [h("section.ct-unseen", h("h4", "Could not read"), h("ul", items))];
}

export class WhyView {
  constructor(frame) {
    this.frame = frame;
    this.bar = h("div.ct-bar");
    this.verdict = h("p.ct-verdict");
    this.findings = h("div.ct-findings");
    this.basis = h("dl.ct-facts");
    this.unseen = h("div");
    this.node = h(
      "section.ct-why",
      { "aria-label": "Why?" },
      ...[this.verdict, this.findings, this.unseen, this.basis, this.bar],
    );
    this.node.hidden = true;
    frame.watch(["why"], () => this.fill());
  }

  /** Diagnose when first opened; later, show the last result until the user asks again. */
  open() {
    this.node.hidden = false;
    if (!this.frame.get("why").updated) this.frame.send("diagnose", {});
  }

  close() {
    this.node.hidden = true;
  }

  fill() {
    const why = this.frame.get("why");
    const isRead = Boolean(why.updated);
    this.frame.redraw(() => this.bar.replaceChildren(...this.#controls(why)));
    for (const part of [this.verdict, this.findings, this.basis, this.unseen]) part.hidden = !isRead;
    if (!isRead) return;
    this.verdict.replaceChildren(...cells(why.verdict), h("span", why.sentence));
    this.findings.replaceChildren(...why.findings.map(findingNode));
    this.unseen.replaceChildren(...unseenNode(why.unseen));
    this.basis.replaceChildren(...facts(why.facts));
  }

  #controls({ updated, deep }) {
    const ask = (isDeep) => () => this.frame.send("diagnose", { deep: isDeep });
    const allowed = () => !this.frame.gone;
    const again = this.frame.button(updated ? "Check again" : "Check", ask(Boolean(deep)), { allowed });
    const deeper = this.frame.button("Check deeper", ask(true), { allowed, title: DEEP_TITLE });
    const read = updated ? muted("read ", when(updated)) : null;
    return [again, deep ? null : deeper, read].filter(Boolean);
  }
}
