// The theme of the page, where a panel stands in a shadow root: no rule of its style sheet reaches out of that.

const WATCHED = { attributes: true, attributeFilter: ["data-theme", "class"] };

/** Say on `el` which theme the nearest element outside the shadow root says it has, now and when that changes. */
export function followTheme(el, undo) {
  const { host } = el.getRootNode();
  if (!host) return;
  const follow = () => {
    el.dataset.theme = host.closest("[data-theme]")?.dataset.theme ?? "";
  };
  const watcher = new MutationObserver(follow);
  for (const node of [document.documentElement, document.body]) watcher.observe(node, WATCHED);
  undo.push(() => watcher.disconnect());
  follow();
}
