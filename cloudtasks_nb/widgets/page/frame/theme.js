// The theme of the page, for a panel in a shadow root, out of which its style sheet does not reach.

const WATCHED = { attributes: true, attributeFilter: ["data-theme", "class"] };

/** Say on `el` which theme the nearest element outside the shadow root has, now and when that changes. */
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
