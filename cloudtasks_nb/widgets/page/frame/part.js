// Parts of the script that only the kernel has. A saved notebook holds what shows something without one.

const PART_MS = 5000; // a question that gets lost is asked again, later and later
const LONGEST_MS = 60000;

/** Ask for a part until it comes, and call `got` with it. Returns a function that ends the asking. */
export function askForPart(model, name, got) {
  let pauseMs = PART_MS;
  let again;
  const end = () => {
    clearTimeout(again);
    model.off("msg:custom", hear);
  };
  const hear = (message) => {
    if (message?.part !== name) return;
    end();
    got(message);
  };
  const ask = () => {
    again = setTimeout(ask, pauseMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_MS);
    try {
      model.send({ do: "part", name });
    } catch {
      // the kernel of this model is gone
    }
  };
  model.on("msg:custom", hear);
  ask();
  return end;
}

/** The module that a script is. */
export async function moduleOf(code) {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
