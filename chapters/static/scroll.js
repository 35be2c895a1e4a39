// Puts what scrolls sideways within reach of a keyboard: figures, formulas, and code that was covered when the theme looked.
// A formula or code that goes on to the right fades there, for those whose device shows no scroll bar.
(function () {
  "use strict";
  const BOXES = ".bd-article :is(figure, pre), .math, mjx-container";
  const scrolls = (box) => box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "auto";
  const goesOn = (box) => scrolls(box) && box.scrollLeft + box.clientWidth < box.scrollWidth - 2;

  function fade(box) {
    if (!box.matches("figure")) box.classList.toggle("goes-on", goesOn(box)); // whose caption stays in view
  }

  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (scrolls(target)) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
      fade(target);
    }
  });
  const watched = new WeakSet();
  function watch() {
    for (const box of document.querySelectorAll(BOXES)) {
      sizes.observe(box);
      if (!watched.has(box)) box.addEventListener("scroll", () => fade(box), { passive: true });
      watched.add(box);
    }
  }
  watch();
  addEventListener("load", () => window.MathJax?.startup?.promise?.then(watch));
})();
