// Before the widgets' front end and the theme's icons load: what each must know of the other.
(function () {
  "use strict";
  window.FontAwesomeConfig = { observeMutations: false }; // or the theme swaps the icons of Play, which then throws
  window.__jupyter_widgets_assets_path__ = document.currentScript.src.replace(/[^/]*$/, "vendor/widgets/");
  // The widgets ask for version 2 of MathJax; hand what they want typeset to version 3.
  document.addEventListener("DOMContentLoaded", function () {
    var mathjax = window.MathJax;
    if (!mathjax || mathjax.Hub) return;
    mathjax.Hub = {
      Queue: function (task) {
        if (mathjax.startup) mathjax.startup.promise.then(function () { return mathjax.typesetPromise([task[2]]); });
      },
    };
  });
})();
