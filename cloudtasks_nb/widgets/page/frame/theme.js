// Copies the theme of the page into a shadow root, because selectors inside cannot match elements outside.

const WATCHED = { attributes: true, attributeFilter: ["data-theme", "class"] };

/** Set `el.dataset.theme` to the theme outside the shadow root, now and after each change. */
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
