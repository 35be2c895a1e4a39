"""How fast the playground trains and draws: `python -m benchmarks.playground`, on this machine, without a browser.

With the file src/nn.ts of the TensorFlow Playground, which is not part of this book, its engine takes the same steps in
Node, in turns with ours: `python -m benchmarks.playground --beside nn.ts`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from scratchnet.book.playground.run import Run
from scratchnet.book.playground.setting import Setting, fields

ROOT = Path(__file__).resolve().parent.parent
# The chapter's network, the one that the page opens with, and the one that the TensorFlow Playground opens with.
NETWORKS = {"64-32-16": 64, "16-16": 32, "4-2": 10}
ROUNDS, SECONDS = 5, 1.0
SLICE = 0.015  # seconds of training between two pictures, as the front end asks for
PICTURES, DRAWING = 30, 0.5  # pictures a second at least, and the share of the time that drawing may take
SCRIPT = """
import {{ Activations, Errors, backProp, buildNetwork, forwardProp, updateWeights }} from "{engine}";
const [sizes, batch, points, seconds] = {task};
const network = buildNetwork(sizes, Activations.RELU, Activations.TANH, null, ["x1", "x2"]);
let steps = 0;
let row = 0;
const step = () => {{
  for (let i = 0; i < batch; i++, row = (row + 1) % points.length) {{
    const [x1, x2, y] = points[row];
    forwardProp(network, [x1, x2]);
    backProp(network, y, Errors.SQUARE);
  }}
  updateWeights(network, 0.03, 0);
}};
for (let i = 0; i < 300; i++) step();
const began = performance.now();
while (performance.now() - began < 1000 * seconds) {{
  step();
  steps++;
}}
console.log((1000 * steps) / (performance.now() - began));
"""


def run_of(hidden: str, batch: int) -> Run:
    """Return a run with gradient descent, which has taken its first epochs."""
    query = f"hidden={hidden}&batch={batch}&optimizer=SGD&rate=0.03"
    run = Run(Setting.from_address(fields({}), query), {})
    for _ in range(5):
        run.take_epoch()
    return run


def playing(run: Run) -> tuple[float, float, float]:
    """Play for a while; return pictures a second, steps a second, and the share of the time that pictures take."""
    began, steps, pictures, drawing = time.perf_counter(), run.steps, 0, 0.0
    while time.perf_counter() - began < SECONDS:
        run.advance(SLICE)
        before = time.perf_counter()
        run.frame().packed()
        drawing += time.perf_counter() - before
        pictures += 1
    took = time.perf_counter() - began
    return pictures / took, (run.steps - steps) / took, drawing / took


def beside(engine: Path, run: Run, hidden: str, batch: int) -> float:
    """Return how many steps of the same size the other engine takes in a second, on the same points."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("Node is not installed here, and the other engine needs it.")
    rows = [[*x, 2 * y - 1] for x, y in zip(run.X.tolist(), run.y[:, 0].tolist(), strict=True)]
    sizes = [2, *map(int, hidden.split("-")), 1]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "engine.mjs")
        esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
        subprocess.run([esbuild, engine, "--format=esm", f"--outfile={made}", "--log-level=error"], check=True)
        script = Path(folder, "script.mjs")
        script.write_text(SCRIPT.format(engine=made.as_uri(), task=json.dumps([sizes, batch, rows, SECONDS])))
        return float(subprocess.run([node, script], check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print a line for each network, medians of rounds, and what is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--beside", type=Path, help="the TensorFlow Playground's src/nn.ts")
    engine = parser.parse_args().beside
    missed = []
    print("hidden    batch   pictures/s   steps/s   drawing" + ("   TensorFlow Playground's steps/s" if engine else ""))
    for hidden, batch in NETWORKS.items():
        run, rounds, others = run_of(hidden, batch), [], []
        for _ in range(ROUNDS):
            rounds.append(playing(run))
            others += [beside(engine, run, hidden, batch)] if engine else []
        pictures, steps, drawing = (statistics.median(values) for values in zip(*rounds, strict=True))
        line = f"{hidden:9s} {batch:5d} {pictures:12.0f} {steps:9.0f} {drawing:9.0%}"
        if others:
            other = statistics.median(others)
            line += f"   {other:.0f}, {steps / other:.2f} × theirs"
        print(line)
        missed += [f"{hidden}: {pictures:.0f} pictures a second"] if pictures < PICTURES else []
        missed += [f"{hidden}: drawing takes {drawing:.0%}"] if drawing > DRAWING else []
    print("\n".join(["missed:", *missed] if missed else ["every aim is met"]))


if __name__ == "__main__":
    main()
