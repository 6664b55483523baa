// Mounts the panels of a notebook's page, with the state that they had when the notebook ran. Nothing is sent anywhere.
(() => {
  const STATE = "application/vnd.jupyter.widget-state+json";
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const read = (selector) => JSON.parse(document.querySelector(selector)?.textContent || "{}");

  /** The code of a panel, with a clock that stands at the time of the record. */
  const load = async (code, now) => {
    const clock = `const Date = class extends globalThis.Date {
      constructor(...given) { given.length ? super(...given) : super(${now}); }
      static now() { return ${now}; }
    };\n`;
    const url = URL.createObjectURL(new Blob([clock, code], { type: "text/javascript" }));
    try {
      return await import(url);
    } finally {
      URL.revokeObjectURL(url);
    }
  };

  /** What a notebook gives to a panel; every call is answered, and does nothing. */
  const modelOf = (state, parts) => {
    const handlers = new Map();
    const emit = (content) => handlers.get("msg:custom")?.forEach((handler) => handler(content));
    return {
      get: (name) => state[name],
      on: (event, handler) => handlers.set(event, [...(handlers.get(event) ?? []), handler]),
      off: (event, handler) => handlers.set(event, (handlers.get(event) ?? []).filter((other) => other !== handler)),
      send: ({ do: what, name, call }) =>
        setTimeout(() => emit(what === "part" ? { part: name, code: parts[name] } : { done: call })),
    };
  };

  const mount = async (script, states, parts) => {
    const recorded = states[JSON.parse(script.textContent).model_id]?.state;
    if (!recorded?._esm) return;
    const updated = recorded.place?.updated ?? recorded.facts?.updated;
    const now = updated ? Date.parse(updated) : Date.now();
    const place = Object.assign(document.createElement("div"), { className: "recorded-panel" });
    const note = Object.assign(document.createElement("p"), {
      className: "recorded-note",
      textContent: "Recorded. Run the notebook to use this panel.",
    });
    script.after(place, note);
    document.head.append(Object.assign(document.createElement("style"), { textContent: recorded._css }));
    const state = { ...recorded, read_only: true, live_s: 0, busy: "" };
    const panel = (await load(recorded._esm, now)).default;
    panel.render({ model: modelOf(state, parts), el: place });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const states = read(`script[type="${STATE}"]`).state ?? {};
    const parts = read("#panel-parts");
    for (const script of document.querySelectorAll(`script[type="${VIEW}"]`)) mount(script, states, parts);
  });
})();
