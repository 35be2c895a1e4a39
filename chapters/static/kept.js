// Keeps a text in this browser, or until the page is left where the browser keeps nothing.
window.kept = (() => {
  "use strict";
  // What is kept of a reader's way through the book, by page.
  const READING = {
    progress: "scratchnet-progress", // what is ticked off
    commitments: "scratchnet-commitments", // predictions and answers
    orders: "scratchnet-orders", // lines put in order
  };
  const ANSWERS = "scratchnet-answers"; // the text of cells, by page; see live/kept.js
  const PAGE = typeof DOCUMENTATION_OPTIONS === "undefined" ? "" : DOCUMENTATION_OPTIONS.pagename;
  const unkept = {}; // what the browser did not take, by key

  const get = (key) => {
    if (key in unkept) return unkept[key];
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  };

  // Returns whether it is still there after the page is left.
  const put = (key, text) => {
    try {
      if (text) localStorage.setItem(key, text);
      else localStorage.removeItem(key);
      localStorage.getItem(key); // a browser may take it and not give it back
      delete unkept[key];
      return true;
    } catch {
      unkept[key] = text;
      return false;
    }
  };

  // An object, whatever is kept: it may be damaged, or from another edition.
  const record = (key) => {
    try {
      const all = JSON.parse(get(key));
      return all && typeof all === "object" && !Array.isArray(all) ? all : {};
    } catch {
      return {};
    }
  };

  const keep = (key, all) => put(key, Object.keys(all).length ? JSON.stringify(all) : "");

  return { READING, ANSWERS, PAGE, get, put, record, keep };
})();
