// Makes a page live: starts Python, gives every cell its editor, runs cells one after the other, keeps what was written.
import { about, Cell } from "./cell.js";
import * as kept from "./kept.js";
import { drawing, typeset } from "./outputs.js";
import { Python } from "./python.js";

const MEASURE_AFTER_MS = 1500; // when what comes after the start is there, and nothing else keeps the processor busy
const MEASURED_WITHIN_MS = 20_000; // or cells run without it
const { PAGE } = window.kept;
const FINGER = matchMedia("(pointer: coarse)").matches;
const WELCOME = `This page is live: change a cell and ${FINGER ? "press Run below it" : "run it with Shift+Enter"}.`;
const FORGETS = "This browser keeps nothing, so what you write is gone when you leave the page. “Save my answers” puts it into a file.";

function button(text, click) {
  const element = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  element.addEventListener("click", click);
  return element;
}

// Python on its way into a page before anybody asks for it.
export function ahead(here, total) {
  const python = new Python(here, total);
  python.prepare();
  return python;
}

// long: the address of what is known of the cells that take long, where there are any.
export async function begin({ here, root, bar, button: starter, hint, offers, cells, say, fail, first, wanted, python, long, load }) {
  const queue = []; // cells that wait, each with whether the book's result is taken
  let running = null;
  let grown = false; // whether the cell that runs has put something into my_network.py
  let manager = null; // of widgets, a promise from the first one on
  let clock;

  const on = {
    stage(stage, words) {
      root.dataset.liveStage = stage;
      say(words);
    },
    output: ({ cell, output }) => of(cell)?.put(output),
    clear: ({ cell, wait }) => of(cell)?.clear(wait),
    comm: (message) => widgets().then((there) => there.receive(message)),
    idle: (number) => widgets().then((there) => there.idle(number)),
    speed: ({ seconds }) => expect(seconds),
    network({ text = "" }) {
      if (!kept.keepNetwork(text)) say("This browser keeps nothing: download my_network.py before you leave the page.");
      offerNetwork();
      grown = true;
    },
  };
  python.on = on;
  const of = (number) => page.cells.find((cell) => cell.number === number);

  function widgets() {
    if (!document.querySelector("link[data-live-widgets]")) {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${here}widgets.css` });
      link.dataset.liveWidgets = "";
      document.head.append(link);
    }
    manager ??= load("widgets.js").then(({ LiveManager }) => {
      return new LiveManager((message) => python.post({ ...message, cell: running?.number }), draw, typeset);
    });
    return manager;
  }

  function widget(id, box) {
    widgets()
      .then((there) => there.show(id, box))
      .catch((error) => box.append(`This widget could not be shown: ${error.message}`));
    return box;
  }
  const draw = drawing(widget);

  async function start() {
    root.dataset.live = "starting";
    manager = null; // the widgets of a Python that is gone cannot answer
    try {
      await python.start(kept.myNetwork());
    } catch (error) {
      fail(`Python could not be started: ${error.message} Look at your connection and try again; the page stays as it is.`);
      return false;
    }
    root.dataset.live = "ready";
    delete root.dataset.liveStage;
    return true;
  }

  // Runs what waits, until nothing does or a cell fails.
  async function work() {
    while (queue.length && !running && python.worker) {
      const { cell, take } = queue.shift();
      running = cell;
      const began = performance.now();
      root.dataset.live = "busy";
      cell.begin();
      grown = false;
      clock = setInterval(() => {
        const seconds = (performance.now() - began) / 1000;
        cell.runs(seconds);
        if (cell.wanted) say(`Running what this needs of the page, for ${Math.round(seconds)} s …`);
      }, 1000);
      const above = page.cells.slice(0, page.cells.indexOf(cell)).map((other) => other.text);
      const content = take && (await cell.result);
      const result = await (content ? python.take(cell.number, cell.text, content) : take ? { absent: true } : python.run(cell.number, cell.text, above, Boolean(cell.exercise || cell.wanted)));
      clearInterval(clock);
      running = null;
      if (cell.wanted) say(WELCOME);
      if (take && !result.stopped && !result.failed) cell.took(result);
      else cell.done(result);
      if (result.failed) {
        drop("Python has stopped.");
        root.dataset.live = "failed";
        say(`Python has stopped: ${result.failed} `, button("Start Python again", () => start().then((ok) => ok && say("Python has started anew, and its variables are gone."))));
        return;
      }
      if (result.verdict?.passed) tick(cell);
      if (result.verdict?.passed && grown) cell.note.append(" ", button("Download my_network.py", kept.downloadNetwork));
      if (!result.ok && !result.stopped) drop(`Not run, because cell ${cell.number} failed.`);
      if (python.worker) root.dataset.live = "ready";
    }
  }

  function drop(words) {
    for (const { cell } of queue.splice(0)) cell.leave(words);
  }

  function enqueue(list, take = () => false) {
    for (const cell of list) {
      if (cell.busy) continue;
      queue.push({ cell, take: take(cell) });
      cell.queue();
    }
    work();
  }

  // Of several cells, the long ones take the book's result, unless the reader has said otherwise or changed a cell above:
  // then the book's result is not that of this page any more.
  async function enqueueAll(list) {
    if (times && !measured) {
      say("Looking how fast Python is here …");
      await Promise.race([speed, new Promise((resolve) => setTimeout(resolve, MEASURED_WITHIN_MS))]);
      say(WELCOME);
    }
    const mine = page.cells.find((cell) => !cell.exercise && cell.text !== cell.source);
    const takes = (cell) => cell.takes && (Boolean(cell.absent) || (!train.checked && !(mine && mine.number < cell.number)));
    if (mine && !train.checked && list.some((cell) => cell.takes && !takes(cell))) {
      say(`You have changed cell ${mine.number}, so the long cells below it are trained here, and not taken from the book.`);
    }
    enqueue(list, takes);
  }

  // How long cells take here, now that it is known how fast Python trains here.
  let told; // that each cell knows how long it takes
  const speed = new Promise((resolve) => (told = resolve));
  let measured = false;
  const train = Object.assign(document.createElement("input"), { type: "checkbox" });
  async function expect(training) {
    const known = await times;
    measured = true;
    for (const { number, seconds, file, absent } of known?.cells ?? []) {
      page.cells[number - 1]?.expect((seconds * training) / known.training, file && bytes(file), absent);
    }
    told();
    const all = page.cells.filter((cell) => cell.takes && !cell.absent).reduce((sum, cell) => sum + cell.estimate, 0);
    if (!all || train.isConnected) return;
    const choice = document.createElement("label");
    choice.append(train, ` “Run all” trains the long cells, too: about ${about(all)}`);
    bar.querySelector("button").after(choice);
  }

  // The box below an exercise is ticked by its verdict.
  function tick(cell) {
    const box = cell.node.closest("section[id^='exercise-']")?.querySelector(":scope > .progress-box input");
    if (box && !box.checked) box.click();
  }

  const page = {
    cells: [],
    draw,
    run: (cell) => enqueue([cell]),
    take: (cell) => enqueue([cell], () => true),
    runTo: (cell) => enqueueAll(page.cells.slice(0, page.cells.indexOf(cell) + 1)),
    next: (cell) => page.cells[page.cells.indexOf(cell) + 1],
    changed(cell) {
      if (!kept.keep(PAGE, cell.number, cell.text, cell.source)) say(FORGETS);
    },
    async stop() {
      const cell = running;
      drop("Not run, because you stopped.");
      if (!cell) return;
      const interrupted = await python.stop();
      if (!interrupted && !(await start())) return;
      const words = `Stopped. ${interrupted ? "Your variables are still there." : "Python has started anew, and its variables are gone."}`;
      const above = interrupted ? [] : page.cells.slice(0, page.cells.indexOf(cell));
      say(words);
      cell.say(words, ...(above.length ? [" ", button("Run the cells above", () => enqueueAll(above))] : []));
    },
  };

  function restore() {
    const texts = kept.of(PAGE);
    let count = 0;
    for (const cell of page.cells) {
      const mine = texts[cell.number];
      if (!mine || mine.text === cell.source || mine.text === cell.text) continue;
      cell.restore(mine.text);
      const again = cell.exercise ? " Run it to have it judged." : "";
      const changed = mine.book === cell.source ? "" : " The book's own cell has changed since; “Put back” shows it.";
      cell.say(`This is your text, from an earlier visit.${again}${changed}`);
      count++;
    }
    return count;
  }

  const network = button("Download my_network.py", kept.downloadNetwork);
  function offerNetwork() {
    if (kept.myNetwork() && !network.isConnected) bar.querySelector("button:last-of-type").after(network);
  }

  function reset() {
    for (const cell of page.cells) cell.reset();
    say("Every cell is the book's again.");
  }

  function open() {
    const input = Object.assign(document.createElement("input"), { type: "file", accept: "application/json,.json" });
    input.addEventListener("change", async () => {
      try {
        kept.open(await input.files[0].text());
        const count = restore();
        offerNetwork();
        say(count === 1 ? "One cell of this page is yours again." : `${count} cells of this page are yours again.`);
      } catch {
        say("This file holds no answers of this book.");
      }
    });
    input.click();
  }

  // Runs a cell for a widget in its output, and before it what it needs of the cells above.
  function want(node) {
    const cell = page.cells.find((cell) => cell.node === node);
    if (!cell || cell.busy) return;
    cell.wanted = true;
    cell.run();
  }

  // Without them no cell says how long it takes.
  const times = long && fetch(long).then((answer) => answer.json()).catch(() => null);
  const bytes = (file) => fetch(here + file).then((answer) => (answer.ok ? answer.arrayBuffer() : null)).catch(() => null);
  if (!(await start())) return;
  starter.remove();
  hint.remove();
  for (const offer of offers) offer.remove();
  page.cells = cells.map((cell) => new Cell(cell, page));
  bar.prepend(
    button("Run all", () => enqueueAll(page.cells)),
    button("Put the page back", reset),
    button("Save my answers", kept.download),
    button("Open my answers", open),
  );
  offerNetwork();
  kept.elsewhere(() => {
    const texts = kept.of(PAGE);
    for (const cell of page.cells) {
      if ((texts[cell.number]?.text ?? cell.source) !== cell.text) cell.say("Another window of this page has another text here, and that one is kept now.");
    }
  });
  const mine = restore();
  say(`${WELCOME} `, mine ? `Your text of ${mine === 1 ? "one cell" : `${mine} cells`} is back. ` : "", FINGER ? "" : "Escape, then Tab leaves an editor. ", kept.keeps() ? "" : FORGETS);
  dispatchEvent(new CustomEvent("live", { detail: { ask: (name, position) => python.again(name, position) } }));
  setTimeout(widgets, 1000); // before a network is gone
  if (times) setTimeout(() => python.post({ type: "measure" }), MEASURE_AFTER_MS);
  document.addEventListener("live-wanted", ({ target }) => want(target.closest("[data-cell-state]")));
  if (wanted) want(wanted);
  if (first !== undefined) page.cells[first].editor.focus();
}
