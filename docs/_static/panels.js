// Mounts the panels of a notebook's page, with the state that they had when the notebook ran. Nothing is sent anywhere.
(() => {
  const STATE = "application/vnd.jupyter.widget-state+json";
  const VIEW = "application/vnd.jupyter.widget-view+json";

  /** The code of a script, with a clock that stands at the time of the record. */
  const at = (now, code) => `const Date = class extends globalThis.Date {
    constructor(...given) { given.length ? super(...given) : super(${now}); }
    static now() { return ${now}; }
  };\n${code}`;

  const load = async (code) => {
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    try {
      return await import(url);
    } finally {
      URL.revokeObjectURL(url);
    }
  };

  /** The model that a notebook gives to a panel. Every call gets a response and has no effect. */
  const modelOf = (state, now) => {
    const handlers = new Map();
    const of = (event) => handlers.get(event) ?? [];
    const tell = (content) => of("msg:custom").forEach((handler) => handler(content));
    const partOf = (name) => ({ part: name, code: at(now, globalThis.panelScripts[`${name}.js`]) });
    return {
      get: (name) => state[name],
      on: (event, handler) => handlers.set(event, [...of(event), handler]),
      off: (event, handler) => handlers.set(event, of(event).filter((other) => other !== handler)),
      send: ({ do: what, name, call }) => setTimeout(() => tell(what === "part" ? partOf(name) : { done: call })),
    };
  };

  const mount = async (script, states) => {
    const recorded = states[JSON.parse(script.textContent).model_id]?.state;
    const name = recorded?._anywidget_id?.split(".").at(-2); // "cloudtasks_nb.widgets.queue_panel.QueuePanel"
    const code = globalThis.panelScripts[`${name}.js`];
    if (!code) return;
    const updated = recorded.place?.updated ?? recorded.facts?.updated;
    const now = updated ? Date.parse(updated) : Date.now();
    const place = Object.assign(document.createElement("div"), { className: "recorded-panel" });
    const note = Object.assign(document.createElement("p"), {
      className: "recorded-note",
      textContent: "Recorded. Run the notebook to use this panel.",
    });
    script.after(place, note);
    const style = { textContent: globalThis.panelScripts[`${name}.css`] };
    document.head.append(Object.assign(document.createElement("style"), style));
    const panel = (await load(at(now, code))).default;
    panel.render({ model: modelOf({ ...recorded, read_only: true, live_s: 0, busy: "" }, now), el: place });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const state = document.querySelector(`script[type="${STATE}"]`);
    const states = state ? JSON.parse(state.textContent).state : {};
    for (const script of document.querySelectorAll(`script[type="${VIEW}"]`)) mount(script, states);
  });
})();
