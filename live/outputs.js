// Draws what a cell answers: text, Markdown with formulas, HTML, pictures, errors, and widgets by whoever knows them.
import { marked } from "marked";
import { listing } from "./editor.js";

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

// The page's own MathJax, one after the other.
export function typeset(node) {
  const { MathJax } = window;
  if (!MathJax?.startup?.promise || !MathJax.typesetPromise || !/[$\\]/.test(node.textContent)) return;
  MathJax.startup.promise = MathJax.startup.promise
    .then(() => node.isConnected && MathJax.typesetPromise([node]))
    .catch((error) => console.warn("A formula could not be set:", error));
}

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

// Formulas are kept out of the way of Markdown, and code out of the way of formulas.
function markdown(text) {
  const formulas = [];
  const codes = [];
  const plain = text
    .replace(/```[\s\S]*?```|`[^`\n]*`/g, (code) => `\u0001${codes.push(code) - 1}\u0001`)
    .replace(/\$\$([\s\S]+?)\$\$|\$((?:\\.|[^$\\\n])+?)\$/g, (_, block, inline) => `\u0002${formulas.push(block ? `\\[${block}\\]` : `\\(${inline}\\)`) - 1}\u0002`)
    .replace(/\u0001(\d+)\u0001/g, (_, i) => codes[i]);
  const box = make("div", "output text_markdown");
  box.innerHTML = marked
    .parse(plain)
    .replace(/\u0002(\d+)\u0002/g, (_, i) => `<span class="math notranslate nohighlight">${escaped(formulas[i])}</span>`);
  for (const code of box.querySelectorAll("pre > code.language-python")) code.parentNode.replaceWith(highlighted(listing(code.textContent), "highlight-python"));
  for (const table of box.querySelectorAll("table")) table.classList.add("table");
  return box;
}

function highlighted(pre, name) {
  const box = make("div", `${name} notranslate`);
  const inner = make("div", "highlight");
  inner.append(pre);
  box.append(inner);
  return box;
}

function plain(text, name) {
  const box = highlighted(make("pre", "", text), "highlight-myst-ansi");
  box.classList.add("output", ...name.split(" "));
  return box;
}

// A carriage return goes back to the start of the line, as progress bars want.
export const carriage = (text) =>
  text.replace(/\r+\n/g, "\n").split("\n").map((line) => line.split("\r").reduce((kept, part) => part || kept, "")).join("\n");

export function drawing(widget) {
  function rich(data, metadata) {
    const view = data["application/vnd.jupyter.widget-view+json"];
    if (view) return widget(view.model_id, make("div", "output widget-subarea"));
    if (data["text/html"] != null) {
      const box = make("div", "output text_html");
      box.append(document.createRange().createContextualFragment(data["text/html"]));
      return box;
    }
    if (data["text/markdown"] != null) return markdown(data["text/markdown"]);
    if (data["image/svg+xml"] != null) {
      const box = make("div", "output image_svg");
      box.innerHTML = data["image/svg+xml"];
      return box;
    }
    for (const mime of ["image/png", "image/jpeg"]) {
      if (data[mime] == null) continue;
      const image = make("img");
      image.src = `data:${mime};base64,${data[mime].replace(/\s/g, "")}`;
      image.alt = metadata?.[mime]?.alt ?? data["text/plain"] ?? "";
      const box = make("div", "output image_png");
      box.append(image);
      return box;
    }
    if (data["text/latex"] != null) return markdown(data["text/latex"]);
    return plain(data["text/plain"] ?? "", "text_plain");
  }

  return function draw(output) {
    if (output.output_type === "stream") return plain(carriage(output.text), output.name === "stderr" ? "stream stderr live-warning" : "stream");
    if (output.output_type === "error") return plain(output.traceback, "traceback live-error");
    return rich(output.data, output.metadata);
  };
}
