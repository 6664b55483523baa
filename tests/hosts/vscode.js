// Runs VS Code's own widget manager on a page with a kernel, in place of its Jupyter extension. The kernel is a websocket
// of a Jupyter server; messages are handled one at a time, as the manager expects.

import { activate } from "/hosts/ipywidgets.js";

const signal = () => ({ connect: () => true, disconnect: () => true, emit: () => {} });

/** A message without buffers is text; one with buffers begins with their number and their places. */
function decode(data) {
  if (typeof data === "string") return JSON.parse(data);
  const view = new DataView(data);
  const at = Array.from({ length: view.getUint32(0) }, (_, index) => view.getUint32(4 * (index + 1)));
  const part = (index) => data.slice(at[index], at[index + 1]);
  const message = JSON.parse(new TextDecoder().decode(part(0)));
  message.buffers = at.slice(1).map((_, index) => new DataView(part(index + 1)));
  return message;
}

class Comm {
  constructor(kernel, targetName, commId) {
    Object.assign(this, { kernel, targetName, commId, onMsg: () => {}, onClose: () => {} });
  }

  open(data, metadata) {
    return this.#post("comm_open", { target_name: this.targetName, data }, metadata);
  }

  send(data, metadata) {
    return this.#post("comm_msg", { data }, metadata);
  }

  close(data, metadata) {
    return this.#post("comm_close", { data }, metadata);
  }

  #post(type, content, metadata = {}) {
    return this.kernel.request(
      type,
      { comm_id: this.commId, ...content, data: content.data ?? {} },
      metadata,
    );
  }
}

class Kernel {
  name = "python3";
  username = "host";
  status = "idle";
  handleComms = true;
  clientId = crypto.randomUUID();
  statusChanged = signal();
  connectionStatusChanged = signal();
  iopubMessage = signal();
  unhandledMessage = signal();
  targets = new Map();
  comms = new Map();
  futures = new Map();
  chain = Promise.resolve();
  shown = () => {};

  constructor(id) {
    this.id = id;
    this.socket = new WebSocket(
      `ws://${location.host}/api/kernels/${id}/channels?session_id=${this.clientId}`,
    );
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      const message = decode(data);
      this.chain = this.chain.then(() => this.hear(message));
    };
    this.ready = new Promise((done) => {
      this.socket.onopen = done;
    });
  }

  request(type, content, metadata = {}) {
    const header = { msg_id: crypto.randomUUID(), msg_type: type, session: this.clientId, username: "host" };
    Object.assign(header, { version: "5.3", date: new Date().toISOString() });
    const msg = { channel: "shell", header, parent_header: {}, metadata, content };
    const future = { msg, onReply: () => {}, onIOPub: () => {}, onStdin: () => {} };
    this.futures.set(header.msg_id, future);
    this.socket.send(JSON.stringify(msg));
    return future;
  }

  async hear(message) {
    const { msg_type: type } = message.header;
    const future = this.futures.get(message.parent_header?.msg_id);
    if (message.channel === "shell") future?.onReply(message);
    if (message.channel !== "iopub") return;
    if (type === "comm_open") await this.#opened(message);
    else if (type === "comm_msg") await this.comms.get(message.content.comm_id)?.onMsg(message);
    else if (type === "comm_close") this.comms.get(message.content.comm_id)?.onClose(message);
    else if (message.content.data) await this.shown(message.content.data);
    future?.onIOPub(message);
  }

  async #opened(message) {
    const { target_name: target, comm_id: id } = message.content;
    await this.targets.get(target)?.(this.createComm(target, id), message);
  }

  registerCommTarget(name, opened) {
    this.targets.set(name, opened);
  }

  removeCommTarget(name) {
    this.targets.delete(name);
  }

  createComm(target, id = crypto.randomUUID()) {
    const comm = new Comm(this, target, id);
    this.comms.set(id, comm);
    return comm;
  }

  requestCommInfo(content) {
    return new Promise((done) => {
      this.request("comm_info_request", content).onReply = done;
    });
  }
}

const VIEW = "application/vnd.jupyter.widget-view+json";

/** Run a cell of Python, and show the widgets that it displays below each other. */
async function run(kernelId, code) {
  const kernel = new Kernel(kernelId);
  await kernel.ready;
  activate();
  window.vscIPyWidgets8.load();
  window.requirejs.config({ paths: { anywidget: "/hosts/anywidget" } });
  const loader = { widgetsRegisteredInRequireJs: new Set(), loadWidgetScript: async () => {} };
  Object.assign(loader, { successHandler: () => {}, errorHandler: (...told) => console.error(...told) });
  const manager = new window.vscIPyWidgets.WidgetManager(kernel, document.body, loader, () => {});
  kernel.shown = async (data) => {
    if (!data[VIEW]) return;
    const node = document.body.appendChild(document.createElement("div"));
    node.className = "cell-output-ipywidget-background";
    const view = await manager.create_view(await manager.get_model(data[VIEW].model_id));
    await manager.display_view({}, view, { node });
  };
  const reply = await new Promise((done) => {
    kernel.request("execute_request", { code, silent: false, store_history: true }).onReply = done;
  });
  await kernel.chain;
  return reply.content.status;
}

window.runCell = run;
