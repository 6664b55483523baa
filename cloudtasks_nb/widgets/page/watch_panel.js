// The panel of a watch: the number of saved tasks, and buttons to poll now and to stop.

import { cells } from "./frame/cells.js";
import { buttons, h } from "./frame/dom.js";
import { Frame } from "./frame/frame.js";
import { facts } from "./frame/sections.js";

function render({ model, el }) {
  const frame = new Frame(model, el, "watch", "Watch");
  const title = h("h3");
  const badge = h("span");
  const list = h("dl.ct-facts");
  const allowed = () => frame.get("state").running;
  const bar = buttons(
    frame.button("Poll now", () => frame.send("look_now"), { allowed }),
    frame.button("Stop", () => frame.send("stop"), { allowed }),
  );
  frame.watch(["state"], () => {
    const now = frame.get("state");
    title.textContent = now.title;
    badge.replaceChildren(...cells(now.badge));
    list.replaceChildren(...facts(now.facts));
    frame.sync();
  });
  frame.root.append(h("header", title, badge), list, h("div.ct-bar", bar), frame.status, frame.folded);
  return () => frame.cleanup();
}

export default { render };
