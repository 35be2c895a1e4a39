// A cell of a live page: its editor, its buttons, what it answers, and the book's own text and output to go back to.
import { edit } from "./editor.js";
import { carriage, typeset } from "./outputs.js";

function button(text, label, click) {
  const element = document.createElement("button");
  Object.assign(element, { type: "button", textContent: text });
  element.setAttribute("aria-label", label);
  element.addEventListener("click", click);
  return element;
}

const seconds = (ms) => (ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`);

// What is only an estimate, in round numbers.
export function about(s) {
  const step = s < 10 ? 1 : s < 60 ? 5 : 30;
  const round = Math.max(1, Math.round(s / step)) * step;
  return round < 60 ? `${round} s` : `${round / 60} min`;
}
const SAID = 3; // seconds from which on a cell says beforehand how long it takes
const LONG = 4; // and from which on, since it may take twice as long as estimated, it offers the book's result

export class Cell {
  // page: {run, take, runTo, stop, next, changed, draw}, what the cell asks of its page.
  constructor({ node, source, exercise, number }, page) {
    Object.assign(this, { node, source, exercise, number, page });
    this.book = node.querySelector(".cell_output");
    this.live = null; // the output of this visit, in the place of the book's
    this.ran = null; // the text that ran last
    this.estimate = 0; // seconds that it takes here
    this.absent = ""; // the packages that it imports and a page does not have
    this.result = null; // the bytes of the file with what the book's own run has left, a promise, where there is one
    const name = (this.name = exercise ? `exercise ${exercise}` : `cell ${number}`);
    const input = node.querySelector(".cell_input");
    this.book_text = input.querySelector(".highlight");
    this.place = document.createElement("div");
    this.place.className = "live-editor highlight"; // whose colors are those of the page
    this.book_text.after(this.place);
    this.book_text.hidden = true;
    this.editor = edit({
      ...{ parent: this.place, doc: source, label: `Python, ${name}. Shift+Enter runs it. Escape, then Tab leaves it.` },
      run: () => this.run(),
      // Who answers an exercise wants to read the verdict, and mostly to try again.
      runAndMove: () => (this.run(), this.exercise || page.next(this)?.editor.focus()),
      changed: () => this.edited(),
    });
    this.main = button("Run", `Run ${name}`, () => (this.busy ? page.stop() : this.run()));
    this.taking = button("Take the book's result", `Take the book's result of ${name}`, () => this.run(page.take));
    this.to = button("Run to here", `Run to here, ${name}`, () => page.runTo(this));
    this.back = button("Put back", `Put back the book's own text of ${name}`, () => this.reset());
    this.note = document.createElement("span");
    this.note.className = "live-note";
    this.note.setAttribute("role", "status");
    this.bar = document.createElement("div");
    this.bar.className = "live-cell-bar";
    this.bar.append(this.main, this.taking, this.to, this.back, this.note);
    (input.closest("details") ?? input).after(this.bar);
    this.back.hidden = true;
    this.state = "book";
  }

  get text() {
    return this.editor.text;
  }

  // Whoever runs this cell, or takes its result, wants to see what it gives, whatever covers it.
  run(how = this.page.run) {
    this.node.dispatchEvent(new Event("live-run", { bubbles: true }));
    how(this);
  }

  get busy() {
    return this.state === "running" || this.state === "queued";
  }

  set state(state) {
    this.node.dataset.cellState = state;
    this.label();
  }

  label() {
    const choice = !this.busy && this.takes;
    const word = this.busy ? "Stop" : choice && !this.absent ? "Train it here" : "Run";
    this.main.textContent = word;
    this.main.setAttribute("aria-label", word === "Train it here" ? `${word}: ${this.name}` : `${word} ${this.name}`);
    this.taking.hidden = !choice;
  }

  // Whether the book's own result can be taken in place of running this cell.
  get takes() {
    return Boolean(this.result) && (this.estimate > LONG || Boolean(this.absent)) && this.text === this.source;
  }

  // How many seconds the book's own text takes here, a promise of the file with what its run has left, and what it lacks here.
  expect(estimate, result, absent = []) {
    Object.assign(this, { estimate, result, absent: absent.join(" and ") });
    this.label();
    if (this.state !== "book" || this.note.textContent) return;
    if (this.absent) this.say(`This cell needs ${this.absent}, which a page does not have.`);
    else if (estimate >= SAID) this.say(`This takes about ${about(estimate)} here.`);
  }

  get state() {
    return this.node.dataset.cellState;
  }

  say(...words) {
    this.note.replaceChildren(...words);
  }

  edited() {
    this.back.hidden = this.text === this.source && !this.live;
    this.label();
    this.page.changed(this);
  }

  restore(text) {
    this.editor.text = text;
  }

  queue() {
    this.state = "queued";
    this.say("Waiting for its turn.");
  }

  begin() {
    this.state = "running";
    this.fresh = true; // the old output stays until there is a new one
    this.ran = this.text;
    this.node.classList.remove("live-passed", "live-open");
    this.say("Running …");
  }

  runs(s) {
    const estimate = this.text === this.source && this.estimate >= SAID ? ` of about ${about(this.estimate)}` : "";
    this.say(`Running for ${Math.round(s)} s${estimate} …`);
  }

  // The box of this visit's output, empty if a new run has just begun.
  box() {
    if (!this.live) {
      this.live = document.createElement("div");
      this.live.className = "cell_output docutils container live-output";
      if (this.book) this.book.replaceWith(this.live);
      else this.bar.after(this.live);
      this.node.dispatchEvent(new Event("live-output", { bubbles: true }));
    }
    if (this.fresh) {
      this.live.replaceChildren();
      this.fresh = false;
      this.stream = null;
    }
    return this.live;
  }

  put(output) {
    const box = this.box();
    if (output.output_type === "stream" && this.stream?.name === output.name) {
      this.stream.text += output.text;
      this.stream.pre.textContent = carriage(this.stream.text);
      return;
    }
    const node = this.framed(this.page.draw(output));
    box.append(node);
    const pre = output.output_type === "stream" ? node.querySelector("pre") : null;
    this.stream = pre && { name: output.name, text: output.text, pre };
    if (!pre && output.output_type !== "error") typeset(node);
  }

  // A picture in the frame of the book's own: with its number, to which the page links, and what is said below it as long
  // as the book's own text is what has run.
  framed(node) {
    const image = node.matches(".image_png") && node.querySelector("img");
    const at = this.live.querySelectorAll(":scope > figure, :scope > .image_png").length;
    const figure = image && this.book?.querySelectorAll(":scope > figure, :scope > .image_png")[at]?.cloneNode(true);
    if (!figure) return node;
    const old = figure.querySelector("img");
    image.className = old.className;
    old.replaceWith(image);
    if (this.ran !== this.source) figure.querySelector("figcaption")?.remove();
    return figure;
  }

  clear(wait) {
    if (wait) this.fresh = true;
    else {
      this.box().replaceChildren();
      this.stream = null;
    }
  }

  done({ ok, ms, verdict, stopped }) {
    if (this.fresh && !stopped) this.box();
    this.fresh = false;
    this.state = stopped ? "book" : ok ? "done" : "error";
    this.back.hidden = this.text === this.source && !this.live;
    if (stopped) this.say("Stopped.");
    else if (verdict) {
      this.node.classList.add(verdict.passed ? "live-passed" : "live-open");
      const first = verdict.message.split("\n")[0];
      this.say(verdict.passed ? `✓ ${first}` : `✗ ${first.replace(/(not yet)\b.*/, "$1; what differs stands below.")}`);
    } else this.say(ok ? `Done in ${seconds(ms)}.` : "An error stopped this cell; it stands below.");
  }

  // What the book's own run has left is there, and so is what it has shown.
  took({ ok, absent }) {
    if (!ok) {
      this.done({ ok, ms: 0, stopped: absent });
      if (absent) this.say("The book's result could not be had. Look at your connection, or train it here.");
      return;
    }
    this.showBook();
    this.fresh = false;
    this.state = "done";
    this.back.hidden = true;
    this.say("This is the book's result. The cells below go on from it.");
  }

  // Back to the queue's outside, not run.
  leave(words) {
    this.state = this.live ? "done" : "book";
    this.say(words);
  }

  showBook() {
    if (!this.live) return;
    if (this.book) this.live.replaceWith(this.book);
    else this.live.remove();
    this.live = null;
    this.node.dispatchEvent(new Event("live-output", { bubbles: true }));
  }

  reset() {
    if (this.busy) return;
    this.showBook();
    this.ran = null;
    this.node.classList.remove("live-passed", "live-open");
    if (this.text !== this.source) this.restore(this.source);
    this.state = "book";
    this.back.hidden = true;
    this.say("This is the book's text and output again.");
    this.page.changed(this);
  }
}
