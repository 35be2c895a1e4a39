// Starts Pyodide in node and lets pack.py make the packs: node pack.mjs STAGE INTO
import fs from "node:fs";
import path from "node:path";
import { loadPyodide } from "pyodide";

const [stage, into] = process.argv.slice(2).map((folder) => path.resolve(folder));
const python = await loadPyodide();
python.mountNodeFS("/stage", stage);
python.mountNodeFS("/into", into);
python.FS.writeFile("/home/pyodide/pack.py", fs.readFileSync(new URL("pack.py", import.meta.url)));
python.runPython("import pathlib, pack; pack.main(pathlib.Path('/stage'), pathlib.Path('/into'))");
process.exit(0);
