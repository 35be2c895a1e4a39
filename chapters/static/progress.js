// Reading progress: which sections you have read and which exercises you have done. It is kept in this browser only.
(function () {
  "use strict";

  var KEY = "scratchnet-progress"; // {page: {total: number, done: [ids]}}
  var page = typeof DOCUMENTATION_OPTIONS === "undefined" ? "" : DOCUMENTATION_OPTIONS.pagename;
  var article = document.querySelector("article.bd-article");

  // A browser may refuse to keep anything; then the boxes work until the page is left.
  var memory = {};
  function load() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || {};
    } catch (error) {
      return memory;
    }
  }

  function save(all) {
    memory = all;
    try {
      if (Object.keys(all).length) localStorage.setItem(KEY, JSON.stringify(all));
      else localStorage.removeItem(KEY);
    } catch (error) {
      return;
    }
  }

  function add(parent, kind, name, text) {
    var element = document.createElement(kind);
    if (name) element.className = name;
    if (text) element.textContent = text;
    parent.append(element);
    return element;
  }

  // The sections to tick off: those of the second level, and every exercise.
  function items() {
    if (!article || !article.querySelector("section[id^='exercise-']")) return [];
    return Array.from(article.querySelectorAll(":scope > section > section, section[id^='exercise-']")).filter(
      function (section) {
        return isExercise(section) || !section.querySelector("section[id^='exercise-']");
      }
    );
  }

  function isExercise(section) {
    return section.id.indexOf("exercise-") === 0;
  }

  function record(all) {
    return all[page] || { total: 0, done: [] };
  }

  function tick(section, checked) {
    var all = load();
    var mine = record(all);
    mine.done = mine.done.filter(function (id) {
      return id !== section.id;
    });
    if (checked) mine.done.push(section.id);
    mine.total = sections.length;
    if (mine.done.length) all[page] = mine;
    else delete all[page];
    save(all);
    show();
  }

  function box(section) {
    var label = add(section, "label", "progress-box");
    var input = add(label, "input");
    var title = section.querySelector("h2, h3").textContent.replace(/#$/, "").trim();
    input.type = "checkbox";
    label.append(isExercise(section) ? " Done" : " Read");
    input.setAttribute("aria-label", (isExercise(section) ? "Done: " : "Read: ") + title);
    input.addEventListener("change", function () {
      tick(section, input.checked);
    });
    return input;
  }

  function count(list, exercises) {
    return list.filter(function (section) {
      return isExercise(section) === exercises;
    }).length;
  }

  function show() {
    var all = load();
    var mine = record(all);
    var done = sections.filter(function (section, i) {
      return (boxes[i].checked = mine.done.indexOf(section.id) >= 0);
    });
    if (line) {
      line.textContent =
        "Read here: " + count(done, false) + " of " + count(sections, false) + " sections. Done: " +
        count(done, true) + " of " + count(sections, true) + " exercises.";
    }
    document.querySelectorAll("nav.bd-links a.reference.internal").forEach(function (link) {
      var badge = link.querySelector(".progress-badge");
      var other = Object.keys(all).find(function (name) {
        return link.pathname === new URL(DOCUMENTATION_ROOT + name + ".html", location.href).pathname;
      });
      if (badge) badge.remove();
      if (other) add(link, "span", "progress-badge", " " + all[other].done.length + "/" + all[other].total);
    });
    if (overview) showOverview(all);
  }

  function showOverview(all) {
    var pages = Object.keys(all);
    var done = pages.reduce(function (sum, name) {
      return sum + all[name].done.length;
    }, 0);
    overview.textContent = done
      ? "So far you have ticked off " + done + " sections and exercises on " + pages.length +
        (pages.length === 1 ? " page. " : " pages. ") + "This is kept in this browser and nowhere else. "
      : "Below every section and exercise there is a box to tick when you are done. What you tick is kept in this browser and nowhere else. ";
    if (!done) return;
    var erase = add(overview, "button", "progress-erase", "Erase my progress");
    erase.type = "button";
    erase.addEventListener("click", function () {
      save({});
      show();
    });
  }

  var DOCUMENTATION_ROOT = document.documentElement.dataset.content_root || "./";
  var overview = document.getElementById("reading-progress");
  var sections = items();
  var boxes = sections.map(box);
  var line;
  if (sections.length) {
    line = document.createElement("p");
    line.className = "progress-line";
    line.setAttribute("role", "status");
    article.querySelector("h1").after(line);
  }
  addEventListener("storage", show); // another tab of this book
  if (article) show();
})();
