// What a reader has written, kept in the browser by page: {page: {cell number: {text, book}}}.
// `book` is the book's own cell when it was changed, so that a newer edition can say that its cell is another one now.
// The network that the reader builds, my_network.py, is kept beside them: a text.
const NETWORK = "scratchnet-network";
const FORMAT = "scratchnet-answers-1";
const { ANSWERS: KEY, get, put } = window.kept;

function valid(all) {
  const kept = {};
  if (!all || typeof all !== "object" || Array.isArray(all)) return kept;
  for (const [page, cells] of Object.entries(all)) {
    if (!cells || typeof cells !== "object") continue;
    const fine = Object.entries(cells).filter(([, cell]) => typeof cell?.text === "string" && typeof cell?.book === "string");
    if (fine.length) kept[page] = Object.fromEntries(fine.map(([number, { text, book }]) => [number, { text, book }]));
  }
  return kept;
}

export function all() {
  try {
    return valid(JSON.parse(get(KEY)));
  } catch {
    return {};
  }
}

const write = (answers) => put(KEY, Object.keys(answers).length ? JSON.stringify(answers) : "");

export const of = (page) => all()[page] ?? {};

// Whether this browser keeps anything at all.
export const keeps = () => put(`${KEY}-probe`, "x") && put(`${KEY}-probe`, "");

// Calls back when another window of the book has changed what is kept.
export const elsewhere = (heard) => addEventListener("storage", ({ key }) => key === KEY && heard());

export function keep(page, number, text, book) {
  const answers = all();
  const cells = { ...answers[page] };
  if (text === book) delete cells[number];
  else cells[number] = { text, book };
  if (Object.keys(cells).length) answers[page] = cells;
  else delete answers[page];
  return write(answers);
}

export const myNetwork = () => get(NETWORK);
export const keepNetwork = (text) => put(NETWORK, text);

function save(text, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

export const download = () =>
  save(JSON.stringify({ format: FORMAT, answers: all(), network: myNetwork() }, null, 1), "my-answers.json", "application/json");

export const downloadNetwork = () => save(myNetwork(), "my_network.py", "text/x-python");

// Adds what a file holds to what is here, cell by cell; throws if it is no such file.
export function open(text) {
  const { format, answers, network: mine } = JSON.parse(text);
  if (format !== FORMAT) throw new Error("another format");
  if (mine && typeof mine === "string") keepNetwork(mine);
  const merged = all();
  for (const [page, cells] of Object.entries(valid(answers))) merged[page] = { ...merged[page], ...cells };
  return write(merged);
}
