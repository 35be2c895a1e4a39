// The page's end of the worker: starts Python, runs cells one after the other, and stops by ending the worker.
const STAGES = { files: "Downloading", python: "Starting Python …", numpy: "Importing NumPy …" };
const PATIENCE_MS = 1000; // for an interrupt, where the host allows it

export class Python {
  // on: {output, clear, comm, idle, stage, network} hear of what the worker says; total: the bytes of what is downloaded first.
  constructor(here, total, on) {
    Object.assign(this, { here, total, on });
  }

  // network: the text of my_network.py, where the reader has begun one.
  start(network) {
    this.interrupt = self.crossOriginIsolated ? new Uint8Array(new SharedArrayBuffer(1)) : undefined;
    const worker = (this.worker = new Worker(`${this.here}worker.js`, { type: "module" }));
    this.ready = new Promise((resolve, reject) => {
      const failed = (message) => {
        worker.terminate();
        reject(new Error(message));
        this.finish?.({ ok: false, ms: 0, failed: message });
      };
      worker.onerror = (event) => {
        event.preventDefault();
        failed(event.message || "the worker script could not be loaded.");
      };
      worker.onmessage = ({ data }) => {
        if (worker !== this.worker) return;
        if (data.type === "ready") resolve(data);
        else if (data.type === "loading") this.on.stage(data.stage, this.words(data));
        else if (data.type === "done") this.finish?.(data);
        else if (data.type === "failed") failed(data.message);
        else if (data.type === "comm-done") this.on.idle(data.number);
        else this.on[data.type](data);
      };
    });
    worker.postMessage({ type: "boot", interrupt: this.interrupt, network });
    return this.ready;
  }

  words({ stage, loaded }) {
    if (stage !== "files") return STAGES[stage];
    const [done, all] = [loaded, this.total].map((bytes) => (bytes / 1e6).toFixed(1));
    return `${STAGES.files} ${done} of ${all} MB …`;
  }

  post(message) {
    this.worker.postMessage(message);
  }

  // Resolves with {ok, verdict, ms}, or {stopped} where the worker was ended meanwhile.
  run(cell, code, above) {
    if (this.interrupt) this.interrupt[0] = 0;
    return new Promise((resolve) => {
      this.finish = (result) => {
        this.finish = null;
        resolve(result);
      };
      this.post({ type: "run", cell, code, above });
    });
  }

  // Returns whether the variables are still there.
  async stop() {
    if (this.interrupt && this.finish) {
      this.interrupt[0] = 2;
      const until = performance.now() + PATIENCE_MS;
      while (this.finish && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
      if (!this.finish) return true;
    }
    this.worker.terminate();
    this.worker = null;
    this.finish?.({ ok: false, ms: 0, stopped: true });
    return false;
  }
}
