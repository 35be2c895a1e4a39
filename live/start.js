// The button that makes a page live, on every page with code, and the offer below each exercise. All else comes after it.
const script = document.currentScript;
const root = document.documentElement;
const HERE = new URL("./", script.src).href;
// bytes: of what is downloaded before Python starts, and all: of that and of what comes then, for plots and widgets; long: the file with what is known of cells that take long.
const { bytes, all, folder, wheel, long } = script.dataset;
const [megabytes, before] = [all, bytes].map((size) => Math.ceil(size / 1e6));

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function hasModuleWorkers() {
  let asked = false;
  try {
    new Worker("", { get type() { throw (asked = true); } }); // and no worker is made
  } catch {
    // whether it was asked for is all there is to know
  }
  return asked;
}

// What is in the way here, in a sentence with what to do about it, or nothing.
function hindrance() {
  if (location.protocol === "file:") {
    return ["Python can only start on a page that comes from a server. In the folder of the built book, run ",
      make("code", {}, `python -m http.server --directory ${folder}`), " and open http://127.0.0.1:8000."];
  }
  if (typeof WebAssembly !== "object" || typeof DecompressionStream !== "function" || !hasModuleWorkers()) {
    return ["This browser is too old to run Python in a page. One from 2023 or later can: Chrome, Edge, Firefox or Safari 16.4."];
  }
  return null;
}

// How to run the notebooks without this page: the library from where this page is read, and all notebooks in one file.
function elsewhere() {
  const line = `python -m pip install jupyterlab "scratchnet[notebooks] @ ${new URL(wheel, HERE).href}"`;
  return make("details", { class: "live-elsewhere" },
    make("summary", {}, "Run it on your own computer"),
    make("p", {}, "Download ", make("a", { href: `${HERE}notebooks.zip` }, "all notebooks"), ", unpack them, and in their folder run"),
    make("pre", { tabindex: "0" }, `${line}\npython -m jupyterlab`));
}

// A module of this name. Where a host sends it as something else than a script, which an import refuses, its text will do.
async function load(name) {
  try {
    return await import(HERE + name);
  } catch (error) {
    const answer = await fetch(HERE + name);
    if (!answer.ok) throw error;
    const address = URL.createObjectURL(new Blob([await answer.text()], { type: "text/javascript" }));
    return import(address).finally(() => URL.revokeObjectURL(address));
  }
}

// Whether a page of this visit was made live: then this one may be, too.
const VISIT = "scratchnet-live";
function visit(begun) {
  try {
    if (begun) sessionStorage.setItem(VISIT, HERE);
    return sessionStorage.getItem(VISIT) === HERE;
  } catch {
    return false; // this browser keeps nothing
  }
}

// Python on its way before the button is pressed, once the page has nothing else to do, if it needs no download.
async function ahead() {
  await new Promise((resolve) => (document.readyState === "complete" ? resolve() : addEventListener("load", resolve)));
  await new Promise((resolve) => (self.requestIdleCallback ?? setTimeout)(resolve));
  const answer = await fetch(`${HERE}worker.js`, { cache: "only-if-cached", mode: "same-origin" });
  await answer.text();
  if (answer.ok && root.dataset.live === "off") return (await load("live.js")).ahead(HERE, +bytes);
}

function prepare() {
  const nodes = [...document.querySelectorAll(".bd-article div.cell")].filter((cell) => cell.querySelector(".cell_input pre"));
  if (!nodes.length) return;
  root.dataset.live = "off";
  root.dataset.liveMegabytes = megabytes;
  const status = make("p", { class: "live-status", role: "status" });
  const button = make("button", { type: "button", class: "live-start", click: () => start() }, "Make this page live");
  const hint = make("p", { class: "live-hint" }, `Then you can change and run every cell here. It downloads ${megabytes} MB once, ${before} of them before Python starts, which takes a few seconds.`);
  const bar = make("div", { class: "live-bar", role: "group", "aria-label": "Python on this page" }, button, hint, status, elsewhere());
  (document.querySelector("[data-live-here]") ?? document.querySelector(".bd-article h1")).after(bar);

  const answered = window.kept.record(window.kept.ANSWERS)[window.kept.PAGE] ?? {};
  const offers = [];
  const cells = nodes.map((node, i) => {
    const source = node.querySelector(".cell_input pre").textContent.replace(/\n$/, "");
    const exercise = /^check\(\s*["'](\d+\.\d+)["']/m.exec(source)?.[1];
    node.dataset.cellState = "book";
    if (exercise) {
      const offer = make("p", { class: "live-offer" }, answered[i + 1] ? "Your answer is kept in this browser. " : "You can answer this here, without installing anything. ",
        make("button", { type: "button", "aria-label": `Answer it here: exercise ${exercise}`, click: () => start(i) }, "Answer it here"));
      node.querySelector(".cell_input").after(offer);
      offers.push(offer);
    }
    return { node, source, exercise, number: i + 1 };
  });

  function say(...words) {
    status.replaceChildren(...words);
    const detail = { words: status.textContent, failed: root.dataset.live === "failed" };
    document.dispatchEvent(new CustomEvent("live-said", { detail }));
  }
  function fail(...words) {
    root.dataset.live = "failed";
    button.disabled = false;
    say(...words);
    bar.scrollIntoView({ block: "nearest" });
  }

  // wanted: a cell to run as soon as Python is there, with what it needs of those above.
  async function start(first, wanted) {
    if (root.dataset.live === "starting") return;
    const problem = hindrance();
    if (problem) return fail(...problem);
    root.dataset.live = "starting";
    root.dataset.liveStage = "scripts";
    button.disabled = true;
    say("Loading the editor …");
    let live, python;
    try {
      live = await load("live.js");
      python = (await early) ?? live.ahead(HERE, +bytes);
    } catch (error) {
      console.warn(error);
      return fail("The editor could not be loaded. Look at your connection and try again; the page stays as it is.");
    }
    document.removeEventListener("live-wanted", want);
    await live.begin({ here: HERE, root, bar, button, hint, offers, cells, say, fail, first, wanted, python, long: long && HERE + long, load });
    if (root.dataset.live !== "failed") visit(true);
  }

  // A widget in the output of a cell asks for Python.
  const want = ({ target }) => start(undefined, target.closest("[data-cell-state]"));
  document.addEventListener("live-wanted", want);
  const early = visit() ? ahead().catch(() => undefined) : undefined;
  early?.then((python) => python && hint.replaceChildren("Then you can change and run every cell here. Python is in this browser already."));
}
prepare();
