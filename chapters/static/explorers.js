// What the widgets' front end leaves out where no kernel runs: names and values for screen readers, captions that are
// read out, presets, single steps. And print in the light theme.
(function () {
  "use strict";

  var PAUSE = 400; // milliseconds for which a caption stays before it is read out
  var known = new WeakSet();

  function isNew(element) {
    return !known.has(element) && known.add(element);
  }

  function nameOf(slider) {
    return slider.querySelector(".widget-label").textContent.trim();
  }

  function set(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  // A slider would say its position; say the value that the eye reads beside it.
  function mendSlider(slider) {
    var handle = slider.querySelector(".noUi-handle");
    var readout = slider.querySelector(".widget-readout");
    slider.querySelector(".noUi-target").noUiSlider.on("update", function () {
      set(handle, "aria-valuetext", readout.textContent);
    });
    set(handle, "aria-label", nameOf(slider));
    readout.contentEditable = "false";
  }

  function mendPlayer(player) {
    var names = [isPlaying(player) ? "Pause" : "Play", "Stop and go back to the start"];
    names.forEach(function (name, i) {
      var button = player.querySelectorAll("button")[i];
      set(button, "aria-label", name);
      set(button, "title", name);
    });
  }

  function isPlaying(element) {
    return element.querySelector(".fa-pause") !== null;
  }

  // Says the caption once it has settled, and not while Play runs. The caption that a page begins with is not news,
  // but a preset answers even where nothing moves.
  function announcer(explorer) {
    var status = document.createElement("div");
    var said = null;
    var timer;
    status.className = "explorer-status";
    status.setAttribute("role", "status");
    explorer.after(status);
    return function (again) {
      if (again) said = status.textContent = "";
      clearTimeout(timer);
      timer = setTimeout(function () {
        var caption = explorer.querySelector("figcaption");
        if (!caption || isPlaying(explorer) || caption.textContent === said) return;
        if (said !== null) status.textContent = caption.textContent;
        said = caption.textContent;
      }, PAUSE);
    };
  }

  function mendExplorer(explorer) {
    var announce = announcer(explorer);
    function mend() {
      var sliders = Array.from(explorer.querySelectorAll(".widget-slider"));
      sliders.filter(isNew).forEach(mendSlider);
      explorer.querySelectorAll(".widget-play").forEach(mendPlayer);
      explorer.querySelectorAll(".explorer-player > button").forEach(function (button) {
        set(button, "aria-label", button.title); // its text is a letter of the icons' font
      });
      set(explorer, "role", "group");
      set(explorer, "aria-label", "Explorer of " + sliders.map(nameOf).join(", "));
      announce(false);
    }
    explorer.addEventListener("click", function (event) {
      var button = event.target.closest("button");
      if (!button) return;
      if (button.closest(".explorer-presets")) {
        applyPreset(explorer, button);
        announce(true);
      }
      if (button.matches(".step-backward")) move(button, -1);
      if (button.matches(".step-forward")) move(button, 1);
    });
    new MutationObserver(mend).observe(explorer, {
      subtree: true,
      childList: true,
      attributes: true,
      attributeFilter: ["class"], // Play shows with it whether it runs
    });
    mend();
  }

  // A preset is a list of slider positions by label, in the data beside the buttons. Each slider moves in a task of its
  // own: the front end cannot take away a frame that it has not finished yet.
  function applyPreset(explorer, button) {
    var row = button.closest(".explorer-presets");
    var number = Array.from(row.querySelectorAll("button")).indexOf(button);
    var preset = JSON.parse(row.querySelector("script.presets").textContent)[number];
    explorer.querySelectorAll(".widget-slider").forEach(function (slider) {
      if (!(nameOf(slider) in preset)) return;
      setTimeout(function () {
        slider.querySelector(".noUi-target").noUiSlider.set(preset[nameOf(slider)]);
      });
    });
  }

  // The slider that Play moves stands below it.
  function move(button, step) {
    var slider = button.closest(".explorer-player").nextElementSibling.querySelector(".noUi-target").noUiSlider;
    slider.set(slider.get() + step);
  }

  function find() {
    Array.from(document.querySelectorAll(".explorer")).filter(isNew).forEach(mendExplorer);
  }

  // Paper is white.
  var root = document.documentElement;
  var theme;
  addEventListener("beforeprint", function () {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", function () {
    root.dataset.theme = theme;
  });

  if (!document.querySelector("script[type$='widget-view+json']")) return;
  new MutationObserver(find).observe(document.body, { subtree: true, childList: true });
  find();
})();
