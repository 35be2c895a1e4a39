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

export class Cell {
  // page: {run, runTo, stop, next, changed, draw}, what the cell asks of its page.
  constructor({ node, source, exercise, number }, page) {
    Object.assign(this, { node, source, exercise, number, page });
    this.book = node.querySelector(".cell_output");
    this.live = null; // the output of this visit, in the place of the book's
    this.ran = null; // the text that ran last
    const name = exercise ? `exercise ${exercise}` : `cell ${number}`;
    const input = node.querySelector(".cell_input");
    this.book_text = input.querySelector(".highlight");
    this.place = document.createElement("div");
    this.place.className = "live-editor highlight"; // whose colors are those of the page
    this.book_text.after(this.place);
    this.book_text.hidden = true;
    this.editor = edit({
      ...{ parent: this.place, doc: source, label: `Python, ${name}. Shift+Enter runs it. Escape, then Tab leaves it.` },
      run: () => this.run(),
      runAndMove: () => (this.run(), page.next(this)?.editor.focus()),
      changed: () => this.edited(),
    });
    this.main = button("Run", `Run ${name}`, () => (this.busy ? page.stop() : this.run()));
    this.to = button("Run to here", `Run to here, ${name}`, () => page.runTo(this));
    this.back = button("Put back", `Put back the book's own text of ${name}`, () => this.reset());
    this.note = document.createElement("span");
    this.note.className = "live-note";
    this.note.setAttribute("role", "status");
    this.bar = document.createElement("div");
    this.bar.className = "live-cell-bar";
    this.bar.append(this.main, this.to, this.back, this.note);
    (input.closest("details") ?? input).after(this.bar);
    this.back.hidden = true;
    this.state = "book";
  }

  get text() {
    return this.editor.text;
  }

  // Whoever runs this cell wants to see what it gives, whatever covers it.
  run() {
    this.node.dispatchEvent(new Event("live-run", { bubbles: true }));
    this.page.run(this);
  }

  get busy() {
    return this.state === "running" || this.state === "queued";
  }

  set state(state) {
    this.node.dataset.cellState = state;
    const stop = state === "running" || state === "queued";
    this.main.textContent = stop ? "Stop" : "Run";
    this.main.setAttribute("aria-label", this.main.getAttribute("aria-label").replace(/^(Run|Stop)/, stop ? "Stop" : "Run"));
  }

  get state() {
    return this.node.dataset.cellState;
  }

  say(...words) {
    this.note.replaceChildren(...words);
  }

  edited() {
    this.back.hidden = this.text === this.source && !this.live;
    this.page.changed(this);
  }

  restore(text) {
    this.editor.text = text;
  }

  queue() {
    this.state = "queued";
    this.say("Waiting for its turn.");
  }

  begin(words) {
    this.state = "running";
    this.fresh = true; // the old output stays until there is a new one
    this.ran = this.text;
    this.node.classList.remove("live-passed", "live-open");
    this.say(words);
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
    const node = this.page.draw(output);
    box.append(node);
    const pre = output.output_type === "stream" ? node.querySelector("pre") : null;
    this.stream = pre && { name: output.name, text: output.text, pre };
    if (!pre && output.output_type !== "error") typeset(node);
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
      this.say(`${verdict.passed ? "✓" : "✗"} ${verdict.message.split("\n")[0]}`);
    } else this.say(ok ? `Done in ${seconds(ms)}.` : "An error stopped this cell; it stands below.");
  }

  // Back to the queue's outside, not run.
  leave(words) {
    this.state = this.live ? "done" : "book";
    this.say(words);
  }

  reset() {
    if (this.busy) return;
    if (this.live) {
      if (this.book) this.live.replaceWith(this.book);
      else this.live.remove();
      this.live = null;
    }
    this.ran = null;
    this.node.classList.remove("live-passed", "live-open");
    if (this.text !== this.source) this.restore(this.source);
    this.state = "book";
    this.back.hidden = true;
    this.say("This is the book's text and output again.");
    this.page.changed(this);
  }
}
