// The front end of ipywidgets on a live page, with comms that end in the worker, and of anywidget, which the explorers are.
import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import * as controls from "@jupyter-widgets/controls";
import * as output from "@jupyter-widgets/output";
import { Widget } from "@lumino/widgets";
import "@lumino/widgets/style/index.css";
import "@jupyter-widgets/base/css/index.css";
import "@jupyter-widgets/controls/css/labvariables.css";
import "@jupyter-widgets/controls/css/widgets-base.css";

// What comes before somebody listens waits for them.
class Comm {
  constructor(id, post) {
    Object.assign(this, { comm_id: id, target_name: "jupyter.widget", post, early: [] });
  }
  on_msg(listener) {
    this.listener = listener;
    for (const message of this.early.splice(0)) listener(message);
  }
  on_close(listener) {
    this.closed = listener;
  }
  receive(message) {
    if (this.listener) this.listener(message);
    else this.early.push(message);
  }
  send(data, callbacks, _, buffers) {
    return this.post(this.comm_id, data, buffers ?? [], callbacks);
  }
  open() {
    return "";
  }
  close() {
    return "";
  }
}

// An Output widget shows what the page would show below a cell.
let draw;
class OutputModel extends output.OutputModel {
  defaults() {
    return { ...super.defaults(), msg_id: "", outputs: [] };
  }
}
class OutputView extends output.OutputView {
  render() {
    super.render();
    this.el.classList.add("jupyter-widgets", "widget-output");
    this.listenTo(this.model, "change:outputs", () => this.fill());
    this.fill();
  }
  fill() {
    this.el.replaceChildren(...this.model.get("outputs").map(draw));
  }
}

class AnyModel extends base.DOMWidgetModel {}

class AnyView extends base.DOMWidgetView {
  async render() {
    const { model, el } = this;
    const address = URL.createObjectURL(new Blob([model.get("_esm")], { type: "text/javascript" }));
    const widget = (await import(address).finally(() => URL.revokeObjectURL(address))).default;
    const style = Object.assign(document.createElement("style"), { textContent: model.get("_css") ?? "" });
    el.before(style);
    const seen = {
      get: (name) => model.get(name),
      set: (name, value) => model.set(name, value),
      save_changes: () => model.save_changes(this.callbacks()),
      on: (event, listener) => model.on(event, listener),
      off: (event, listener) => model.off(event, listener),
      send: (content, _, buffers) => model.send(content, this.callbacks(), buffers),
    };
    this.undo = widget.render({ model: seen, el });
  }
  remove() {
    this.undo?.();
    super.remove();
  }
}

const MODULES = {
  "@jupyter-widgets/base": base,
  "@jupyter-widgets/controls": controls,
  "@jupyter-widgets/output": { OutputModel, OutputView },
  anywidget: { AnyModel, AnyView },
};
const whole = (buffer) => (ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice() : new Uint8Array(buffer));

export class LiveManager extends ManagerBase {
  constructor(post, drawing, typeset) {
    super();
    draw = drawing;
    this._rendermime = { latexTypesetter: { typeset } }; // where a label asks for its formulas
    this.comms = new Map();
    this.made = new Map(); // models, as promises
    this.waiting = new Map(); // a model sends its next change when Python has said that it is idle again
    let count = 0;
    this.send = (comm_id, data, buffers, callbacks) => {
      const number = ++count;
      this.waiting.set(number, callbacks);
      post({ type: "comm", comm_id, data, number, buffers: buffers.map(whole) });
      return String(number);
    };
  }
  idle(number) {
    const callbacks = this.waiting.get(number);
    this.waiting.delete(number);
    callbacks?.iopub?.status?.({ content: { execution_state: "idle" } });
  }
  // What Python says of a widget: {msg_type, comm_id, data, metadata, buffers}.
  receive({ msg_type, comm_id, data, metadata, buffers }) {
    const content = { comm_id, data, target_name: "jupyter.widget" };
    const views = buffers.map((one) => new DataView(one.buffer, one.byteOffset, one.byteLength));
    const message = { content, metadata, buffers: views, parent_header: {} };
    if (msg_type === "comm_open") {
      const comm = new Comm(comm_id, this.send);
      this.comms.set(comm_id, comm);
      this.made.set(comm_id, this.handle_comm_open(comm, message));
    } else if (msg_type === "comm_msg") this.comms.get(comm_id)?.receive(message);
    else if (msg_type === "comm_close") this.comms.get(comm_id)?.closed?.(message);
  }
  async show(id, element) {
    const view = await this.create_view(await this.made.get(id));
    Widget.attach(view.luminoWidget, element);
  }
  async loadClass(name, module) {
    const found = MODULES[module]?.[name];
    if (!found) throw new Error(`${module} has no ${name} here`);
    return found;
  }
  inline_sanitize(text) {
    return Object.assign(document.createElement("p"), { textContent: text }).innerHTML;
  }
  async _create_comm() {
    throw new Error("only Python makes widgets here");
  }
  async _get_comm_info() {
    return {};
  }
}
