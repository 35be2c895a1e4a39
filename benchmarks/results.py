"""What has been measured, as rows of medians, quartiles and ratios, and what the aims make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

SCRATCHNET, FLOOR, FLOOR_EVALUATED = "scratchnet", "floor", "floor and evaluation"
REFERENCES = (FLOOR, FLOOR_EVALUATED, SCRATCHNET)
ALONE = ", loop alone"

Row = dict[str, Any]


@dataclass
class Case:
    """One thing to do, and how long every contender took for it: seconds, one number a round.

    Where rounds are `paired`, ratios are taken round by round, and of the best of each; otherwise of the medians.
    flops: multiplications and additions of the contenders for which they have been counted.
    """

    section: str
    name: str
    seconds: dict[str, np.ndarray]
    flops: dict[str, float] = field(default_factory=dict)
    paired: bool = True

    def rows(self, threads: int) -> list[Row]:
        """Return one row for each contender."""
        references = [name for name in REFERENCES if name in self.seconds]
        return [
            {
                "section": self.section,
                "case": self.name,
                "contender": name,
                "threads": threads,
                "seconds": summary(seconds),
                "ratio_to": {reference: self._ratio(seconds, self.seconds[reference]) for reference in references},
                "rounds": len(seconds),
            }
            | ({"flops": self.flops[name]} if name in self.flops else {})
            for name, seconds in self.seconds.items()
        ]

    def _ratio(self, seconds: np.ndarray, reference: np.ndarray) -> dict[str, float]:
        if self.paired:
            return summary(seconds / reference) | {"best": float(seconds.min() / reference.min())}
        return dict.fromkeys(("median", "best"), float(np.median(seconds) / np.median(reference)))


def summary(values: Any) -> dict[str, float]:
    """Return the best, which is the smallest, median and quartiles."""
    best, q1, median, q3 = np.quantile(values, (0, 0.25, 0.5, 0.75))
    return {"best": float(best), "median": float(median), "q1": float(q1), "q3": float(q3)}
