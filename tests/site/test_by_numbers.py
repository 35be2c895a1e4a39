"""The numbers of the small network in notebook 3 are those that it computes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from pages import cells_of

from scratchnet import NeuralNetwork


def test_every_matrix_in_the_text_is_the_one_that_the_library_computes() -> None:
    (text,) = [cell.source for cell in cells_of("chapters/03_network_training") if "training-by-numbers" in cell.source]
    found = re.findall(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", text)
    written = [np.array([row.split("&") for row in matrix.split(r"\\")], float) for matrix in found]
    X, W1, b1, _, _, W2, b2 = written[:7]

    net = NeuralNetwork([2, 2, 1])
    layers: list[Any] = net.layers
    first, bend, last = layers
    first.W, first.b, last.W, last.b = W1, b1, W2, b2
    Z1 = first.forward(X)
    A1 = bend.forward(Z1)
    Z2 = last.forward(A1)
    Y = net.output.forward(Z2)
    dZ2 = net.output.backward(Y, np.array([[1.0], [0.0]]))
    dA1 = last.backward(dZ2)
    dZ1 = bend.backward(dA1)
    dX = first.backward(dZ1)
    forward, backward = [X, W1, b1, Z1, A1, W2, b2, Z2, Y], [dZ2, last.dW, last.db, dA1, dZ1, first.dW, first.db, dX]
    for one, other in zip(written, [*forward, *backward], strict=True):
        assert np.array_equal(one, other)
