// The verbs of the queues that are ticked. They need a kernel, so a saved notebook does not hold them.

export { choiceBar } from "./queues/chosen.js";
