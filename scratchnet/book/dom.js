// What every widget of the book shares; it stands before each one's own script.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Asks the page for Python on behalf of a widget whose cell has not run here, and leaves something for the widget of the
// same kind that will stand in its place.
function askForPython(root, kind, left) {
  document.bookLeft = { ...document.bookLeft, [kind]: left };
  root.dispatchEvent(new CustomEvent("live-wanted", { bubbles: true }));
}

// What was left for a widget of this kind, once.
function takeOver(kind) {
  const left = document.bookLeft?.[kind];
  if (left !== undefined) delete document.bookLeft[kind];
  return left;
}
