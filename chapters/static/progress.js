// Reading progress: which sections you have read and which exercises you have done. It is kept in this browser only.
(function () {
  "use strict";

  var KEY = kept.READING.progress; // {page: {total: number, done: [ids]}}
  var page = kept.PAGE;
  var article = document.querySelector("article.bd-article");

  // What is kept may be damaged or from an older edition; then only what can be read counts.
  function load() {
    var found = kept.record(KEY);
    var all = Object.create(null);
    Object.keys(found).forEach(function (name) {
      var record = found[name];
      if (!record || !Array.isArray(record.done)) return;
      var done = record.done.filter(function (id, i) {
        return typeof id === "string" && record.done.indexOf(id) === i && (name !== page || known(id));
      });
      var total = name === page ? sections.length : record.total;
      if (done.length && Number.isSafeInteger(total) && total >= done.length) all[name] = { total: total, done: done };
    });
    return all;
  }

  function known(id) {
    return sections.some(function (section) {
      return section.id === id;
    });
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
    kept.keep(KEY, all);
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
    var listed = [];
    document.querySelectorAll("nav.bd-links a.reference.internal").forEach(function (link) {
      var badge = link.querySelector(".progress-badge");
      var other = Object.keys(all).find(function (name) {
        return link.pathname === new URL(DOCUMENTATION_ROOT + name + ".html", location.href).pathname;
      });
      if (badge) badge.remove();
      if (!other) return;
      listed.push(other);
      badge = add(link, "span", "progress-badge", " " + all[other].done.length + "/" + all[other].total);
      badge.setAttribute("role", "img");
      badge.setAttribute("aria-label", ", " + all[other].done.length + " of " + all[other].total + " ticked off");
    });
    if (overview) showOverview(all, listed);
  }

  // `pages` are those that the book still has.
  function showOverview(all, pages) {
    var done = pages.reduce(function (sum, name) {
      return sum + all[name].done.length;
    }, 0);
    overview.textContent = done
      ? "So far you have ticked off " + done + (done === 1 ? " section or exercise" : " sections and exercises") + " on " +
        pages.length + (pages.length === 1 ? " page. " : " pages. ") + "This is kept in this browser and nowhere else. "
      : "Below every section and exercise there is a box to tick when you are done. What you tick is kept in this browser and nowhere else. ";
    var keys = Object.values(kept.READING);
    if (!keys.some(kept.get)) return;
    var erase = add(overview, "button", "progress-erase", "Erase my progress, predictions and answers");
    erase.type = "button";
    erase.addEventListener("click", function () {
      keys.forEach(function (key) {
        kept.put(key, "");
      });
      show();
      overview.tabIndex = -1;
      overview.focus(); // the button is gone, and a keyboard would be back at the top of the page
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
  addEventListener("pageshow", show); // the browser's way back may show the page as it was left
})();
