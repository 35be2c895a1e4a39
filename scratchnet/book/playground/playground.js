// The front end of the playground: it asks Python for a little training at a time, and draws what comes back.
//
// Python holds the runs and answers each message with a frame: a header, and arrays in one piece of bytes. Where there is
// no Python, the model's recording is shown, and Play asks the page to start one.

const SLICE_S = 0.015; // of training between two pictures
const FEW_MS = 200; // between two updates of what is read and not watched
const RECORDED_MS = 220; // for which a recorded frame stays
const TYPES = { u1: Uint8Array, f4: Float32Array, i4: Int32Array };
const number = (value, digits = 3) => (Number.isFinite(value) ? String(+value.toPrecision(digits)) : "not a number");

// The arrays of a frame by name, from its bytes.
function unpacked(header, bytes) {
  const whole = bytes.slice().buffer;
  return Object.fromEntries(
    header.layout.map(([name, type, shape, start]) => [name, new TYPES[type](whole, start, shape.reduce((a, b) => a * b, 1))]),
  );
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const bytesOf = (view) => new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
const rgb = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

// Whether a control may be set to a text, and a sentence if not. Python judges the rest.
function refused(field, text) {
  const fine = {
    choice: () => field.options.some(([word]) => word === text),
    flag: () => field.options.some(([word]) => word === text),
    several: () => text.trim() && text.trim().split(/\s+/).every((word) => field.options.some(([known]) => known === word)),
    number: () => (field.optional && text === "") || (text.trim() !== "" && +text >= field.low && +text <= field.high && (!field.whole || Number.isInteger(+text))),
    sizes: () => text === "" || (/^\d+(-\d+)*$/.test(text) && text.split("-").length <= field.layers && text.split("-").every((n) => +n >= 1 && +n <= field.units)),
    points: () => true,
  };
  return fine[field.kind]() ? "" : `${field.label} must be ${field.wanted}, not '${text.slice(0, 40)}'.`;
}

// --- drawing ---

// A canvas as sharp as the screen, and its size in pixels of the page.
function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

// Squares as the pixels of a canvas; shade gives [r, g, b] and opacity for one of them.
function paint(canvas, squares, shade) {
  const side = Math.sqrt(squares);
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(side, side);
  for (let i = 0; i < squares; i++) {
    const [color, opacity] = shade(i);
    image.data[4 * i] = color[0];
    image.data[4 * i + 1] = color[1];
    image.data[4 * i + 2] = color[2];
    image.data[4 * i + 3] = 255 * opacity;
  }
  pen.putImageData(image, 0, 0);
}

// A mark of a class: circle, square, triangle, diamond.
function mark(pen, label, x, y, r) {
  pen.beginPath();
  if (label === 0) pen.arc(x, y, r, 0, 7);
  else if (label === 1) pen.rect(x - r, y - r, 2 * r, 2 * r);
  else {
    const corners = label === 2 ? [[0, -1.3], [1.2, 0.9], [-1.2, 0.9]] : [[0, -1.4], [1.3, 0], [0, 1.4], [-1.3, 0]];
    corners.forEach(([u, v], i) => pen[i ? "lineTo" : "moveTo"](x + u * r, y + v * r));
    pen.closePath();
  }
}

function render({ model, el }) {
  const alive = typeof model.send === "function";
  const fields = Object.fromEntries(model.get("controls").map((field) => [field.name, field]));
  const colors = model.get("colors").map(rgb);
  const css = model.get("colors");
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const runs = [{}]; // each {scene, frame, arrays, texts, address}
  let at = 0; // the run that the controls and the network belong to
  let playing = false;
  let asked = 0; // messages sent
  let answered = 0;
  let look = null; // {layer, unit, sample}
  let edge = null; // the weight that is looked at, by the number of its input
  let adding = false; // a click into the picture adds a point
  let hidden = new Set(model.get("hidden"));
  const run = () => runs[at];
  let id = "playground"; // of the first on a page, which a link means
  for (let n = 2; document.getElementById(id); n++) id = `playground-${n}`;

  // --- asking ---

  function ask(what, fields = {}) {
    if (alive) model.send({ do: what, run: at, look, number: ++asked, ...fields });
  }

  function advance(which) {
    ask("advance", { run: which, seconds: SLICE_S / runs.length });
  }

  function heard(content, buffers) {
    if (content.run === undefined) return;
    answered = content.asked ?? answered;
    while (runs.length < content.runs) runs.push({});
    runs.length = content.runs;
    if (at >= runs.length) at = 0;
    const mine = runs[content.run];
    const changed = mine.address !== content.address;
    Object.assign(mine, { texts: content.texts, address: content.address });
    if (content.code !== undefined) showCode(content.code);
    if (content.error) {
      pause();
      complain(content.error);
    } else {
      const views = buffers.map(bytesOf);
      const parts = ["frame", "scene"].filter((name) => content[name]);
      parts.forEach((name, i) => take(mine, name, content[name], views[i]));
      if (content.scene) complain("");
    }
    if (changed || content.error || content.scene) showControls();
    if (playing && content.frame && runs.every((one) => one.frame && one.frame.state !== "ready")) pause();
    else if (playing && content.asked === asked) advance((content.run + 1) % runs.length);
    if (pausing && !playing) announce("Paused.");
    pausing = false;
    redraw();
  }

  function take(mine, name, header, bytes) {
    mine[name] = header;
    mine[`${name}Arrays`] = unpacked(header, bytes);
    if (name === "scene") {
      mine.built = false;
      mine.since = null;
    } else pace(mine);
  }

  // Training steps a second, over the last second or so.
  function pace(mine) {
    const now = performance.now();
    if (!playing || !mine.since || mine.frame.steps < mine.since.steps) mine.since = { time: now, steps: mine.frame.steps };
    else if (now - mine.since.time > 500) {
      mine.speed = (1000 * (mine.frame.steps - mine.since.steps)) / (now - mine.since.time);
      mine.since = { time: now, steps: mine.frame.steps };
    }
  }

  // --- state ---

  const status = make("div", { class: "playground-status book-unseen", role: "status" });
  const said = make("p", { class: "playground-said" });
  const trouble = make("p", { class: "playground-trouble", role: "alert" });
  const complain = (words) => (trouble.textContent = words);
  let starting = false;
  let pausing = false;

  function state() {
    const frame = run().frame;
    if (starting) return "starting";
    if (playing) return "running";
    if (frame?.state === "diverged") return "diverged";
    return alive && frame && (frame.epoch || frame.batch) ? "paused" : "idle";
  }

  function summary() {
    const { frame } = run();
    if (!frame) return "";
    const part = (words, [loss, accuracy]) => `${words} loss ${number(loss)}, accuracy ${accuracy.toFixed(3)}`;
    return `Epoch ${frame.epoch}. ${part("Training", frame.train)}. ${part("Test", frame.held)}.`;
  }

  const announce = (words = "") => (status.textContent = `${words} ${summary()} ${run().frame?.said ?? ""}`.trim());

  function play() {
    if (!alive) return startPython();
    if (run().frame?.state === "diverged") return complain("This run has diverged. Reset it, after a change.");
    playing = true;
    complain("");
    runs.forEach((one) => (one.since = null));
    advance(at);
    redraw();
  }

  function pause() {
    if (!playing) return;
    playing = false;
    pausing = true; // until what is under way has arrived
    redraw();
  }

  function act(what, extra) {
    if (!alive) return startPython();
    pause();
    ask(what, extra);
  }

  // --- where there is no Python ---

  const page = document.documentElement;
  const megabytes = page.dataset.liveMegabytes;

  // next: what to do when it is there.
  function startPython(next = "play") {
    if (!("live" in page.dataset)) {
      return complain("To train it, run the notebook: this page was built without Python.");
    }
    starting = true;
    askForPython(root, "playground", { address: run().address, hidden: [...hidden], next });
    redraw();
  }

  function startSaid({ detail }) {
    if (!starting) return;
    said.textContent = detail.words;
    if (detail.failed) starting = false;
    redraw();
  }

  // The recording moves by itself, once, and again when asked to.
  const recording = model.get("recording");
  let recorded = 0;
  let clock = null;
  const replay = make("button", { type: "button", click: () => (clock ? stopRecording() : playRecording()) }, "Show the recording");

  function showRecorded(i) {
    recorded = i;
    const [header, text] = recording[i + 1];
    take(run(), "frame", header, fromBase64(text));
    redraw();
  }
  function playRecording() {
    if (recorded >= recording.length - 2) recorded = -1;
    replay.textContent = "Stop the recording";
    clock = setInterval(() => (recorded < recording.length - 2 ? showRecorded(recorded + 1) : stopRecording()), RECORDED_MS);
  }
  function stopRecording() {
    clearInterval(clock);
    clock = null;
    replay.textContent = "Show the recording";
  }

  // --- the bar ---

  const playButton = make("button", { type: "button", class: "playground-play", click: () => (playing ? pause() : play()) }, "Play");
  const steps = make("span", { class: "playground-steps", "data-part": "play" },
    playButton,
    make("button", { type: "button", click: () => act("step") }, "One step"),
    make("button", { type: "button", click: () => act("epoch") }, "One epoch"),
    make("button", { type: "button", click: () => act("reset") }, "Reset"));
  const numbers = make("p", { class: "playground-numbers", "data-part": "numbers" });
  const bar = make("div", { class: "playground-bar playground-top" }, steps);

  // --- presets ---

  const presets = model.get("presets");
  const sentence = make("span", { class: "playground-sentence" });
  const preset = make("select", {
    "aria-label": "A setting to try",
    change: () => {
      const chosen = presets[+preset.value];
      if (!chosen) return;
      sentence.replaceChildren(chosen.sentence);
      const kind = location.pathname.endsWith(".html") ? ".html" : ".ipynb";
      if (chosen.place) sentence.append(" ", make("a", { href: chosen.place.replace("#", `${kind}#`) }, "Why"));
      go(chosen.address);
    },
  }, make("option", { value: "" }, "A setting to try …"), ...presets.map(({ name }, i) => make("option", { value: i }, name)));

  // Go to the setting of an address.
  function go(address) {
    pause();
    if (alive) return ask("open", { address });
    const texts = checked(address);
    if (!texts) return;
    Object.assign(run(), { texts, address });
    complain("");
    said.textContent = "Press Play to train this setting. The pictures still are those of the recording.";
    showControls();
  }

  // The texts of an address, or null after a sentence about what cannot be.
  function checked(address) {
    const texts = Object.fromEntries(Object.values(fields).map((field) => [field.name, field.default]));
    for (const [name, text] of new URLSearchParams(address)) {
      const problem = fields[name] ? refused(fields[name], text) : `The playground has no control ${name.slice(0, 40)}.`;
      if (problem) return complain(problem), null;
      texts[name] = text;
    }
    return texts;
  }

  // --- controls ---

  function change(texts) {
    complain("");
    preset.value = "";
    sentence.replaceChildren();
    const name = Object.keys(texts)[0];
    if (alive) return ask("set", { texts });
    for (const field of Object.values(fields)) {
      const [other, words] = field.needs ?? [];
      if (other === name && !words.includes(texts[name])) texts[field.name] = field.default;
    }
    const next = { ...run().texts, ...texts };
    const query = new URLSearchParams(Object.entries(next).filter(([key, text]) => text !== fields[key].default));
    go(query.toString());
  }

  const KINDS = {
    choice(field) {
      const select = make("select", { change: () => change({ [field.name]: select.value }) }, ...field.options.map(([word, label]) => make("option", { value: word }, label)));
      return { input: select, show: (text) => (select.value = text) };
    },
    flag(field) {
      const box = make("input", { type: "checkbox", change: () => change({ [field.name]: box.checked ? "on" : "off" }) });
      return { input: box, show: (text) => (box.checked = text === "on") };
    },
    number(field) {
      if (field.steps.length) {
        const select = make("select", { change: () => change({ [field.name]: select.value }) });
        return {
          input: select,
          show(text) {
            const known = field.steps.find((step) => +step === +text);
            const all = known === undefined ? [...field.steps, text].sort((a, b) => a - b) : field.steps;
            select.replaceChildren(...all.map((step) => make("option", { value: step }, step)));
            select.value = known ?? text;
          },
        };
      }
      const input = make("input", { type: "number", min: field.low, max: field.high, step: field.whole ? 1 : "any", placeholder: field.optional ? "never" : null,
        change: () => {
          const problem = refused(field, input.value);
          if (!problem) return change({ [field.name]: input.value });
          complain(problem);
          input.value = run().texts[field.name];
        } });
      return { input, show: (text) => (input.value = text) };
    },
    several(field) {
      const boxes = field.options.map(([word]) => make("input", { type: "checkbox", value: word, change: send }));
      function send() {
        const words = boxes.filter((box) => box.checked).map((box) => box.value).join(" ");
        if (words) return change({ [field.name]: words });
        complain("The network needs at least one feature.");
        this.checked = true;
      }
      const set = make("fieldset", { class: "playground-several" }, make("legend", {}, field.label),
        ...boxes.map((box, i) => make("label", {}, box, field.options[i][1])));
      return { set, show: (text) => boxes.forEach((box) => (box.checked = text.split(" ").includes(box.value))) };
    },
    sizes(field) {
      const row = make("span", { class: "playground-sizes" });
      const sizes = () => (run().texts[field.name] ? run().texts[field.name].split("-") : []);
      const send = (list) => change({ [field.name]: list.join("-") });
      const fewer = make("button", { type: "button", "aria-label": "One hidden layer less", click: () => send(sizes().slice(0, -1)) }, "−");
      const more = make("button", { type: "button", "aria-label": "One hidden layer more", click: () => send([...sizes(), sizes().at(-1) ?? "8"]) }, "+");
      const set = make("fieldset", { class: "playground-several" }, make("legend", {}, field.label), fewer, more, row);
      return {
        set,
        show() {
          const list = sizes();
          fewer.disabled = !list.length;
          more.disabled = list.length >= field.layers;
          while (row.children.length > list.length) row.lastChild.remove();
          list.forEach((size, i) => {
            if (!row.children[i]) {
              const input = make("input", { type: "number", min: 1, max: field.units, "aria-label": `Units of hidden layer ${i + 1}` });
              input.addEventListener("change", () => {
                const fresh = sizes();
                fresh[i] = input.value;
                const problem = refused(field, fresh.join("-"));
                if (!problem) return send(fresh);
                complain(`A hidden layer has 1 to ${field.units} units.`);
                input.value = sizes()[i];
              });
              row.append(input);
            }
            row.children[i].value = size;
          });
        },
      };
    },
    points(field) {
      const text = make("textarea", { rows: 4, "aria-label": "Points, one a line: x, y, class", placeholder: "0.5, 1.2, 0\n-1, 0.3, 1" });
      const use = make("button", { type: "button", click: () => change({ data: "own", [field.name]: text.value }) }, "Use these points");
      const kinds = css.slice(0, 4).map((_, i) => make("option", { value: i }, `class ${i}`));
      const kind = make("select", { "aria-label": "Class of a new point" }, ...kinds);
      const toggle = make("button", { type: "button", "aria-pressed": "false", click: () => {
        adding = !adding;
        toggle.setAttribute("aria-pressed", adding);
        root.classList.toggle("adding", adding);
      } }, "Add points by clicking into the picture");
      const [x, y] = ["x₁", "x₂"].map((name) => make("input", { type: "number", step: "any", "aria-label": `${name} of a new point` }));
      const add = make("button", { type: "button", click: () => x.value !== "" && y.value !== "" && addPoint(+x.value, +y.value) }, "Add the point");
      addPoint = (u, v) => (alive ? ask("point", { x: u, y: v, label: +kind.value }) : startPython());
      const set = make("details", { class: "playground-own" }, make("summary", {}, field.label),
        make("div", {}, toggle, kind), make("div", {}, x, y, add), text, use);
      return { set, show: (shown) => document.activeElement !== text && (text.value = run().texts.data === "own" ? shown.replaceAll(";", "\n") : "") };
    },
  };
  let addPoint = () => {};

  const shown = {}; // by name: {element, show}
  for (const field of Object.values(fields)) {
    const { input, set, show } = KINDS[field.kind](field);
    const element = set ?? make("label", { class: "playground-field" }, make("span", {}, field.label), input);
    element.dataset.control = field.name;
    shown[field.name] = { element, show, input: input ?? null };
  }
  const groups = [...new Set(Object.values(fields).map((field) => field.group))].map((group) => {
    const members = Object.values(fields).filter((field) => field.group === group);
    return make("fieldset", { class: "playground-group", "data-part": group.split(" ")[0].toLowerCase() }, make("legend", {}, group), ...members.map((field) => shown[field.name].element));
  });

  function showControls() {
    const { texts } = run();
    if (!texts) return;
    for (const [name, { show, input, element }] of Object.entries(shown)) {
      show(texts[name]);
      const [other, words] = fields[name].needs ?? [];
      if (input && other) {
        input.disabled = !words.includes(texts[other]);
        element.title = input.disabled ? `Only with ${fields[other].label}: ${words.join(", ")}` : "";
      }
    }
    const hides = [...hidden].filter((name) => !model.get("hidden").includes(name));
    const query = [run().address, hides.length ? `hide=${hides.join("+")}` : ""].filter(Boolean).join("&");
    link.href = `#${id}?${query}`;
    code.hidden = true;
    for (const part of root.querySelectorAll("[data-part], [data-control]")) part.hidden = hidden.has(part.dataset.part ?? part.dataset.control);
    tabs.forEach((tab, i) => {
      tab.hidden = runs.length < 2;
      tab.setAttribute("aria-pressed", i === at);
    });
    both.checked = runs.length > 1;
  }

  // --- two at once ---

  const tabs = ["A", "B"].map((name, i) => make("button", { type: "button", click: () => {
    at = i;
    run().built = false;
    showControls();
    redraw();
  } }, `Setting ${name}`));
  const both = make("input", { type: "checkbox", change: () => {
    if (!alive) {
      both.checked = false;
      return startPython("compare");
    }
    pause();
    ask("compare", { on: both.checked, run: 0 });
  } });
  const compare = make("div", { class: "playground-compare", "data-part": "compare" }, make("label", {}, both, "Two settings side by side"), ...tabs);

  // --- link and code ---

  const link = make("a", { class: "playground-link" }, "Link to this setting");
  const code = make("div", { class: "playground-code" });
  code.hidden = true;

  async function copy(text, button) {
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copying is not allowed here";
    }
    setTimeout(() => (button.textContent = words), 2000);
  }
  function showCode(text) {
    const button = make("button", { type: "button", click: () => copy(text, button) }, "Copy");
    code.replaceChildren(button, make("pre", { tabindex: 0 }, text));
    code.hidden = false;
  }
  const copyLink = make("button", { type: "button", click: () => copy(new URL(link.href, location.href).href, copyLink) }, "Copy link");
  const asPython = make("button", { type: "button", click: () => act("code") }, "Show as Python");
  const below = make("div", { class: "playground-below" },
    make("span", { "data-part": "link" }, link, copyLink), make("span", { "data-part": "code" }, asPython), code);

  // --- the picture of the data ---

  const planes = [0, 1].map(() => make("canvas", { class: "playground-plane", role: "img" }));
  const places = planes.map((canvas, i) => make("div", {}, make("p", { class: "playground-name" }, `Setting ${"AB"[i]}`), canvas));
  let hovered = null; // the unit whose picture is shown large: {layer, unit}
  const planeOf = document.createElement("canvas");

  function drawPlane(canvas, one) {
    const { pen, width, height } = sharp(canvas);
    const { scene, frame, sceneArrays, frameArrays } = one;
    const { plane } = frameArrays;
    const several = scene.classes > 2;
    const squares = plane.length / (several ? 2 : 1);
    const large = hovered && one === run() ? valuesOf(one, hovered) : null;
    if (large) paint(planeOf, scene.squares, shadeOf(...large));
    else paint(planeOf, squares, several
      ? (i) => [colors[plane[i]], 0.15 + 0.6 * (plane[squares + i] / 255)]
      : (i) => [colors[plane[i] > 127 ? 1 : 0], 0.08 + 0.62 * Math.abs(plane[i] / 127.5 - 1)]);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(planeOf, 0, 0, width, height);
    const { points, labels, held } = sceneArrays;
    const ground = getComputedStyle(root).getPropertyValue("--ground").trim() || "#fff";
    const count = labels.length;
    const r = count > 600 ? 2 : 3.2;
    for (let i = 0; i < count; i++) {
      const x = ((points[2 * i] - scene.low[0]) / (scene.high[0] - scene.low[0])) * width;
      const y = (1 - (points[2 * i + 1] - scene.low[1]) / (scene.high[1] - scene.low[1])) * height;
      mark(pen, labels[i], x, y, r);
      pen.fillStyle = held[i] ? ground : css[labels[i]];
      pen.strokeStyle = held[i] ? css[labels[i]] : ground;
      pen.lineWidth = held[i] ? 1.4 : 0.7;
      pen.fill();
      pen.stroke();
      if (look && !held[i] && i === look.sample && one === run()) {
        pen.beginPath();
        pen.arc(x, y, r + 4, 0, 7);
        pen.strokeStyle = getComputedStyle(root).color;
        pen.lineWidth = 2;
        pen.stroke();
      }
    }
    canvas.setAttribute("aria-label", `The plane, ${count} points of ${scene.classes} classes, and what the network takes each place for. Test accuracy ${frame.held[1].toFixed(3)}.`);
  }

  function placeIn(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const { low, high } = run().scene;
    const u = (event.clientX - box.left) / box.width;
    const v = 1 - (event.clientY - box.top) / box.height;
    return [low[0] + u * (high[0] - low[0]), low[1] + v * (high[1] - low[1])];
  }
  function nearest([x, y]) {
    const { points, held } = run().sceneArrays;
    let best = 0;
    let least = Infinity;
    for (let i = 0; i < held.length; i++) {
      if (held[i]) break; // training points come first
      const far = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
      if (far < least) [best, least] = [i, far];
    }
    return best;
  }
  planes.forEach((canvas, i) => {
    canvas.addEventListener("pointermove", (event) => {
      if (!look || adding || i !== at || event.pointerType === "touch") return;
      lookAt({ sample: nearest(placeIn(canvas, event)) });
    });
    canvas.addEventListener("click", (event) => {
      if (adding) addPoint(...placeIn(canvas, event));
      else if (look && i === at) lookAt({ sample: nearest(placeIn(canvas, event)) });
    });
  });
  const legend = make("p", { class: "playground-legend", "data-part": "legend" });
  const SHAPES = ["circles are class 0", "squares class 1", "triangles class 2", "diamonds class 3"];
  const picture = make("div", { class: "playground-picture" }, make("div", { class: "playground-planes" }, ...places), legend);

  // --- the network ---

  const edges = make("canvas", { class: "playground-edges", "aria-hidden": "true" });
  const columns = make("div", { class: "playground-columns" });
  const tip = make("div", { class: "playground-tip", "aria-hidden": "true" });
  tip.hidden = true;
  const graph = make("div", { class: "playground-graph" }, edges, columns, tip);
  const network = make("div", { class: "playground-network" }, graph);
  let lines = []; // the edges where they lie: {from, to, layer, input, unit, w}

  const nameOf = (layer, sizes) => (layer === 0 ? "Inputs" : layer === sizes.length - 1 ? "Output" : `Layer ${layer}`);
  const featureNames = () => fields.features.options.filter(([word]) => run().texts.features.split(" ").includes(word)).map(([, label]) => label);

  function build() {
    const one = run();
    const { sizes, drawn, squares } = one.scene;
    const names = featureNames();
    columns.replaceChildren(...sizes.map((size, layer) => {
      const units = Array.from({ length: Math.min(size, drawn) }, (_, unit) => {
        const canvas = make("canvas", {
          pointerenter: () => redraw((hovered = { layer, unit })),
          pointerleave: () => redraw((hovered = null)),
        });
        if (layer === 0) return make("span", { class: "playground-unit", title: names[unit] }, canvas, make("small", {}, names[unit]));
        const words = layer === sizes.length - 1 ? (size > 1 ? `Output, class ${unit}` : "Output") : `Hidden layer ${layer}, unit ${unit + 1}`;
        return make("button", { type: "button", class: "playground-unit", "aria-label": `${words}: show its numbers`, title: words, click: () => open(layer - 1, unit) }, canvas);
      });
      const more = size > drawn ? [make("small", {}, `+ ${size - drawn}`)] : [];
      return make("div", { class: "playground-column" }, make("small", {}, nameOf(layer, sizes)), ...units, ...more);
    }));
    one.built = true;
    legend.textContent = `Filled: training points, hollow: test points; ${SHAPES.slice(0, one.scene.classes).join(", ")}.`;
    one.canvases = [...columns.children].map((column) => [...column.querySelectorAll("canvas")]);
    one.canvases[0].forEach((canvas, i) => paint(canvas, squares, shadeOf(one.sceneArrays.inputs, i * squares)));
    buildLayers();
  }

  // The values of a unit's picture, and where they start: of an input, or after a hidden layer.
  function valuesOf({ scene, sceneArrays, frameArrays }, { layer, unit }) {
    const { sizes, drawn, squares } = scene;
    if (layer === 0) return [sceneArrays.inputs, unit * squares];
    if (layer === sizes.length - 1) return null;
    const before = sizes.slice(1, layer).reduce((sum, size) => sum + Math.min(size, drawn), 0);
    return [frameArrays.units, (before + unit) * squares];
  }

  // Orange where positive, blue where negative, in the colors of the two classes.
  const shadeOf = (values, start) => (i) => {
    const value = (values[start + i] - 128) / 127;
    return [colors[value > 0 ? 1 : 0], 0.05 + 0.85 * Math.abs(value)];
  };

  function drawNetwork() {
    const { scene, frameArrays, canvases } = run();
    const { sizes, drawn, squares } = scene;
    const { units, weights, plane } = frameArrays;
    let start = 0;
    for (let layer = 1; layer < sizes.length - 1; layer++) {
      for (const canvas of canvases[layer]) {
        paint(canvas, squares, shadeOf(units, start));
        start += squares;
      }
    }
    const several = scene.classes > 2;
    const all = plane.length / (several ? 2 : 1);
    canvases.at(-1).forEach((canvas, k) => paint(canvas, all, several
      ? (i) => [colors[k], plane[i] === k ? plane[all + i] / 255 : 0]
      : (i) => [colors[plane[i] > 127 ? 1 : 0], Math.abs(plane[i] / 127.5 - 1)]));

    const { pen } = sharp(edges);
    const origin = edges.getBoundingClientRect();
    const boxes = canvases.map((column) => column.map((canvas) => canvas.getBoundingClientRect()));
    lines = [];
    let w = 0;
    for (let layer = 0; layer < sizes.length - 1; layer++) {
      const [ins, outs] = [Math.min(sizes[layer], drawn), Math.min(sizes[layer + 1], drawn)];
      const most = Math.max(...weights.subarray(w, w + ins * outs).map(Math.abs)) || 1;
      for (let input = 0; input < ins; input++) {
        for (let unit = 0; unit < outs; unit++, w++) {
          const [a, b] = [boxes[layer][input], boxes[layer + 1][unit]];
          const from = [a.right - origin.left + 1, a.top + a.height / 2 - origin.top];
          const to = [b.left - origin.left - 1, b.top + b.height / 2 - origin.top];
          const line = { from, to, layer, input, unit, w: weights[w] };
          lines.push(line);
          if (line.w === 0) continue; // nothing to see
          const strong = look && look.layer === layer && look.unit === unit;
          pen.beginPath();
          pen.setLineDash(line.w < 0 ? [5, 3] : []);
          pen.strokeStyle = css[line.w < 0 ? 0 : 1];
          pen.globalAlpha = strong ? 1 : 0.25 + 0.6 * Math.abs(line.w / most);
          pen.lineWidth = 0.4 + 4 * Math.abs(line.w / most) + (strong && edge === input ? 2 : 0);
          const middle = (from[0] + to[0]) / 2;
          pen.moveTo(...from);
          pen.bezierCurveTo(middle, from[1], middle, to[1], ...to);
          pen.stroke();
        }
      }
    }
    pen.globalAlpha = 1;
  }

  // The edge under the pointer: on its curve, nearer than six pixels.
  function lineAt(event) {
    const box = edges.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    let least = 6;
    for (const line of lines) {
      const { from, to } = line;
      if (x < from[0] || x > to[0]) continue;
      const u = (x - from[0]) / (to[0] - from[0]);
      const far = Math.abs(from[1] + (to[1] - from[1]) * u * u * (3 - 2 * u) - y);
      if (far < least) [best, least] = [line, far];
    }
    return best;
  }
  graph.addEventListener("pointermove", (event) => {
    const line = lineAt(event);
    tip.hidden = !line;
    graph.classList.toggle("on-edge", Boolean(line));
    if (!line) return;
    const box = graph.getBoundingClientRect();
    const from = line.layer ? `unit ${line.input + 1}` : featureNames()[line.input];
    tip.textContent = `${from} → unit ${line.unit + 1}: w = ${number(line.w)}`;
    tip.style.left = `${event.clientX - box.left + 10}px`;
    tip.style.top = `${event.clientY - box.top - 26}px`;
  });
  graph.addEventListener("pointerleave", () => (tip.hidden = true));
  graph.addEventListener("click", (event) => {
    if (event.target.closest("button")) return;
    const line = lineAt(event);
    if (line) open(line.layer, line.unit, line.input);
  });

  // --- the numbers of one unit ---

  const panelHead = make("h4", {});
  const panelBody = make("div", {});
  const panel = make("section", { class: "playground-look", "aria-label": "The numbers of one unit" }, panelHead,
    make("div", { class: "playground-bar" },
      make("button", { type: "button", click: () => lookAt({ sample: look.sample - 1 }) }, "Previous point"),
      make("button", { type: "button", click: () => lookAt({ sample: look.sample + 1 }) }, "Next point"),
      make("button", { type: "button", click: () => close() }, "Close")),
    panelBody);
  panel.hidden = true;

  function open(layer, unit, input = null) {
    if (!alive) return startPython();
    look = { layer, unit, sample: look?.sample ?? 0 };
    edge = input;
    panel.hidden = false;
    ask("show");
    if (input === null) panel.querySelector("button").focus({ preventScroll: true });
  }
  function lookAt(part) {
    const { samples } = run().frame.look ?? { samples: 1 };
    const next = { ...look, ...part };
    next.sample = (next.sample + samples) % samples;
    if (look && next.sample === look.sample) return;
    look = next;
    if (!playing) ask("show");
    redraw();
  }
  function close() {
    const { layer, unit } = look;
    look = edge = null;
    panel.hidden = true;
    columns.children[layer + 1]?.querySelectorAll("button")[unit]?.focus();
    redraw();
  }

  const row = (tag, cells, attributes = {}) => make("tr", attributes, ...cells.map((cell) => make(tag, tag === "th" ? { scope: "col" } : {}, cell)));

  function drawPanel() {
    const at = run().frame.look;
    if (!look || !at) return;
    const { sizes } = run().scene;
    const last = at.layer === sizes.length - 2;
    panelHead.textContent = `${last ? (sizes.at(-1) > 1 ? `Output, class ${at.unit}` : "Output") : `Hidden layer ${at.layer + 1}, unit ${at.unit + 1}`}, for training point ${at.sample + 1} of ${at.samples}`;
    const names = at.layer === 0 ? featureNames() : at.inputs.map((_, i) => `unit ${i + 1}`);
    const rows = at.inputs.map((a, i) => row("td", [names[i], number(a), number(at.weights[i]), number(at.products[i]), number(at.dw[i])], { class: i === edge ? "here" : null }));
    const sum = at.products.reduce((all, one) => all + one, 0);
    const steps = at.steps.map(({ name, value, gradient }, i) => row("td", [i ? name : "z, of the linear layer", number(value, 4), gradient === null ? "" : number(gradient)]));
    const text = `The point is at (${at.point.map((x) => number(x)).join(", ")}), of class ${at.label}. The products add up to ${number(sum, 4)}, and with b = ${number(at.b, 4)} that makes z = ${number(at.steps[0].value, 4)}.`;
    panelBody.replaceChildren(
      make("table", {}, make("caption", {}, "The column of W"), row("th", ["input", "a", "w", "a · w", "dw, mean over the training data"]), ...rows),
      make("p", {}, text),
      make("table", {}, make("caption", {}, "From z on, and back"), row("th", ["after", "value", "gradient of this point's loss"]), ...steps));
  }

  // --- curves and tables ---

  const curve = make("canvas", { class: "playground-curves", role: "img" });

  function drawCurves() {
    const { pen, width, height } = sharp(curve);
    const color = getComputedStyle(root).color;
    pen.font = "12px sans-serif";
    const all = runs.filter((one) => one.frameArrays?.epochs.length);
    if (!all.length) {
      pen.fillStyle = color;
      pen.fillText("The losses of every epoch come here.", 8, height / 2);
      return;
    }
    const length = (one) => one.frameArrays.epochs.length;
    const values = all.flatMap((one) => [...one.frameArrays.curves.subarray(0, 2 * length(one))]).filter((value) => value > 0);
    const low = Math.floor(Math.log10(Math.max(Math.min(...values), 1e-6)) - 0.05);
    const high = Math.max(Math.ceil(Math.log10(Math.max(...values)) + 0.05), low + 1);
    const last = Math.max(...all.map((one) => one.frameArrays.epochs[length(one) - 1]));
    const [left, bottom] = [44, height - 18];
    const x = (epoch) => left + (epoch / last) * (width - left - 8);
    const y = (value) => 6 + ((high - Math.log10(Math.min(Math.max(value, 10 ** low), 10 ** high))) / (high - low)) * (bottom - 6);
    pen.lineWidth = 1;
    pen.fillStyle = pen.strokeStyle = color;
    pen.textAlign = "right";
    const every = Math.max(1, Math.ceil((high - low) / 4));
    for (let power = low; power <= high; power += every) {
      pen.globalAlpha = 0.25;
      pen.beginPath();
      pen.moveTo(left, y(10 ** power));
      pen.lineTo(width - 8, y(10 ** power));
      pen.stroke();
      pen.globalAlpha = 1;
      pen.fillText(power < -2 ? `1e${power}` : number(10 ** power), left - 4, y(10 ** power) + 4);
    }
    pen.fillText(`epoch ${last}`, width - 8, height - 4);
    all.forEach((one) => {
      const { epochs, curves } = one.frameArrays;
      const n = length(one);
      [[0, []], [1, [6, 4]]].forEach(([kind, dash]) => {
        pen.beginPath();
        pen.setLineDash(dash);
        pen.lineWidth = 1.8;
        pen.strokeStyle = color;
        pen.globalAlpha = one === run() ? 1 : 0.45;
        for (let i = 0; i < n; i++) pen[i ? "lineTo" : "moveTo"](x(epochs[i]), y(curves[kind * n + i]));
        pen.stroke();
        if (all.length > 1) pen.fillText("AB"[runs.indexOf(one)], x(epochs[n - 1]) - 4, y(curves[(kind + 1) * n - 1]) - 5);
        pen.globalAlpha = 1;
      });
    });
    pen.setLineDash([]);
  }
  const curves = make("div", { class: "playground-part", "data-part": "curves" }, make("p", {}, "Loss by epoch: solid in training, dashed on test points; of two settings, the other one is pale"), curve);

  const layerRows = make("tbody", {});
  const confusion = make("div", {});
  const tables = make("div", { class: "playground-tables", "data-part": "layers" },
    make("table", {}, make("caption", {}, "By layer, in the last epoch"), make("thead", {}, row("th", ["layer", "gradient norm", "change of W", "dead units"])), layerRows), confusion);

  function buildLayers() {
    const { sizes } = run().scene;
    layerRows.replaceChildren(...sizes.slice(1).map((_, i) => row("td", [nameOf(i + 1, sizes), "", "", ""])));
  }
  function drawTables() {
    const { frame, frameArrays, scene } = run();
    [...layerRows.children].forEach((line, i) => {
      const ratio = frame.ratios[i];
      line.children[1].textContent = frame.norms.length ? number(frame.norms[i], 2) : "";
      line.children[2].textContent = ratio === undefined ? "" : `${number(100 * ratio, 2)} %`;
      line.children[3].textContent = i < frame.dead.length ? `${Math.round(100 * frame.dead[i])} %` : "";
    });
    const classes = Array.from({ length: scene.classes }, (_, k) => k);
    const table = make("table", {}, make("caption", {}, "Test points: class by row, answer by column"), row("th", ["class", ...classes.map(String)]),
      ...classes.map((k) => row("td", [String(k), ...classes.map((j) => String(frameArrays.confusion[k * scene.classes + j]))])));
    confusion.replaceChildren(table);
  }

  // --- all of it ---

  const root = make("div", { class: "playground book-widget", role: "group", "aria-label": "Playground: a network in training", "data-playground": "", id },
    bar, make("div", { class: "playground-bar", "data-part": "presets" }, preset, sentence), numbers, said, trouble, compare,
    make("div", { class: "playground-main" }, network, picture), panel, make("div", { class: "playground-groups" }, ...groups), curves, tables, below, status);
  el.append(root);

  let drawing = false;
  let read = 0; // when words and tables were last brought up to date
  function redraw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      draw();
    });
  }

  function draw() {
    const one = run();
    const now = state();
    root.dataset.state = now;
    playButton.textContent = playing ? "Pause" : starting ? "Starting Python …" : "Play";
    playButton.disabled = starting;
    if (!one.frame || !one.scene) return;
    Object.assign(root.dataset, { epoch: one.frame.epoch, trainAccuracy: one.frame.train[1].toFixed(4), testAccuracy: one.frame.held[1].toFixed(4), stepsPerSecond: Math.round(one.speed ?? 0) });
    if (!one.built) build();
    planes.forEach((canvas, i) => {
      places[i].hidden = i >= runs.length;
      places[i].firstChild.hidden = runs.length < 2;
      if (runs[i]?.scene && runs[i].frame) drawPlane(canvas, runs[i]);
    });
    drawNetwork();
    drawCurves();
    const time = performance.now();
    if (playing && time - read < FEW_MS) return;
    read = time;
    const { frame } = one;
    const batch = frame.batch ? `, batch ${frame.batch} of ${one.scene.batches}` : "";
    const speed = playing && one.speed ? ` ${Math.round(one.speed).toLocaleString("en")} steps a second.` : "";
    numbers.textContent = `${alive ? "" : "Recorded. "}Epoch ${frame.epoch}${batch}. Training: loss ${number(frame.train[0])}, accuracy ${frame.train[1].toFixed(3)}. Test: loss ${number(frame.held[0])}, accuracy ${frame.held[1].toFixed(3)}. Learning rate ${number(frame.rate)}.${speed}`;
    if (alive && !starting) said.textContent = frame.said;
    drawTables();
    drawPanel();
    if (!playing) curve.setAttribute("aria-label", `Losses by epoch. ${summary()}`);
  }

  // --- from an address, and to the end ---

  function visit() {
    const [anchor, query = ""] = location.hash.slice(1).split("?");
    if (anchor !== id) return;
    const given = new URLSearchParams(query);
    const names = (given.get("hide") ?? "").split(/[ +,]/).filter(Boolean);
    const unknown = names.find((name) => !fields[name] && !model.get("parts").includes(name));
    given.delete("hide");
    hidden = new Set([...model.get("hidden"), ...(unknown ? [] : names)]);
    go(given.toString());
    root.scrollIntoView({ block: "start" });
    if (unknown) complain(`The playground has nothing called ${unknown.slice(0, 40)} to hide.`);
    showControls();
  }

  const keep = (event) => {
    if (root.contains(event.target) && event.target.matches("input, select, textarea, button")) event.stopPropagation();
  };
  const onMessage = (content, buffers) => heard(content, buffers ?? []);
  const resized = new ResizeObserver(redraw);
  resized.observe(graph);
  addEventListener("hashchange", visit);
  addEventListener("keydown", keep, true); // JupyterLab would take keys for its cells
  document.addEventListener("live-said", startSaid);

  if (alive) {
    model.on("msg:custom", onMessage);
    const wanted = takeOver("playground");
    if (wanted) hidden = new Set([...hidden, ...wanted.hidden]);
    ask("show");
    if (wanted) {
      if (wanted.address !== model.get("address")) ask("open", { address: wanted.address });
      if (wanted.next === "compare") ask("compare", { on: true, run: 0 });
      else play();
      if (document.activeElement === document.body) playButton.focus({ preventScroll: true });
    } else visit();
  } else {
    const address = model.get("address");
    Object.assign(run(), { texts: checked(address), address });
    const [header, text] = recording[0];
    take(run(), "scene", header, fromBase64(text));
    bar.append(replay);
    steps.append(make("span", { class: "playground-note" }, megabytes ? `Play starts Python in this page: ${megabytes} MB, once.` : ""));
    showControls();
    if (reduced.matches) showRecorded(recording.length - 2);
    else {
      showRecorded(0);
      playRecording();
    }
    visit();
  }
  redraw();

  return () => {
    playing = false;
    stopRecording();
    resized.disconnect();
    removeEventListener("hashchange", visit);
    removeEventListener("keydown", keep, true);
    document.removeEventListener("live-said", startSaid);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
