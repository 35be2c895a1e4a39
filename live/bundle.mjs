// Bundles the scripts of a live page: node bundle.mjs INTO. Prints what each is made of, as JSON.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const into = path.resolve(process.argv[2]);

// The widgets' front end asks for these, and no page shows what they are for.
const nothing = {
  name: "nothing",
  setup(build) {
    build.onResolve({ filter: /^(@jupyter-widgets\/(base7|controls7)|sanitize-html)$/ }, ({ path }) => ({ path, namespace: "nothing" }));
    build.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = {}" }));
  },
};
const settings = {
  ...{ bundle: true, minify: true, target: "es2022", legalComments: "eof", charset: "utf8" },
  ...{ logLevel: "error", metafile: true, absWorkingDir: path.dirname(here), outdir: into, plugins: [nothing] },
  external: ["node:*", "ws"],
  loader: { ".svg": "dataurl", ".woff": "dataurl", ".woff2": "dataurl", ".ttf": "dataurl", ".eot": "dataurl" },
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
};
const made = {};
for (const name of ["start", "live", "worker", "widgets"]) {
  const { metafile } = await build({ ...settings, entryPoints: [{ in: `live/${name}.js`, out: name }], format: name === "start" ? "iife" : "esm" });
  for (const [file, { inputs }] of Object.entries(metafile.outputs)) {
    const packages = Object.keys(inputs).map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]);
    made[path.basename(file)] = [...new Set(packages.filter(Boolean))].sort();
  }
}
console.log(JSON.stringify(made));
