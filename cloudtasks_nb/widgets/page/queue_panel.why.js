// The part with the Why? tab: the kernel sends it when the tab is first opened.

import { WhyView } from "./queue/why.js";

/** Append the view to `place` and return it. */
export function attach(frame, place) {
  const view = new WhyView(frame);
  place.append(view.node);
  return view;
}
