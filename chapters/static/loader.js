// Brings the widgets of a page to life with no Python: the page holds each one's front end and what it shows as the
// widget state that Jupyter leaves, and this gives it the model that a kernel would. Until then, and wherever that fails,
// something stands in for it: of an explorer a figure, with a sentence in the place of its controls.
(async function () {
  "use strict";

  class Model extends EventTarget {
    constructor(state) {
      super();
      this.state = state;
      this.changed = new Set();
    }
    get(name) {
      return this.state[name];
    }
    set(name, value) {
      this.state[name] = value;
      this.changed.add(name);
    }
    save_changes() {
      for (const name of this.changed) this.dispatchEvent(new Event(`change:${name}`));
      this.changed.clear();
    }
    on(event, listener) {
      this.addEventListener(event, listener);
    }
    off(event, listener) {
      this.removeEventListener(event, listener);
    }
    // On a live page Python answers: `ask` promises HTML for an explorer's name and a position.
    answeredBy(ask) {
      this.send = async ({ run }) => {
        const answer = await ask(this.state.name, run);
        if (String(this.state.position) !== String(run)) return; // it is of another setting
        this.set("answer", answer);
        this.save_changes();
      };
      this.dispatchEvent(new Event("change:send"));
    }
  }

  const modules = new Map(); // by their text: two explorers share one
  const styles = new Set();

  function load(text) {
    if (!modules.has(text)) {
      const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      modules.set(text, import(address).finally(() => URL.revokeObjectURL(address)));
    }
    return modules.get(text);
  }

  function style(text) {
    if (!text || styles.has(text)) return;
    styles.add(text);
    document.head.append(Object.assign(document.createElement("style"), { textContent: text }));
  }

  async function bring(place, states) {
    const { model_id } = JSON.parse(place.textContent);
    const state = states[model_id]?.state;
    if (!state?._esm) return;
    const standIn = document.querySelector(`[data-stands-for="${model_id}"]`);
    const element = document.createElement("div");
    try {
      const widget = (await load(state._esm)).default;
      style(state._css);
      const model = new Model(state);
      widget.render({ model, el: element });
      if (state.can_run) addEventListener("live", ({ detail: { ask } }) => model.answeredBy(ask));
      standIn ? standIn.replaceWith(element) : place.after(element);
    } catch (error) {
      console.error(error); // the stand-in says the rest
    }
  }

  const found = document.querySelectorAll("script[type='application/vnd.jupyter.widget-state+json']");
  const states = Object.assign({}, ...[...found].map((script) => JSON.parse(script.textContent).state));
  const places = document.querySelectorAll("script[type='application/vnd.jupyter.widget-view+json']");
  await Promise.all([...places].map((place) => bring(place, states)));
  document.documentElement.dataset.explorers = "ready";
  document.dispatchEvent(new Event("explorers"));
  // An address that sets a widget is none of an element, so the browser stays at the top. Formulas above move it until they
  // are set; who has scrolled by then, or comes back to where they were, stays there.
  const [anchor, query] = location.hash.slice(1).split("?");
  if (query === undefined) return;
  await window.MathJax?.startup?.promise;
  if (scrollY === 0) document.getElementById(anchor)?.scrollIntoView({ block: "start" });
})();
