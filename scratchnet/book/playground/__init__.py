"""The playground: a network that trains under the reader's hands, by the lines that it shows."""

from scratchnet.book.playground.own import as_layer, as_linear, as_optimizer
from scratchnet.book.playground.widget import Playground, first_screen

__all__ = ["Playground", "as_layer", "as_linear", "as_optimizer", "first_screen"]
