// The front end of an explorer: native controls, and one frame whose content changes with them.
//
// The model holds controls (an axis each: name, label, values as text, ordered or not), frames (HTML, one for every setting, the last axis
// fastest), position (a number for each axis), settings to try, play and head. It is a widget's in Jupyter, and a plain object
// with the same methods in the book's pages; where it can `send`, Python answers to "run", and it says so when it learns to.

const PLAY_MS = 10_000; // from the first frame to the last, at speed 1
const REST_MS = 400; // for which a caption stays before it is read out
const SPEEDS = { "½×": 0.5, "1×": 1, "2×": 2 };

// Make one tree like another and leave alone what is equal already, so that it does not flicker.
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  after.forEach((child, i) => (before[i] ? morph(before[i], child) : old.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}

// "#explorer-NAME?depth=4&rate=0.3" as a position, and a sentence about what is not on the axes.
function fromAddress(hash, id, axes, position) {
  const [anchor, query] = hash.slice(1).split("?");
  if (anchor !== id || !query) return null;
  const wanted = [...position];
  let problem = "";
  for (const [name, text] of new URLSearchParams(query)) {
    const axis = axes.findIndex((axis) => axis.name === name);
    const place = axis < 0 ? -1 : axes[axis].values.findIndex((v) => v === text || (text !== "" && +v === +text));
    if (place >= 0) wanted[axis] = place;
    else problem = axis < 0 ? `There is no ${name} here.` : `${axes[axis].label} has no value ${text}.`;
  }
  return { wanted, problem };
}

function render({ model, el }) {
  const axes = model.get("controls");
  const position = [...model.get("position")];
  const id = `explorer-${model.get("name")}`;
  const group = `${id}-${Math.random().toString(36).slice(2)}`; // the same explorer may stand on a page twice
  const stage = make("div", { class: "explorer-frame" });
  const status = make("div", { class: "explorer-status book-unseen", role: "status" });
  const answer = make("div", { class: "explorer-answer", role: "status" });
  const link = make("a", { class: "explorer-link" }, "Link to this setting");
  let timer, rest, said;

  const caption = () => stage.querySelector("figcaption")?.textContent ?? "";
  const frameAt = (position) => position.reduce((index, place, i) => index * axes[i].values.length + place, 0);

  // A caption is read out once it rests. The first is not news; a preset answers even where nothing moves.
  function announce(again) {
    if (again) said = status.textContent = "";
    clearTimeout(rest);
    rest = setTimeout(() => {
      if (timer || caption() === said) return;
      status.textContent = said = caption();
    }, REST_MS);
  }

  function show() {
    const template = make("template");
    template.innerHTML = model.get("frames")[frameAt(position)];
    if (stage.firstChild) morph(stage.firstChild, template.content.firstChild);
    else stage.append(template.content);
    controls.forEach((control, i) => control.show(position[i]));
    const query = axes.map((axis, i) => `${encodeURIComponent(axis.name)}=${encodeURIComponent(axis.values[position[i]])}`);
    link.href = `#${id}?${query.join("&")}`;
  }

  // Go to a setting; what is null stays. `by` says who asks: a hand, Play, a preset, or Python.
  function move(wanted, by = "hand") {
    const moved = wanted.some((place, i) => place !== null && place !== position[i]);
    if (by !== "play" && (moved || by === "preset")) pause();
    if (moved) {
      wanted.forEach((place, i) => (position[i] = place ?? position[i]));
      show();
      answer.replaceChildren();
      if (by !== "python") {
        model.set("position", [...position]);
        model.save_changes();
      }
    }
    if (moved || by === "preset") announce(by === "preset");
  }

  const only = (axis, place) => axes.map((_, i) => (i === axis ? place : null));

  function range(axis, i) {
    const last = axis.values.length - 1;
    const output = make("output");
    const input = make("input", {
      ...{ type: "range", min: 0, max: last, step: 1, id: `${group}-${i}`, "data-axis": axis.name },
      input: () => move(only(i, +input.value)),
    });
    const row = [make("label", { for: input.id }, axis.label), input, output];
    return {
      element: make("div", { class: "explorer-axis" }, ...row),
      show(place) {
        input.value = place;
        output.textContent = axis.values[place];
        input.setAttribute("aria-valuetext", axis.values[place]);
      },
    };
  }

  function choice(axis, i) {
    const inputs = axis.values.map((text, place) =>
      make("input", {
        ...{ type: "radio", name: `${group}-${i}`, value: text, id: `${group}-${i}-${place}`, "data-axis": axis.name },
        change: () => move(only(i, place)),
      }),
    );
    const labels = inputs.map((input) => make("label", { for: input.id }, input.value));
    const options = inputs.map((input, place) => make("span", {}, input, labels[place]));
    return {
      element: make("fieldset", { class: "explorer-axis" }, make("legend", {}, axis.label), ...options),
      show(place) {
        inputs[place].checked = true;
      },
    };
  }

  const controls = axes.map((axis, i) => (axis.ordered ? range : choice)(axis, i));

  // Play
  const played = axes.findIndex((axis) => axis.name === model.get("play"));
  const player = [];
  let pause = () => {};
  if (played >= 0) {
    const { label, values } = axes[played];
    const last = values.length - 1;
    const step = (by) => move(only(played, Math.min(Math.max(position[played] + by, 0), last)));
    const speed = make("select", { "aria-label": "Speed" }, ...Object.keys(SPEEDS).map((name) => make("option", {}, name)));
    speed.value = "1×";
    const toggle = make("button", { type: "button", click: () => (timer ? pause() : start()) }, "Play");
    const next = () => {
      timer = setTimeout(() => {
        move(only(played, position[played] + 1), "play");
        if (position[played] < last) next();
        else pause();
      }, PLAY_MS / last / SPEEDS[speed.value]);
    };
    const start = () => {
      toggle.textContent = "Pause";
      if (position[played] === last) move(only(played, 0), "play");
      next();
    };
    pause = () => {
      if (!timer) return;
      clearTimeout(timer);
      timer = undefined;
      toggle.textContent = "Play";
      announce(false);
    };
    const button = (name, sign, by) => make("button", { type: "button", "aria-label": name, title: name, click: () => step(by) }, sign);
    player.push(toggle, button(`Previous ${label}`, "‹", -1), button(`Next ${label}`, "›", 1), speed);
    controls[played].element.append(make("div", { class: "explorer-player" }, ...player));
  }

  const presets = model.get("settings").map(({ text, position }) =>
    make("button", { type: "button", click: () => move(position, "preset") }, text),
  );

  // "Run this setting again, now", where there is a Python to do it.
  const runs = [];
  let offer = () => {};
  if (model.get("can_run")) {
    const note = make("p", { class: "explorer-note" }, "To run it anew, make the page live.");
    const ask = () => {
      answer.textContent = "Training …";
      model.send({ run: [...position] });
    };
    const button = make("button", { type: "button", click: ask }, "Run this setting again, now");
    const place = make("div");
    offer = () => place.replaceChildren(typeof model.send === "function" ? button : note);
    offer();
    runs.push(place, answer);
  }
  const answered = () => (answer.innerHTML = model.get("answer"));
  const moved = () => move(model.get("position"), "python");
  model.on("change:answer", answered);
  model.on("change:position", moved);
  model.on("change:send", offer);

  const head = make("div", { "aria-hidden": "true" });
  head.innerHTML = model.get("head");
  const root = make("div", {
    ...{ class: "explorer book-widget", role: "group", "data-explorer": model.get("name") },
    "aria-label": `Explorer of ${axes.map((axis) => axis.label).join(", ")}`,
  });
  if (!document.getElementById(id)) root.id = id;
  root.append(
    head,
    make("div", { class: "explorer-presets", role: "group", "aria-label": "Settings to try" }, ...presets),
    stage,
    make("div", { class: "explorer-controls" }, ...controls.map((control) => control.element)),
    make("div", { class: "explorer-below" }, link, ...runs),
    status,
  );
  el.append(root);
  show();
  said = caption();

  // A link in the text, or an address that was kept, sets the explorer.
  function visit() {
    const found = root.id === id && fromAddress(location.hash, id, axes, position);
    if (!found) return;
    move(found.wanted, "preset");
    if (found.problem) status.textContent = answer.textContent = found.problem;
    root.scrollIntoView({ block: "nearest" });
  }
  addEventListener("hashchange", visit);
  visit();

  // JupyterLab listens at the document and would take the arrow keys of a slider for its cells.
  const keep = (event) => {
    if (root.contains(event.target) && event.target.matches("input, select")) event.stopPropagation();
  };
  addEventListener("keydown", keep, true);

  return () => {
    pause();
    clearTimeout(rest);
    removeEventListener("hashchange", visit);
    removeEventListener("keydown", keep, true);
    model.off("change:answer", answered);
    model.off("change:position", moved);
    model.off("change:send", offer);
  };
}

export default { render };
