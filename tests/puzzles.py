"""The puzzles of the notebooks, lines to be put in order, and what an order of them computes."""

import contextlib
import re
from types import SimpleNamespace

import numpy as np
from pages import EXERCISE_PAGES, NOTEBOOKS

from scratchnet import Layer, NeuralNetwork, ReLU, sigmoid

SOLUTION = re.compile(
    r'<details class="order">\n<summary>.+?</summary>\n\n(.+?)\n\nThese do not belong:\n\n(.+?)\n\n</details>',
    re.DOTALL,
)


def read(page):
    """The puzzle of a page: its lines in order, those that do not belong, and why not."""
    (found,) = [match for cell in NOTEBOOKS[page].cells for match in SOLUTION.finditer(cell.source)]
    lines = [line.partition(". ")[2].strip("`") for line in found[1].splitlines()]
    strange = re.findall(r"^- `(.+?)` (.+)$", found[2], re.MULTILINE)
    return SimpleNamespace(
        page=page, lines=lines, strange=[line for line, _ in strange], reasons=[why for _, why in strange]
    )


PUZZLES = {page: read(page) for page in EXERCISE_PAGES}


class Contours(list):
    """Stands for matplotlib: keeps what is to be drawn."""

    def contour(self, *arguments):
        self.append(arguments)


class Stopping:
    """Stands for a network that is trained: its validation loss falls for a while."""

    def __init__(self, epochs=0):
        self.epochs = epochs

    def copy(self):
        return Stopping(self.epochs)


def train_one_epoch(net):
    net.epochs += 1


def settings():
    """What the puzzle of each notebook finds in place before its first line."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape)

    losses = [0.9, 0.7, 0.8, 0.5, 0.6, 0.7, 0.8, 0.1, 0.1, 0.1]
    return {
        "01": {"X": normal(6, 2), "X_test": normal(5, 2)},
        "02": {"X": normal(5, 3), "W": normal(3, 2), "A": np.maximum(normal(5, 2), 0), "dA": normal(5, 2)},
        "03": {
            **{"X": normal(6, 2), "y": np.array([[0, 1, 1, 0, 1, 0]]).T, "lr": 0.1},
            **{"W1": normal(2, 4), "b1": normal(1, 4), "W2": normal(4, 1), "b2": normal(1, 1)},
        },
        "04": {"net": NeuralNetwork([2, 4, 1], seed=0), "plt": Contours()},
        "05": {"seed": 0, "width": 6, "depth": 4},
        "06": {"W": normal(3, 2), "h": 1e-5, "loss": lambda W: np.sum(W**3)},
        "07": {
            **{"t": 3, "g": normal(4), "m": normal(4), "v": normal(4) ** 2, "theta": normal(4)},
            **{"beta1": 0.9, "beta2": 0.999, "lr": 0.1, "epsilon": 1e-8},
        },
        "08": {
            **{"Z": normal(6, 3), "N": 6, "gamma": normal(3), "beta": normal(3), "epsilon": 1e-5},
            **{"running_mean": normal(3), "running_var": normal(3) ** 2},
        },
        "09": {
            **{"net": Stopping(), "n_epochs": 10, "patience": 3, "train_one_epoch": train_one_epoch},
            "validation_loss": lambda net: losses[net.epochs - 1],
        },
        "10": {"net": NeuralNetwork([2, 6, 5, 1], seed=119), "X": normal(3, 2), "ReLU": ReLU},
        "11": {"Z": 3 * normal(5, 4), "labels": np.array([0, 3, 1, 1, 2])},
    }


def outcome(puzzle, order):
    """What the lines in this order compute, every name with its value, or None if they fail."""
    number = re.search(r"/(\d\d)_", puzzle.page)[1]
    names = {"np": np, "sigmoid": sigmoid, **settings()[number]}
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        exec("\n".join(puzzle.lines[line] for line in order), names)
        return {
            name: value.epochs if isinstance(value, Stopping) else drawn(value) if name == "plt" else value
            for name, value in names.items()
            if name not in {"__builtins__", "np", "rng"}
            and not callable(value)
            and not isinstance(value, NeuralNetwork | Layer)
        }
    return None


def drawn(calls):
    """What was drawn, as one array."""
    return np.concatenate([np.ravel(argument) for arguments in calls for argument in arguments])
