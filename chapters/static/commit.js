// A reader commits before the page shows: predictions, quizzes and derivations.
// In the page they are text, lists and <details>, which is all that a printer and a reader without scripts need.
(() => {
  "use strict";

  const KEY = kept.READING.commitments; // {page: {question: number of an option, words, or null for "Show me"}}
  const OPEN = "scratchnet-uncovered"; // kept when nothing is to be covered
  const LONGEST = 300; // letters of a prediction in words
  const article = document.querySelector("article.bd-article");
  const page = kept.PAGE;
  if (!article) return;
  // Where it can, the browser still finds what is covered and follows links to it, and says so.
  const FINDABLE = "onbeforematch" in article ? "until-found" : "";

  // --- what is kept ---

  const of = (question) => kept.record(KEY)[page]?.[question];

  function keep(question, value) {
    const all = kept.record(KEY);
    const mine = { ...all[page] };
    if (value === undefined) delete mine[question];
    else mine[question] = value;
    if (Object.keys(mine).length) all[page] = mine;
    else delete all[page];
    kept.keep(KEY, all);
  }

  // A name that changes when the question does, so that a newer edition asks anew. Formulas may be set by now or not.
  function nameOf(nodes) {
    let hash = 5381;
    for (const node of nodes) {
      const copy = node.cloneNode(true);
      copy.querySelectorAll(".math, mjx-container").forEach((formula) => formula.remove());
      for (const letter of copy.textContent.replace(/\s+/g, " ").trim()) hash = (hash * 33 + letter.codePointAt(0)) >>> 0;
    }
    return hash.toString(36);
  }

  // --- parts ---

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function button(text, click) {
    const element = make("button", { type: "button", textContent: text });
    element.addEventListener("click", click);
    return element;
  }

  function status(name) {
    const element = make("p", { className: name });
    element.setAttribute("role", "status");
    return element;
  }

  function hide(nodes, hidden, how = "") {
    for (const node of nodes) {
      node.classList.toggle("covered", hidden);
      if (hidden) node.setAttribute("hidden", how);
      else node.removeAttribute("hidden");
    }
  }

  const starts = (node, words) => node?.matches?.("p") && node.firstChild?.nodeName === "STRONG" && words.test(node.firstChild.textContent);
  const isPrediction = (node) => starts(node, /^Predict\.$/);
  const isExplanation = (node) => starts(node, /^What (happened|you see)\.$/);
  const isDiagnosis = (node) => starts(node, /^Diagnosis\.$/);
  const isAnswer = (node) => Boolean(node?.matches?.("details:is(.right, .wrong)"));

  // The answers that follow a question.
  function answersTo(question) {
    const answers = [];
    for (let node = question.nextElementSibling; isAnswer(node); node = node.nextElementSibling) answers.push(node);
    return answers;
  }

  // A form with one of the options to take, each a list of nodes, or with words to type.
  function ask({ name, legend, options, send, take, show }) {
    const set = make("fieldset", {}, make("legend", { textContent: legend }));
    const inputs = (options ?? [null]).map((nodes, i) => {
      if (nodes) {
        const input = make("input", { type: "radio", name: `commit-${name}`, required: true });
        set.append(make("label", {}, input, make("span", {}, ...nodes)));
        return input;
      }
      const input = make("input", { type: "text", required: true, maxLength: LONGEST, autocomplete: "off" });
      input.setAttribute("aria-label", legend);
      set.append(input);
      return input;
    });
    set.append(make("div", { className: "commit-bar" }, make("button", { type: "submit", textContent: send }), button("Show me", show)));
    const form = make("form", { className: "commit" }, set);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = options ? inputs.findIndex((input) => input.checked) : inputs[0].value.trim();
      if (answer !== -1 && answer !== "") take(answer);
    });
    return { form, inputs };
  }

  // --- quizzes and derivations ---

  // One of the <details> after a question has to be taken before they open. A step of a derivation wants the right one.
  function quiz(question, answers, { legend = "Your answer", step = false } = {}) {
    const name = nameOf([question, ...answers]);
    const right = answers.findIndex((answer) => answer.classList.contains("right"));
    const mark = make("span", { className: "commit-mine", textContent: " (your answer)" });
    const said = status("commit-said");
    const part = { name, finished, draw, give, changed: () => {} };
    const { form } = ask({
      name,
      legend,
      options: answers.map((answer) => [...answer.querySelector("summary").cloneNode(true).childNodes]),
      send: "Answer",
      take: (i) => answer(i, i),
      show: () => answer(null, right),
    });
    const again = button("Answer again", () => {
      keep(name);
      draw();
      part.changed();
      form.querySelector("input").focus();
    });
    answers[0].before(form);
    answers.at(-1).after(said);

    function taken() {
      const value = of(name);
      return value === null || answers[value] ? value : undefined;
    }

    function finished() {
      const mine = taken();
      return mine !== undefined && (!step || mine === null || mine === right);
    }

    function answer(value, i) {
      keep(name, value);
      draw();
      part.changed();
      if (value === right) said.prepend("Right. ");
      else if (value !== null) said.prepend(finished() ? "Not this one. You can open the others now. " : "Not this one. Choose again. ");
      answers[i].querySelector("summary").focus();
    }

    // As "Show me" would.
    function give() {
      if (taken() === undefined) keep(name, null);
      draw();
      part.changed();
    }

    function draw(visible = true) {
      const mine = taken();
      form.hidden = !visible || finished();
      hide(answers, true);
      if (visible) hide(finished() ? answers : answers.slice(mine ?? answers.length, (mine ?? answers.length) + 1), false);
      answers.forEach((details, i) => (details.open = i === (mine === null ? right : mine)));
      mark.remove();
      if (Number.isInteger(mine)) answers[mine].querySelector("summary").append(mark);
      said.replaceChildren(...(visible && finished() ? [again] : []));
    }

    draw();
    return part;
  }

  // Each step, and what stands before it, is covered until the one before has been answered.
  function derivation(box) {
    const stages = [[]]; // what stands before each question and with it, and what follows the last
    const parts = [];
    for (const node of [...box.children]) {
      if (!isAnswer(node)) stages.at(-1).push(node);
      else if (!isAnswer(node.previousElementSibling)) {
        const question = node.previousElementSibling;
        parts.push(quiz(question, answersTo(question), { legend: "The next step", step: true }));
        stages.push([]);
      }
    }
    const draw = () => {
      let visible = true;
      stages.forEach((nodes, i) => {
        hide(nodes, !visible);
        parts[i]?.draw(visible);
        visible &&= !parts[i] || parts[i].finished();
      });
    };
    parts.forEach((part) => (part.changed = draw));
    draw();
  }

  // --- predictions ---

  // The section that follows a node's own, or nothing.
  function nextSection(node) {
    for (let own = node.closest("section"); own; own = own.parentElement.closest("section")) {
      if (own.nextElementSibling?.matches("section")) return own.nextElementSibling;
    }
    return null;
  }

  // Everything that follows, up to the next heading or prediction.
  function rest(last) {
    const nodes = [];
    for (let node = last.nextElementSibling; node; node = node.nextElementSibling) {
      if (node.matches("section, h1, h2, h3, h4") || isPrediction(node)) break;
      nodes.push(node);
    }
    return nodes;
  }

  // What a prediction covers, all that follows, or what the cells give and the paragraphs that explain it. As a function,
  // since a live page puts another output in the place of the book's.
  function below(last, all) {
    const cells = [];
    const direct = []; // those before any text
    const words = [];
    for (const node of rest(last)) {
      const cell = !all && node.matches(".cell");
      if (cell && words.length) break;
      if (cell) {
        cells.push(node);
        if (node.previousElementSibling === (direct[direct.length - 1] ?? last)) direct.push(node);
      } else if (all || words.length || (cells.length && isExplanation(node))) words.push(node);
    }
    // A cell that asserts something says it, so its text is covered, too.
    const asserts = (cell) => /^\s*assert /m.test(cell.querySelector(":scope > .cell_input")?.textContent ?? "");
    const outputs = (words.length ? cells : direct).map((cell) => {
      const parts = asserts(cell) ? ":scope > :is(.cell_input, .cell_output)" : ":scope > .cell_output";
      return () => [...cell.querySelectorAll(parts)];
    });
    return () => [...outputs.flatMap((of) => of()), ...words];
  }

  const predictions = [];

  function prediction(question) {
    const answers = answersTo(question);
    const list = question.nextElementSibling?.matches("ul") ? question.nextElementSibling : null;
    const last = answers.at(-1) ?? list ?? question;
    const here = below(last, answers.length > 0 || rest(last).some(isDiagnosis));
    const next = answers.length ? nextSection(last) : null; // which goes on from the answer
    const covered = () => [...here(), ...(next ? [next] : [])];
    const note = status("commit-note"); // beside what comes out
    const part = answers.length ? quiz(question, answers, { legend: "Your prediction" }) : guess(question, list, note);
    const [first] = covered();
    if (first) first.before(note);
    else (part.form ?? question).after(note);
    part.covers = (target) => covered().some((node) => node.contains(target));
    // A question with written answers may give away what was asked before it in its section, so it waits for that.
    const section = question.closest("section");
    const before = answers.length ? predictions.filter((other) => other.section === section) : [];
    const waits = () => !kept.get(OPEN) && before.some((other) => !other.finished());
    const refresh = () => {
      const open = part.finished() || !first || Boolean(kept.get(OPEN));
      hide(covered(), !open, FINDABLE);
      note.replaceChildren(...(part.finished() ? (part.words?.() ?? []) : open ? [] : ["Covered until you have predicted."]));
    };
    part.section = section;
    part.refresh = () => {
      if (answers.length) {
        hide([question], waits(), FINDABLE);
        part.draw(!waits());
        if (waits()) note.textContent = "Covered until you have made the prediction above: another question.";
      }
    };
    part.changed = () => {
      refresh();
      predictions.forEach((other) => other.refresh());
    };
    refresh();
    part.refresh();
    return part;
  }

  // A prediction that nothing on the page calls right or wrong: what comes out does.
  function guess(question, list, note) {
    const name = nameOf(list ? [question, list] : [question]);
    const options = list && [...list.children].map((option) => [...(option.querySelector(":scope > p") ?? option).childNodes]);
    const { form, inputs } = ask({ name, legend: "Your prediction", options, send: "Predict", take: commit, show: () => commit(null) });
    form.classList.toggle("commit-options", Boolean(list)); // which paper shows, too
    if (list) list.replaceWith(form);
    else question.after(form);
    const again = button("Predict again", () => {
      keep(name);
      draw();
      part.changed();
      inputs[0].focus();
    });
    const part = { form, finished: () => taken() !== undefined, words, give, changed: () => {} };

    function taken() {
      const value = of(name);
      return value === null || (options ? options[value] : typeof value === "string") ? value : undefined;
    }

    function draw() {
      const mine = taken();
      const done = mine !== undefined;
      form.hidden = done && !options; // options stay to be read
      form.querySelector(".commit-bar").hidden = done;
      inputs.forEach((input, i) => {
        input.disabled = done;
        if (options) input.checked = done && i === mine;
        else input.value = "";
      });
    }

    function commit(value) {
      keep(name, value);
      draw();
      part.changed();
      note.tabIndex = -1;
      note.focus({ preventScroll: true }); // the button is gone, and a keyboard would be back at the top
    }

    function give() {
      if (taken() === undefined) keep(name, null);
      draw();
      part.changed();
    }

    function words() {
      const mine = taken();
      if (mine === null) return [again];
      return ["You predicted: ", ...(options ? options[mine].map((node) => node.cloneNode(true)) : [mine.slice(0, LONGEST)]), " ", again];
    }

    draw();
    return part;
  }

  // --- the page ---

  const firsts = [...article.querySelectorAll("details:is(.right, .wrong)")].filter((answer) => !isAnswer(answer.previousElementSibling));
  const boxes = [...article.querySelectorAll("div.steps")];
  [...article.querySelectorAll("p")].filter(isPrediction).forEach((question) => predictions.push(prediction(question)));
  firsts
    .filter((answer) => !answer.closest("div.steps") && !answer.previousElementSibling.matches("form.commit"))
    .forEach((answer) => quiz(answer.previousElementSibling, answersTo(answer.previousElementSibling)));
  boxes.forEach(derivation);

  // Whoever follows a link to something covered, has the browser find it, or runs its cell, wants to see it.
  const uncover = (target) => predictions.filter((part) => part.covers(target)).forEach((part) => part.give());
  article.addEventListener("beforematch", (event) => uncover(event.target));
  article.addEventListener("live-run", ({ target }) => uncover(target.querySelector(":scope > .cell_output") ?? target));
  article.addEventListener("live-output", () => predictions.forEach((part) => part.changed()));
  function follow() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1).split("?")[0]));
    if (!target || !target.closest("[hidden]")) return;
    uncover(target);
    target.scrollIntoView();
  }
  addEventListener("hashchange", follow);
  document.addEventListener("explorers", follow); // one may be meant, and has only come now
  follow();

  if (predictions.length) {
    const input = make("input", { type: "checkbox", checked: !kept.get(OPEN) });
    input.addEventListener("change", () => {
      kept.put(OPEN, input.checked ? "" : "yes");
      predictions.forEach((part) => part.changed());
    });
    const label = make("label", { className: "commit-cover" }, input, "Cover what follows a prediction until I have made it");
    (article.querySelector(".progress-line") ?? article.querySelector("h1")).after(label);
  }

  // Paper shows everything; a reader who stays finds the page as it was.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...article.querySelectorAll("details:is(.right, .wrong):not([open])")];
    closed.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((details) => (details.open = false)));
})();
