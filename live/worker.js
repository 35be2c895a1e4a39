// Python in a worker of its own, so that a cell that never ends leaves the page alone.
//
// From the page: boot {here}, own {text}, run {cell, code, above, alone, permit}, take {cell, code, content}, measure, again {name, position, number},
//                comm {comm_id, data, buffers, number}, fetch {names}
// To the page:   loading {stage, loaded, total}, ready {ms}, output {cell, output}, clear {cell, wait},
//                done {cell, ok, verdict, ms}, comm {msg_type, comm_id, data, metadata, buffers}, comm-done {number},
//                network {text}, speed {seconds}, answer {number, html}, failed {message}
import { loadPyodide } from "pyodide";

const LIBRARY = "/lib/python3.12/site-packages/";
const FIRST = ["stdlib", "script", "core", "book"];
const LOCK = { info: { abi_version: "2024_0", arch: "wasm32", platform: "emscripten_3_1_58", python: "3.12.7", version: "0.27.7" }, packages: {} };
const packs = {}; // what is on its way, and then what is here
const OWN = "my_network.py"; // the network that the reader builds, of which the page keeps a copy
const LOOK_MS = 200;
let here, python, kernel, current, own, loaded = 0;
let permit, looked = 0; // the address that the page takes back to interrupt a cell, and when it was last there

const say = (type, fields = {}) => self.postMessage({ type, ...fields });

// Every pack is gzip whatever the host does with it, and counted as it comes.
async function get(name) {
  const response = await fetch(`${here}${name}.bin`);
  if (!response.ok) throw new Error(`${name}.bin could not be had: the server answered ${response.status}.`);
  const counter = new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.length;
      if (!python) say("loading", { stage: "files", loaded });
      controller.enqueue(chunk);
    },
  });
  const plain = response.body.pipeThrough(counter).pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain, { headers: { "Content-Type": name === "wasm" ? "application/wasm" : "application/octet-stream" } });
}

const fetchPack = (name) =>
  (packs[name] ??= get(name)
    .then((response) => response.arrayBuffer())
    .then((buffer) => (packs[name] = new Uint8Array(buffer))));

// A pack is the length of its index, the index, and the files; they are mounted as they lie there, without a copy.
function mount(FS, pack) {
  const length = new DataView(pack.buffer, pack.byteOffset).getUint32(0, true);
  const { folders, files } = JSON.parse(new TextDecoder().decode(pack.subarray(4, 4 + length)));
  for (const folder of folders) if (!FS.analyzePath(LIBRARY + folder).exists) FS.mkdir(LIBRARY + folder);
  let at = 4 + length;
  for (const [path, size] of files) {
    FS.create(LIBRARY + path, 0o644);
    const { node } = FS.lookupPath(LIBRARY + path);
    node.contents = pack.subarray(at, at + size);
    node.usedBytes = size;
    at += size;
  }
}

// Python's import has to be answered at once.
function mountNow(name) {
  let pack = packs[name];
  if (!(pack instanceof Uint8Array)) {
    const request = new XMLHttpRequest();
    request.open("GET", `${here}${name}.bin`, false);
    request.responseType = "arraybuffer";
    request.send();
    if (request.status !== 200) throw new Error(`${name}.bin could not be had: the server answered ${request.status}.`);
    const zlib = python.pyimport("zlib");
    const unpacked = zlib.decompress(python.toPy(new Uint8Array(request.response)), 31);
    const view = unpacked.getBuffer();
    pack = view.data.slice();
    view.release();
    unpacked.destroy();
  }
  mount(python.FS, pack);
}

function bytes(buffer) {
  if (!buffer.getBuffer) return buffer.slice();
  const view = buffer.getBuffer();
  const copy = view.data.slice();
  view.release();
  buffer.destroy();
  return copy;
}

function post(text, buffers) {
  const list = buffers.toJs({ depth: 1 });
  self.postMessage({ ...JSON.parse(text), cell: current, buffers: list.map(bytes) });
}

function there(address) {
  try {
    const request = new XMLHttpRequest();
    request.open("GET", address, false);
    request.send();
    return true;
  } catch {
    return false;
  }
}

