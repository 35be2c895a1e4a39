// The page's end of the worker: starts Python, runs cells one after the other, interrupts them or ends the worker.
const STAGES = { files: "Downloading", python: "Starting Python …", numpy: "Importing NumPy …" };
const PATIENCE_MS = 1000; // for an interrupt; Python does not hear of it inside of a long call

export class Python {
  // total: the bytes of what is downloaded first. Whoever starts it sets `on`: {output, clear, comm, idle, stage, network,
  // speed}, which hear of what the worker says.
  constructor(here, total) {
    Object.assign(this, { here, total, asked: new Map(), count: 0 });
  }

  // A worker with Python on its way into it. Its script comes as text, so that it does not matter as what a host sends it.
  async launch() {
    const response = await fetch(`${this.here}worker.js`);
    if (!response.ok) throw new Error(`worker.js could not be had: the server answered ${response.status}.`);
    const script = URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" }));
    const worker = new Worker(script, { type: "module" });
    const ready = new Promise((resolve, reject) => {
      const failed = (message) => {
        worker.terminate();
        reject(new Error(message));
        if (worker !== this.worker) return;
        this.end();
        this.finish?.({ ok: false, ms: 0, failed: message });
      };
      worker.onerror = (event) => {
        event.preventDefault();
        failed(event.message || "the worker script could not be loaded.");
      };
      worker.onmessage = ({ data }) => {
        if (data.type === "ready") resolve(data);
        else if (data.type === "failed") failed(data.message);
        else if (worker === this.worker) this.hear(data);
      };
    }).finally(() => URL.revokeObjectURL(script));
    ready.catch(() => {}); // whoever waits for it hears of it
    worker.postMessage({ type: "boot", here: this.here });
    return { worker, ready };
  }

  // Starts Python, or takes the one that is on its way. network: the text of my_network.py, where the reader has begun one.
  async start(network) {
    const { worker, ready } = await (this.early ?? this.launch());
    this.early = null;
    this.worker = worker;
    await ready;
    if (network) this.post({ type: "own", text: network });
    this.post({ type: "fetch", names: ["plot", "widgets"] }); // which most pages need soon
  }

  // Sends Python on its way before it is asked for. Where that fails, `start` begins anew, and says what is wrong.
  prepare() {
    const early = (this.early = this.launch());
    const forget = () => this.early === early && (this.early = null);
    early.then(({ ready }) => ready.catch(forget), forget);
  }

  hear(data) {
    if (data.type === "loading") this.on.stage(data.stage, this.words(data));
    else if (data.type === "done") this.finish?.(data);
    else if (data.type === "answer") this.answered(data.number, data.html);
    else if (data.type === "comm-done") this.on.idle(data.number);
    else this.on[data.type](data);
  }

  words({ stage, loaded }) {
    if (stage !== "files") return STAGES[stage];
    const [done, all] = [loaded, this.total].map((bytes) => (bytes / 1e6).toFixed(1));
    return `${STAGES.files} ${done} of ${all} MB …`;
  }

  post(message) {
    this.worker?.postMessage(message);
  }

  // Resolves with {ok, verdict, ms}, or {stopped} where the worker was ended meanwhile.
  // above: the text of the cells above; alone: whether what the cell needs of them is run first.
  run(cell, code, above, alone) {
    const permit = (this.permit = URL.createObjectURL(new Blob())); // to run on, which the worker looks up
    return this.ask({ type: "run", cell, code, above, alone, permit }).finally(() => URL.revokeObjectURL(permit));
  }

  // Takes what the book's own run of a cell has left, from the bytes of its file. Resolves as `run` does.
  take(cell, code, content) {
    return this.ask({ type: "take", cell, code, content });
  }

  // Promises what an explorer answers when a position of its controls is run again.
  again(name, position) {
    if (!this.worker) return Promise.resolve("<p>Python is not running.</p>");
    const number = ++this.count;
    this.post({ type: "again", name, position, number });
    return new Promise((resolve) => this.asked.set(number, resolve));
  }

  answered(number, html) {
    this.asked.get(number)?.(html);
    this.asked.delete(number);
  }

  ask(message) {
    return new Promise((resolve) => {
      this.finish = (result) => {
        this.finish = null;
        resolve(result);
      };
      this.post(message);
    });
  }

  // There is no Python any more, to whoever waits for it.
  end() {
    this.worker = null;
    for (const number of [...this.asked.keys()]) this.answered(number, "<p>Python has stopped before it was done.</p>");
  }

  // Returns whether the variables are still there.
  async stop() {
    if (this.finish) {
      URL.revokeObjectURL(this.permit);
      const until = performance.now() + PATIENCE_MS;
      while (this.finish && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
      if (!this.finish) return true;
    }
    this.worker.terminate();
    this.end();
    this.finish?.({ ok: false, ms: 0, stopped: true });
    return false;
  }
}
