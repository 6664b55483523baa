// Requests rows that a notebook does not save. The saved traits hold only the first rows.

const AGAIN_MS = 60000; // a lost request is repeated

/** Request rows after a change of `traits`, while `lacking()` names those that the page lacks, or "". */
export function requestRows(frame, traits, lacking) {
  let asked = "";
  const ask = () => {
    const lacks = lacking();
    if (lacks && lacks !== asked) frame.calls.post({ do: "rows" });
    asked = lacks;
  };
  frame.watch(traits, ask);
  frame.every(AGAIN_MS, () => {
    asked = "";
    ask();
  });
}
