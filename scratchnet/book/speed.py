"""What the page on speed shows: tables and figures of one run of `make bench`. Nothing is measured here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown
from matplotlib.figure import Figure

from scratchnet.book.plotting import COLORS, MARKERS

Row = dict[str, Any]
SWEEPS = ("width", "depth", "batch")


class Run:
    """The results of one run, from the file that `make bench` writes."""

    def __init__(self, path: str | Path) -> None:
        self.results: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        if self.results["quick"]:
            raise ValueError(f"{path} comes from a quick run, which measures too little to be shown")

    def cases(self, section: str, threads: int = 1) -> dict[str, dict[str, Row]]:
        """Return the rows of one section: {case: {contender: row}}."""
        found: dict[str, dict[str, Row]] = {}
        for row in self.results["rows"]:
            if row["section"] == section and row["threads"] == threads:
                found.setdefault(row["case"], {})[row["contender"]] = row
        return found

    def machine(self) -> str:
        """Return what was measured with, one fact a line."""
        machine = self.results["machine"]
        lines = [
            f"measured on {self.results['date']}: {machine['processor']}, {machine['cores']} cores",
            f"{machine['system']} with {machine['blas']}",
        ]
        return "\n".join(lines + [f"{name:13s} {version}" for name, version in machine["versions"].items()])

    # tables

    def compared(self, section: str, names: Sequence[str], reference: str = "scratchnet") -> Markdown:
        """Return a table: for every case the time of each contender, and in brackets its ratio to one of them."""
        lines = []
        for case, contenders in self.cases(section).items():
            rows = [_fastest(contenders, name) for name in names]
            lines.append([case, *(f"{_time(row)} ({_ratio(row, reference):.2g}×)" for row in rows)])
        return _table(["case", *names], lines)

    def together(self) -> Markdown:
        """Return a table of the step of each of K networks, by architecture and K, with all that trains beside."""
        cases = self.cases("together")
        names = list(dict.fromkeys(name for contenders in cases.values() for name in contenders))
        names = [name for name in names if name != "floor and evaluation"]
        lines = [
            [
                case.replace("-", "\u2011"),  # a hyphen that ends no line
                *(f"{_time(of[name])} ({_ratio(of[name], 'floor'):.2g}×)" if name in of else "–" for name in names),
            ]
            for case, of in cases.items()
        ]
        return _table(["networks", *names], lines) if cases else Markdown("This run did not measure it.")

    def of_each(self, dims: str, contender: str) -> list[float]:
        """Return the best seconds of a step for each of K networks of these sizes, by K, where it was measured."""
        cases = [of for case, of in self.cases("together").items() if case.endswith(f" of {dims}")]
        return [_best(of[contender]) for of in cases if contender in of]

    def loops_alone(self) -> Markdown:
        """Return a table of the step of those who record nothing beyond what they record by themselves."""
        names = ("published", "PyTorch", "scikit-learn")
        lines = [
            [case, *(_time(_fastest(contenders, name, alone=True)) for name in names)]
            for case, contenders in self.cases("step").items()
        ]
        return _table(["loop alone", *names], lines)

    def drawing(self) -> Markdown:
        """Return a table of what a decision boundary costs beyond empty axes."""
        case = "beyond bare axes"
        return _table([case, "time"], [[name, _time(row)] for name, row in self.cases("drawing")[case].items()])

    def expressions(self) -> Markdown:
        """Return a table of the library's expressions beside the plain ones."""
        lines = []
        for name, pair in self.cases("expressions").items():
            what, _, ways = name.partition(": ")
            plain, library = pair["plain"], pair["scratchnet"]
            gain = f"{_best(plain) / _best(library):.1f}×"
            lines.append([f"{what}: {ways.replace(', ', ' → ')}", _time(plain), _time(library), gain])
        return _table(["expression", "plain", "library", "gain"], lines)

    def aims(self) -> Markdown:
        """Return a table of what was aimed at with one thread, and whether it was met."""
        lines = [
            [aim["aim"], f"{aim['sense']} {aim['limit']:g}", f"{aim['value']:.2f}", "met" if aim["met"] else "not met"]
            for aim in self.results["aims"]
            if aim["threads"] in (1, None)
        ]
        return _table(["with one thread", "aim", "measured", "result"], lines)

    # figures, each with its alt text, as `show` takes them

    def growth(self) -> tuple[Figure, str]:
        """Draw the time of a step and that of its matrix products against width, depth and batch."""
        fig, axes = plt.subplots(1, len(SWEEPS), figsize=(8.5, 3.2), sharey=True)
        ends = {}
        for sweep, ax in zip(SWEEPS, axes, strict=True):
            sizes, steps, floors, ratios = self.sweep(sweep).T
            ax.plot(sizes, steps * 1e3, "o", color=COLORS[0], label="training step")
            ax.plot(sizes, floors * 1e3, color=COLORS[1], label="its matrix products")
            ax.set(xscale="log", yscale="log", xlabel=sweep)
            for size, step, ratio in zip(sizes, steps * 1e3, ratios, strict=True):
                text: Any = {"fontsize": 8, "textcoords": "offset points", "ha": "center"}
                ax.annotate(f"{ratio:.1f}", (size, step), (0, 6), **text)
            ends[sweep] = ratios[-1]
        axes[0].set_ylabel("ms a step")
        axes[0].legend(fontsize=8)
        return fig, (
            "Step time against width, depth and batch. At the largest width a step takes "
            f"{ends['width']:.1f} times its matrix products, at the largest depth "
            f"{ends['depth']:.1f} times, at the largest batch {ends['batch']:.1f} times."
        )

    def sweep(self, sweep: str) -> np.ndarray:
        """Return a row for every size: the size, seconds of a step, seconds of its products, and their ratio."""
        floor = "floor and evaluation"
        return np.array(
            [
                [
                    float(case.split()[1]),
                    _best(contenders["scratchnet"]),
                    _best(contenders[floor]),
                    _ratio(contenders["scratchnet"], floor),
                ]
                for case, contenders in self.cases("growth").items()
                if case.split()[0] == sweep
            ]
        )

    def peaks(self, sweep: str) -> tuple[np.ndarray, np.ndarray]:
        """Return for every size of a sweep the bytes of parameters and activations, and the peak while it trains."""
        rows = [row for row in self.results["memory"] if row["sweep"] == sweep]
        return np.array([row["parameters"] + row["activations"] for row in rows]), np.array(
            [row["peak"] for row in rows]
        )

    def exponents(self, sweep: str) -> tuple[float, float]:
        """Return how the peak grows in the smaller and in the larger half of the sizes: 1 is in step with what is kept.

        It is the slope of a line through the logarithms.
        """
        kept, peak = np.log(self.peaks(sweep))
        half = len(kept) // 2
        smaller, larger = (np.polyfit(kept[part], peak[part], 1)[0] for part in (slice(half), slice(-half, None)))
        return float(smaller), float(larger)

    def memory(self) -> tuple[Figure, str]:
        """Draw the peak memory of training against the size of what has to be kept."""
        fig, ax = plt.subplots(figsize=(6, 3.6))
        ends = []
        for sweep, marker in zip(SWEEPS, MARKERS, strict=False):
            kept, peaks = self.peaks(sweep)
            ax.plot(kept / 1e6, peaks / 1e6, marker, linestyle="none", label=sweep)
            ends.append(f"{peaks[-1] / kept[-1]:.1f} times as much for {sweep}")
        ax.plot([0.01, 30], [0.06, 180], "--", color="gray", label="six times")
        ax.set(xscale="log", yscale="log", xlabel="parameters + activations, MB", ylabel="peak, MB")
        ax.legend()
        flat = self.peaks("batch")[1][:5] / 1e3
        return fig, (
            "Peak memory against parameters and activations, log axes. At the largest sizes it is "
            f"{', '.join(ends)}. From batches of 1 to 256 it stays between {flat.min():.0f} and {flat.max():.0f} kB."
        )

    def growth_of_memory(self) -> Markdown:
        """Return a table of the exponents of all sweeps."""
        lines = [[sweep, *(f"{exponent:.2f}" for exponent in self.exponents(sweep))] for sweep in SWEEPS]
        return _table(["exponent against parameters and activations", "smaller half", "larger half"], lines)


def _median(row: Row) -> float:
    return float(row["seconds"]["median"])


def _fastest(contenders: dict[str, Row], name: str, alone: bool = False) -> Row:
    """Return the row of a contender in the fastest of its variants, such as fused."""
    own = [row for key, row in contenders.items() if key.startswith(name) and key.endswith("loop alone") == alone]
    return min(own, key=_best)


def _best(row: Row) -> float:
    return float(row["seconds"]["best"])


def _ratio(row: Row, reference: str) -> float:
    found = row["ratio_to"][reference]
    return float(found["best"])


def _time(row: Row) -> str:
    """Return the best time, and the median in italics."""
    return f"{_duration(_best(row))} *{_duration(_median(row))}*"


def _duration(seconds: float) -> str:
    """Return a time with its unit, which no line parts from the number."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g}\u00a0{unit}"
    return f"{seconds / 1e-6:.3g}\u00a0µs"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Markdown:
    rule = "| --- |" + " ---: |" * (len(head) - 1)
    text = [f"| {' | '.join(line)} |" for line in (head, *lines)]
    return Markdown("\n".join([text[0], rule, *text[1:]]))
