// Updates wait while a mouse button (or a finger) is down on the panel. Otherwise a button that is drawn
// again between press and release would get no click, and a drag would end.

export class Pressed {
  /** `root` is the panel; `undo` collects the cleanup functions. */
  constructor(root, undo) {
    this.isDown = false;
    this.due = new Set();
    const release = () => {
      this.timer = setTimeout(() => this.#release(), 0); // after the click, which follows the release
    };
    const ends = ["pointerup", "pointercancel"];
    // A menu or the list of a select may swallow the release: then the pointer moves without a button.
    const moved = ({ buttons }) => {
      if (this.isDown && !buttons) release();
    };
    const press = ({ button, target }) => {
      if (button || target.closest("select")) return;
      clearTimeout(this.timer); // a second press follows at once
      this.isDown = true;
    };
    root.addEventListener("pointerdown", press, true);
    for (const end of ends) document.addEventListener(end, release, true);
    document.addEventListener("pointermove", moved, true);
    window.addEventListener("blur", release);
    undo.push(() => {
      clearTimeout(this.timer);
      for (const end of ends) document.removeEventListener(end, release, true);
      document.removeEventListener("pointermove", moved, true);
      window.removeEventListener("blur", release);
    });
  }

  #release() {
    this.isDown = false;
    const due = [...this.due];
    this.due.clear();
    for (const update of due) update();
  }

  /** Run `update` now, or once after the release. */
  after(update) {
    if (this.isDown) this.due.add(update);
    else update();
  }
}
