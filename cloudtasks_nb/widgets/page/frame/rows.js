// Table rows by key: only changed rows are drawn again. Unchanged rows keep their pressed buttons, selected
// text and focus.

export class Rows {
  /** `build(item)` returns the row of an item. */
  constructor(body, build) {
    Object.assign(this, { body, build, held: new Map() });
  }

  #row(item, key) {
    const said = JSON.stringify(item);
    const before = this.held.get(key);
    return before?.said === said ? before : { said, node: this.build(item) };
  }

  /** Show these items, in this order. */
  fill(items, keyOf) {
    this.held = new Map(items.map((item) => [keyOf(item), this.#row(item, keyOf(item))]));
    const nodes = [...this.held.values()].map(({ node }) => node);
    const kept = new Set(nodes);
    for (const row of [...this.body.children]) if (!kept.has(row)) row.remove();
    nodes.forEach((node, at) => {
      const there = this.body.children[at];
      if (there !== node) this.body.insertBefore(node, there ?? null);
    });
  }
}
