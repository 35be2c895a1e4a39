"""A neural network from scratch, in NumPy, small enough to read in one sitting.

MODULES names the files in the order in which to read them. Each lists in its own `__all__` what it adds to this
package. What a page of the book needs on top (figures, explorers, exercises) is in `scratchnet.book`.
"""

import sys

from scratchnet.activations import *
from scratchnet.datasets import *
from scratchnet.dropout import *
from scratchnet.gradcheck import *
from scratchnet.initializers import *
from scratchnet.layers import *
from scratchnet.losses import *
from scratchnet.network import *
from scratchnet.normalization import *
from scratchnet.optimizers import *
from scratchnet.schedules import *
from scratchnet.storage import *
from scratchnet.together import *
from scratchnet.training import *

__version__ = "0.1.0"

MODULES = (
    *("checks", "datasets", "activations", "initializers", "parameters", "layers", "normalization", "dropout"),
    *("losses", "optimizers", "schedules", "network", "training", "together", "gradcheck", "storage"),
)
__all__ = [name for module in MODULES for name in sys.modules[f"scratchnet.{module}"].__all__]