// Python reads this between its steps, and is interrupted where it finds a 2. The page cannot write here while a cell
// runs, and memory that both see is only for hosts with special headers; but an address of the page's own memory can be
// looked up from here at any time, and the page can take it back.
const interrupts = {
  get 0() {
    const now = performance.now();
    if (!permit || now - looked < LOOK_MS) return 0;
    looked = now;
    if (there(permit)) return 0;
    permit = undefined;
    return 2;
  },
  set 0(value) {}, // Python has seen it
};

async function boot({ here: address }) {
  const began = performance.now();
  here = address;
  FIRST.forEach((name) => fetchPack(name).catch(() => {})); // whoever waits for it hears of it
  const real = self.fetch;
  const wasm = get("wasm");
  self.fetch = (address, options) => (String(address).endsWith("pyodide.asm.wasm") ? wasm : real(address, options));
  const script = URL.createObjectURL(new Blob([await fetchPack("script")], { type: "text/javascript" }));
  const library = URL.createObjectURL(new Blob([await fetchPack("stdlib")]));
  const [core, book] = await Promise.all([fetchPack("core"), fetchPack("book")]);
  say("loading", { stage: "python", loaded });
  await import(script); // defines what loadPyodide would load from a file of its own
  const missing = wasm.then(() => new Promise(() => {})); // Pyodide would wait for it for ever
  const starting = loadPyodide({
    ...{ indexURL: here, stdLibURL: library, lockFileURL: `data:application/json,${encodeURIComponent(JSON.stringify(LOCK))}` },
    fsInit: async (FS) => [core, book].forEach((pack) => mount(FS, pack)),
  });
  const opened = await Promise.race([starting, missing]);
  self.fetch = real;
  [script, library].forEach((address) => URL.revokeObjectURL(address));
  const probe = URL.createObjectURL(new Blob());
  if (there(probe)) opened.setInterruptBuffer(interrupts); // elsewhere an absence says nothing
  URL.revokeObjectURL(probe);
  say("loading", { stage: "numpy", loaded });
  opened.runPython("import numpy");
  kernel = { cell: opened.pyimport("livekernel.cell"), widgets: opened.pyimport("livekernel.widgets") };
  opened.pyimport("livekernel.start").start(post, mountNow);
  python = opened;
  say("ready", { ms: performance.now() - began, loaded });
}

// The page keeps the network that the reader builds.
function keepOwn() {
  const { FS } = python;
  const network = FS.analyzePath(OWN).exists ? FS.readFile(OWN, { encoding: "utf8" }) : undefined;
  if (network !== own) say("network", { text: (own = network) });
}

const answers = {
  boot,
  own: ({ text }) => python.FS.writeFile(OWN, (own = text)),
  fetch: ({ names }) => void names.forEach((name) => fetchPack(name).catch(() => delete packs[name])),
  async run({ cell, code, above, alone, permit: address }) {
    const began = performance.now();
    current = cell;
    permit = address;
    const list = python.toPy(above);
    const result = kernel.cell.run(code, cell, list, alone);
    permit = undefined;
    const { ok, verdict } = result.toJs({ dict_converter: Object.fromEntries });
    result.destroy();
    list.destroy();
    keepOwn();
    say("done", { cell, ok, verdict, ms: performance.now() - began });
  },
  // In place of running a cell: what the book's own run has left of it.
  take({ cell, code, content }) {
    const began = performance.now();
    current = cell;
    const list = python.toPy(new Uint8Array(content));
    const result = kernel.cell.take(list, code, cell);
    const { ok } = result.toJs({ dict_converter: Object.fromEntries });
    result.destroy();
    list.destroy();
    say("done", { cell, ok, ms: performance.now() - began });
  },
  again({ name, position, number }) {
    const list = python.toPy(position);
    say("answer", { number, html: kernel.widgets.again(name, list) });
    list.destroy();
  },
  measure: () => say("speed", { seconds: python.pyimport("livekernel.speed").training() }),
  comm({ comm_id, data, buffers, number, cell }) {
    current = cell ?? current;
    const list = python.toPy(buffers ?? []);
    kernel.widgets.receive(comm_id, JSON.stringify(data), list);
    list.destroy();
    say("comm-done", { number });
  },
};

let queue = Promise.resolve();
self.onmessage = ({ data }) => {
  queue = queue.then(() => answers[data.type](data)).catch((error) => say("failed", { message: String(error?.message || error) }));
};
