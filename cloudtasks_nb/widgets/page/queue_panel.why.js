// Why the queue is stuck, slow or failing: loaded from the kernel when the tab is first opened.

import { WhyView } from "./queue/why.js";

/** The view, in the place that waits for it. */
export function attach(frame, place) {
  const view = new WhyView(frame);
  place.append(view.node);
  return view;
}
