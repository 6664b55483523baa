// Loads parts of the script from the kernel. A saved notebook contains only the script of the saved view.

const PART_MS = 5000; // a lost request is repeated with a growing pause
const LONGEST_MS = 60000;

/** Request a part until it arrives, then call `got` with it. Returns a function that cancels. */
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

/** Import a script, given as text, as a module. */
export async function moduleOf(code) {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
