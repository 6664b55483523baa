// The actions of the explorer. They need a kernel, so a saved notebook does not hold them.

export { choiceBar } from "./queues/chosen.js";
export { silentBox } from "./queues/silent.js";
