// Puzzles: the lines of a program to be put in order, some of which do not belong.
// In the page each is a <details> with the solution: an ordered list of lines, and a list of those that do not belong.
(() => {
  "use strict";

  const KEY = kept.READING.orders; // {page: {puzzle: the lines in the reader's order, as numbers}}
  const page = kept.PAGE;

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // --- when an order is right ---

  const names = (text) => (text.replace(/(["']).*?\1/g, "").match(/(?<![\w.])(?:self\.)?[A-Za-z_]\w*/g) ?? []);

  // What a line of Python reads and writes. A call that stands alone may change all that it is given.
  function effect(line) {
    const text = line.trim();
    let match;
    if ((match = text.match(/^for (.+?) in (.+):$/))) return { reads: names(match[2]), writes: names(match[1]) };
    if ((match = text.match(/^(?:if|elif|while)\b(.+):$/))) return { reads: names(match[1]), writes: [] };
    if ((match = text.match(/^return\b(.*)$/))) return { reads: names(match[1]), writes: [], last: true };
    if ((match = text.match(/^([^=(]+?)\s*([-+*\/@]?)=(?!=)\s*(.+)$/))) {
      const whole = !match[2] && !match[1].includes("["); // else a part stays what it was
      return { reads: [...names(match[3]), ...(whole ? [] : names(match[1]))], writes: names(match[1].replace(/\[.*?\]/g, "")) };
    }
    return { reads: names(text), writes: names(text) };
  }

  const indent = (line) => line.length - line.trimStart().length;

  // For each line of an order: which line wrote each name that it reads, and which line it is indented under.
  // Two orders compute the same if these are the same, and if the same lines have the last word on every name.
  function meaning(lines, order) {
    const writer = {};
    const found = new Map();
    order.forEach((number, place) => {
      const { reads, writes, last } = effect(lines[number]);
      const from = Object.fromEntries(reads.map((name) => [name, writer[name] ?? null]));
      const above = order.slice(0, place).reverse().find((other) => indent(lines[other]) < indent(lines[number]));
      found.set(number, { from, above: indent(lines[number]) ? above : undefined, end: Boolean(last) && place < order.length - 1 });
      writes.forEach((name) => (writer[name] = number));
    });
    return { found, writer };
  }

  // What is wrong with an order of numbers of lines, in a sentence, or nothing. The solution is 0, 1, 2, …, `n` lines long.
  function fault(lines, n, reasons, order) {
    const strange = order.findIndex((number) => number >= n);
    if (strange >= 0) return `Line ${strange + 1} does not belong. ${reasons[order[strange] - n]}`;
    const right = meaning(lines, Array.from({ length: n }, (_, i) => i));
    const mine = meaning(lines, order);
    for (const [place, number] of order.entries()) {
      const [want, have] = [right.found.get(number), mine.found.get(number)];
      if (have.end) return `Line ${place + 1} returns, and what is below it never runs.`;
      if (have.above !== want.above) return `Line ${place + 1} is not under the line that it is indented for.`;
      for (const [name, writer] of Object.entries(want.from)) {
        if (have.from[name] === writer) continue;
        const missing = writer !== null && !order.slice(0, place).includes(writer);
        return `Line ${place + 1} reads ${name}${missing ? ", which is not there yet as it should be" : " when another line has already changed it"}.`;
      }
    }
    if (order.length < n) return order.length ? "So far it is right. Lines are missing." : "Add the line that comes first.";
    const last = Object.entries(right.writer).find(([name, writer]) => mine.writer[name] !== writer);
    return last ? `At the end ${last[0]} is not what it should be.` : "";
  }

  window.order = { fault }; // for the tests

  // --- a puzzle ---

  function hashed(text) {
    let hash = 5381;
    for (const letter of text) hash = (hash * 33 + letter.codePointAt(0)) >>> 0;
    return hash;
  }

  function puzzle(solution) {
    const code = (item) => item.querySelector("code").textContent.replace(/\u00a0/g, " ");
    const belong = [...solution.querySelectorAll("ol > li")];
    const strange = [...solution.querySelectorAll("ul > li")];
    const lines = [...belong, ...strange].map(code);
    const reasons = strange.map((item) => {
      const copy = item.cloneNode(true);
      copy.querySelector("code").remove();
      return copy.textContent.replace(/^[\s:]+/, "").trim();
    });
    const name = hashed(lines.join("\n")).toString(36);
    const shuffled = lines.map((_, i) => i).sort((a, b) => hashed(lines[a]) - hashed(lines[b]));

    const pool = make("ul", { className: "order-pool" });
    const mine = make("ol", { className: "order-mine" });
    const said = make("p", { className: "order-said" });
    said.setAttribute("role", "status");
    const box = make("div", { className: "order-puzzle" });
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Lines to put in order");

    const valid = (order) => Array.isArray(order) && order.every((line, i) => line in lines && order.indexOf(line) === i);
    let order = kept.record(KEY)[page]?.[name];
    if (!valid(order)) order = [];

    function keep() {
      const all = kept.record(KEY);
      const here = { ...all[page] };
      if (order.length) here[name] = order;
      else delete here[name];
      if (Object.keys(here).length) all[page] = here;
      else delete all[page];
      kept.keep(KEY, all);
    }

    function button(text, label, line, click) {
      const element = make("button", { type: "button", textContent: text });
      element.setAttribute("aria-label", `${label}: ${lines[line].trim()}`);
      element.dataset.does = label;
      element.dataset.line = line;
      element.addEventListener("click", click);
      return element;
    }

    // Changes the order; the keyboard stays on the same button, or goes to the next that is there.
    function change(next, does, line) {
      order = next;
      keep();
      draw();
      said.textContent = "";
      const same = box.querySelector(`button[data-does="${does}"][data-line="${line}"]:not(:disabled)`);
      (same ?? box.querySelector(`button[data-line="${line}"]:not(:disabled)`) ?? check).focus();
    }

    function moved(line, by) {
      const next = order.filter((other) => other !== line);
      next.splice(order.indexOf(line) + by, 0, line);
      return next;
    }

    function draw() {
      const text = (line) => make("code", { textContent: lines[line] });
      pool.replaceChildren(
        ...shuffled
          .filter((line) => !order.includes(line))
          .map((line) => make("li", {}, button("Add", "Add", line, () => change([...order, line], "Move up", line)), text(line)))
      );
      mine.replaceChildren(
        ...order.map((line, place) => {
          const up = button("↑", "Move up", line, () => change(moved(line, -1), "Move up", line));
          const down = button("↓", "Move down", line, () => change(moved(line, 1), "Move down", line));
          const out = button("×", "Take out", line, () => change(order.filter((other) => other !== line), "Add", line));
          up.disabled = place === 0;
          down.disabled = place === order.length - 1;
          return make("li", {}, make("span", { className: "order-buttons" }, up, down, out), text(line));
        })
      );
      pool.hidden = !pool.children.length;
    }

    function answer() {
      const wrong = fault(lines, belong.length, reasons, order);
      said.textContent = wrong || "Right.";
      box.classList.toggle("order-right", !wrong);
      if (!wrong) {
        solution.hidden = false;
        solution.open = true;
      }
    }

    const check = make("button", { type: "button", textContent: "Check" });
    check.addEventListener("click", answer);
    const again = make("button", { type: "button", textContent: "Start again" });
    again.addEventListener("click", () => {
      order = [];
      keep();
      draw();
      said.textContent = "";
      solution.hidden = true;
      box.classList.remove("order-right");
    });
    const show = make("button", { type: "button", textContent: "Show me" });
    show.addEventListener("click", () => {
      solution.hidden = false;
      solution.open = true;
      solution.querySelector("summary").focus();
    });
    const title = (text) => make("p", { className: "order-title", textContent: text });
    box.append(title("Lines to choose from"), pool, title("Your program"), mine, make("div", { className: "commit-bar" }, check, show, again), said);
    solution.before(box);
    solution.hidden = true;
    draw();
    if (order.length && !fault(lines, belong.length, reasons, order)) answer();
  }

  document.querySelectorAll("article.bd-article details.order").forEach(puzzle);
})();
