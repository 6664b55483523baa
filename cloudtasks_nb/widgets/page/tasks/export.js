// Exports tasks to a file on the kernel's machine, or as a download.

import { field, h, textInput } from "../frame/dom.js";
import { actionForm } from "../frame/forms.js";

const SAVING_MS = 10000; // the browser may still read the file

export function exportForm(frame, { seen: { which }, words, close }) {
  const { id, payloads } = frame.get("place");
  const input = textInput({ value: `${id}-tasks.parquet` });
  const save = () => {
    frame.send("export", { path: input.value.trim(), which });
    close();
  };
  const download = (kind) =>
    frame.button(`Download .${kind}`, () => {
      frame.send("download", { name: `${id}-tasks.${kind}`, which });
      close();
    });
  const options = {
    label: "Export tasks",
    submit: "Save",
    changes: false,
    ready: () => input.value.trim() !== "",
    act: save,
    close,
    extra: [download("csv"), download("parquet")],
  };
  const kept = payloads ? "payloads included" : "without payloads (tick Payloads to include them)";
  const form = actionForm(
    frame,
    options,
    h("p", `Write ${words} to a file, ${kept}.`),
    field("File on the kernel's machine (.parquet or .csv)", input),
  );
  return { form, first: input };
}

/** Save files that Python sends. */
export function downloads(frame) {
  frame.on("msg:custom", (message, buffers) => {
    if (!message?.download || !frame.root.isConnected) return;
    const url = URL.createObjectURL(new Blob([buffers[0]]));
    h("a", { href: url, download: message.download }).click();
    setTimeout(() => URL.revokeObjectURL(url), SAVING_MS);
  });
}
