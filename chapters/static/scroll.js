// Puts what scrolls sideways within reach of a keyboard: figures, formulas, and code that was covered when the theme looked.
(function () {
  "use strict";
  const BOXES = ".bd-article :is(figure, pre), .math, mjx-container";
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth && getComputedStyle(target).overflowX === "auto";
      if (scrolls) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  const watch = () => document.querySelectorAll(BOXES).forEach((box) => sizes.observe(box));
  watch();
  addEventListener("load", () => window.MathJax?.startup?.promise?.then(watch));
})();
