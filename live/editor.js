// A cell's editor: CodeMirror with the colors of the page, and a listing in the same colors.
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { python, pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { highlightCode, tagHighlighter, tags as t } from "@lezer/highlight";

// The classes of the book's own style sheet for code, which knows both themes.
const colors = tagHighlighter([
  { tag: [t.keyword, t.controlKeyword, t.moduleKeyword, t.definitionKeyword], class: "k" },
  { tag: t.operatorKeyword, class: "ow" },
  { tag: [t.string, t.special(t.string)], class: "s2" },
  { tag: t.number, class: "mi" },
  { tag: t.comment, class: "c1" },
  { tag: [t.bool, t.null, t.self], class: "kc" },
  { tag: t.function(t.definition(t.variableName)), class: "nf" },
  { tag: t.definition(t.className), class: "nc" },
  { tag: [t.operator, t.arithmeticOperator, t.compareOperator, t.definitionOperator], class: "o" },
  { tag: t.meta, class: "nd" },
]);

export function listing(code) {
  const pre = document.createElement("pre");
  const put = (text, name) => pre.append(name ? Object.assign(document.createElement("span"), { className: name, textContent: text }) : text);
  highlightCode(code, pythonLanguage.parser.parse(code), colors, put, () => pre.append("\n"));
  return pre;
}

function indent(view) {
  if (!view.state.selection.main.empty) return indentMore(view);
  view.dispatch(view.state.replaceSelection("    "));
  return true;
}

// `run` and `runAndMove` are the keys of a notebook, Ctrl-Enter and Shift-Enter; `changed` hears of every edit.
export function edit({ parent, doc, label, run, runAndMove, changed }) {
  const did = (action) => () => (action(), true);
  const keys = [
    { key: "Shift-Enter", run: did(runAndMove) },
    { key: "Mod-Enter", run: did(run) },
    { key: "Ctrl-Enter", run: did(run) },
    { key: "Tab", run: (view) => !leaving && indent(view), shift: (view) => !leaving && indentLess(view) },
    { key: "Escape", run: did(() => (leaving = true)) }, // so that Tab then goes on to what comes next
  ];
  let leaving = false;
  // What is typed here is no shortcut of the page: Sphinx would go to its search at every "/".
  parent.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc,
      extensions: [
        ...[history(), drawSelection(), highlightSpecialChars(), indentOnInput(), bracketMatching(), indentUnit.of("    ")],
        ...[python(), syntaxHighlighting(colors), keymap.of([...keys, ...defaultKeymap, ...historyKeymap])],
        EditorView.contentAttributes.of({ "aria-label": label, autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          leaving = false;
          changed();
        }),
      ],
    }),
  });
  return {
    view,
    get text() {
      return view.state.doc.toString();
    },
    set text(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    focus: () => view.focus(),
  };
}
