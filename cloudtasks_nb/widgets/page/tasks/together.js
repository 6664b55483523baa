// Combines several updates into one.

/** A function that runs `update` once for all its calls within the current script. */
export function together(update) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      update();
    });
  };
}
