"""`python -m benchmarks.digits`: the digits, learned by scratchnet and by scikit-learn, five seeds each.

Everybody trains on all images but the test images, which are the same for all. Accuracy is counted in images.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe
from scratchnet.book import digits
from scratchnet.book.experiments import independent_seeds

HIDDEN, LR, EPOCHS = digits.HIDDEN, digits.LR, digits.EPOCHS
SEEDS = independent_seeds(5)


def ours(seed: int, data: digits.Split) -> Callable[[np.ndarray], np.ndarray]:
    """Train scratchnet as the page does."""
    (net,) = digits.trained(HIDDEN, [seed], *data.but_for_test())
    return net.predict


def theirs(seed: int, data: digits.Split, **settings: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Train scikit-learn's MLPClassifier."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier(HIDDEN, random_state=seed, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it would like to train on
        net.fit(*data.but_for_test())
    return net.predict


SAME = {
    **{"solver": "sgd", "learning_rate_init": LR, "batch_size": 32, "max_iter": EPOCHS, "alpha": 0.0},
    **{"momentum": 0.0, "nesterovs_momentum": False, "tol": 0.0, "n_iter_no_change": 10**9},
}
CONTENDERS: dict[str, tuple[str, Callable[..., Any], dict[str, Any]]] = {
    "scratchnet": ("gradient descent at 0.5, batches of 32, 60 epochs", ours, {}),
    "scikit-learn, the same": ("gradient descent at 0.5, batches of 32, 60 epochs", theirs, SAME),
    "scikit-learn as it comes": ("Adam at 0.001, batches of 200, at most 200 epochs, weight decay 0.0001", theirs, {}),
}


def run(name: str, data: digits.Split) -> dict[str, Any]:
    """Return how many test images each seed gets right, and the seconds of each training."""
    settings, train, arguments = CONTENDERS[name]
    right, seconds = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        predict = train(seed, data, **arguments)
        seconds.append(round(time.perf_counter() - start, 2))
        right.append(int(np.sum(predict(data.X_test) == data.y_test)))
    return {"settings": settings, "right": right, "seconds": seconds}


def main() -> None:
    """Measure everybody who is installed, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.digits", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="the file to write the results to")
    options = parser.parse_args()
    data = digits.split()
    names = [name for name in CONTENDERS if name == "scratchnet" or importlib.util.find_spec("sklearn")]
    contenders = {name: run(name, data) for name in names}
    results = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": describe(),
        "hidden": HIDDEN,
        "seeds": SEEDS,
        "of": len(data.y_test),
        "contenders": contenders,
    }
    options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name, found in contenders.items():
        print(f"{name:26s} right {found['right']} of {len(data.y_test)}, seconds {found['seconds']}")


if __name__ == "__main__":
    main()
