// What changes together is drawn once.

/** The same, but once for all calls until the script that makes them is done. */
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
