// The front end of the pad: it takes strokes, hands them to Python, and shows what comes back.
//
// The model holds `stored`, drawings with their answers: name, strokes, image, probabilities, said. A stroke is a list of points
// [x, y] in a square from 0 to 1. Where the model can `send`, Python answers every drawing in a custom message of the same form.
// Nothing of the network is computed here.

const WIDTHS = { thin: 0.02, medium: 0.05, thick: 0.1 };
const CELLS = 16; // of the keyboard's grid, across and down
const REST_MS = 700; // for which an answer stays before it is read out
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function render({ model, el }) {
  const group = `pad-${Math.random().toString(36).slice(2)}`;
  let strokes = [];
  let brought = false; // whether the strokes are a stored drawing, which one of the reader's own replaces
  let width = "medium";
  let answered; // the drawing that the answer on the screen is of, as text

  const ink = shape("g");
  const cursor = shape("circle", { class: "pad-cursor", r: 0.03 });
  const area = shape("svg", {
    ...{ class: "pad-area", viewBox: "0 0 1 1", tabindex: 0, role: "application", "aria-label": "Drawing area" },
    "aria-describedby": `${group}-help`,
  });
  area.append(ink, cursor);
  const seen = shape("svg", { viewBox: "0 0 8 8", role: "img" });
  const bars = make("ol", { class: "pad-bars", start: 0 });
  const said = make("p", { class: "pad-said" });
  const status = make("div", { class: "pad-status book-unseen", role: "status" });

  // --- what is shown ---

  function draw() {
    ink.replaceChildren(
      ...strokes.map(({ points, width }) => {
        const dot = points.length === 1 ? [...points, [points[0][0] + 0.001, points[0][1]]] : points;
        return shape("polyline", { points: dot.map((point) => point.join()).join(" "), "stroke-width": WIDTHS[width] });
      }),
    );
    area.setAttribute("aria-label", `Drawing area, ${strokes.length} stroke${strokes.length === 1 ? "" : "s"}`);
  }

  let rest;
  function announce(text) {
    clearTimeout(rest);
    rest = setTimeout(() => (status.textContent = text), REST_MS);
  }

  function show({ image, probabilities, said: sentence }) {
    seen.replaceChildren(
      ...image.map((count, k) =>
        shape("rect", { x: k % 8, y: Math.floor(k / 8), width: 1, height: 1, fill: "currentColor", "fill-opacity": count / 16 }),
      ),
    );
    const rows = Array.from({ length: 8 }, (_, i) => image.slice(8 * i, 8 * i + 8).join(" "));
    seen.setAttribute("aria-label", image.length ? `8 by 8 numbers from 0 to 16: ${rows.join("; ")}` : "Nothing yet");
    const best = Math.max(...probabilities);
    bars.replaceChildren(
      ...Array.from({ length: 10 }, (_, k) => {
        const p = probabilities[k];
        const bar = make("span", { class: "pad-bar", "aria-hidden": "true" });
        bar.style.width = `${100 * (p ?? 0)}%`;
        const number = make("span", {}, p === undefined ? "–" : p.toFixed(2));
        return make("li", p === best ? { class: "best" } : {}, make("span", {}, String(k)), bar, number);
      }),
    );
    said.textContent = sentence;
    announce(sentence);
  }

  const nothing = (sentence) => show({ image: [], probabilities: [], said: sentence });

  // --- where there is no Python: the page starts it, and the pad that comes with it takes the drawing over ---

  const page = document.documentElement;
  const alive = typeof model.send === "function";
  const offer = make("div", { class: "pad-row" });
  let starting = false;

  function unanswered() {
    if (!("live" in page.dataset)) return nothing("To have it answered, run the notebook: here is no Python.");
    if (starting) return;
    const size = page.dataset.live === "off" ? `, a download of ${page.dataset.liveMegabytes} MB` : "";
    nothing(`To have it answered, this page has to be live${size}. Then its cells train the network anew.`);
    offer.replaceChildren(make("button", { type: "button", click: start }, "Answer my drawing"));
  }
  function start() {
    starting = true;
    offer.replaceChildren();
    askForPython(root, "pad", strokes);
  }
  function startSaid({ detail }) {
    if (!starting) return;
    said.textContent = detail.words;
    if (detail.failed) starting = false;
  }

  // --- Python, at most one message on its way ---

  let number = 0;
  let waiting = false;
  const text = () => JSON.stringify(strokes.map(({ points }) => points));

  // An answer that is on its way is of another drawing.
  function forget() {
    answered = text();
    number++;
  }

  function ask() {
    offer.replaceChildren();
    if (!strokes.length) {
      forget();
      return nothing("Draw something.");
    }
    if (!alive) return unanswered();
    if (waiting || text() === answered) return;
    waiting = true;
    answered = text();
    model.send({ number: ++number, strokes: JSON.parse(answered) });
  }

  function receive(message) {
    waiting = false;
    if (message.number === number) show(message); // and not of a drawing that has gone since
    if (text() !== answered) ask();
  }

  function changed() {
    brought = false;
    draw();
    ask();
  }

  // --- strokes, by pointer ---

  const clamp = (value) => Math.round(1000 * Math.min(Math.max(value, 0), 1)) / 1000;
  function place(event) {
    const box = area.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }
  let drawing = null;
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drawing !== null) return;
    event.preventDefault();
    lift();
    area.focus({ preventScroll: true });
    cursor.classList.remove("keys");
    drawing = event.pointerId;
    area.setPointerCapture(drawing);
    if (brought) strokes = [];
    strokes.push({ points: [place(event)], width });
    changed();
  });
  area.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drawing) return;
    const { points } = strokes.at(-1);
    const together = event.getCoalescedEvents?.() ?? [];
    for (const one of together.length ? together : [event]) {
      const next = place(one);
      const [x, y] = points.at(-1);
      if (Math.hypot(next[0] - x, next[1] - y) > 0.008) points.push(next);
    }
    changed();
  });
  const end = (event) => {
    if (event.pointerId === drawing) drawing = null;
  };
  area.addEventListener("pointerup", end);
  area.addEventListener("pointercancel", end);

  // --- strokes, by keyboard ---

  let at = [CELLS / 2, CELLS / 2];
  let down = false;
  const center = () => at.map((place) => (place + 0.5) / (CELLS + 1));
  const where = () => `column ${at[0] + 1}, row ${at[1] + 1} of ${CELLS + 1}`;
  function move() {
    const [x, y] = center();
    cursor.setAttribute("cx", x);
    cursor.setAttribute("cy", y);
    cursor.classList.toggle("down", down);
  }
  function lift() {
    down = false;
    move();
  }
  area.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = ARROWS[event.key];
    if (!step && event.key !== " " && event.key !== "Backspace") return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would take it for its cells
    cursor.classList.add("keys");
    if (event.key === "Backspace") return undo();
    if (step) at = at.map((place, i) => Math.min(Math.max(place + step[i], 0), CELLS));
    else down = !down;
    move();
    status.textContent = `${step ? "" : down ? "Pen down, " : "Pen up, "}${where()}`;
    if (!step && down && brought) strokes = [];
    if (!step && down) strokes.push({ points: [center()], width });
    else if (step && down) strokes.at(-1).points.push(center());
    else return;
    changed();
  });
  area.addEventListener("blur", lift);

  // --- the buttons ---

  function undo() {
    lift();
    strokes.pop();
    changed();
  }
  function clear() {
    lift();
    strokes = [];
    changed();
  }
  const pens = Object.keys(WIDTHS).map((name) => {
    const input = make("input", { type: "radio", name: `${group}-pen`, value: name, change: () => (width = name) });
    input.checked = name === width;
    return make("label", {}, input, name);
  });
  const bring = (one) => {
    lift();
    brought = true;
    strokes = one.strokes.map((points) => ({ points: [...points], width }));
    draw();
    forget();
    offer.replaceChildren();
    show(one);
  };
  const stored = model.get("stored").map((one) => make("button", { type: "button", click: () => bring(one) }, one.name));
  const button = (name, click) => make("button", { type: "button", click }, name);

  const help = make("p", { id: `${group}-help`, class: "pad-status book-unseen" });
  help.textContent = "Arrow keys move the cursor, Space puts the pen down and lifts it, Backspace takes the last stroke back.";
  const root = make("div", { class: "pad book-widget", role: "group", "aria-label": "Pad to draw a digit on" });
  root.append(
    make("div", { class: "pad-row", role: "group", "aria-label": "Stored drawings" }, "Stored:", ...stored),
    make(
      ...["div", { class: "pad-panels" }],
      make("div", {}, make("p", {}, "Draw here"), area),
      make("div", {}, make("p", {}, "What the network gets"), seen),
      make("div", {}, make("p", {}, "Its probabilities"), bars),
    ),
    ...[said, offer],
    make("div", { class: "pad-row" }, button("Undo", undo), button("Clear", clear)),
    make("fieldset", { class: "pad-row" }, make("legend", {}, "Pen"), ...pens),
    ...[help, status],
  );
  el.append(root);
  move();
  const left = alive ? takeOver("pad") : [];
  if (left?.length) {
    strokes = left;
    changed();
  } else {
    bring(model.get("stored")[0]);
    clearTimeout(rest); // the first answer is not news
  }

  model.on("msg:custom", receive);
  document.addEventListener("live-said", startSaid);
  return () => {
    document.removeEventListener("live-said", startSaid);
    clearTimeout(rest);
    model.off("msg:custom", receive);
  };
}

export default { render };
