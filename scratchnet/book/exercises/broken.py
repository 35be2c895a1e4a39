"""Planted mistakes that the clinic and the exercises share: layers that run, whose shapes fit, and that are wrong.

The clinic's patients have no docstrings, and names that give nothing away: their source is shown to readers, who are
to find what is wrong. The comment above each one says it.
"""

from __future__ import annotations

import numpy as np

from scratchnet import Dropout, Layer, LinearLayer


# The loss has divided by N already, and the layer divides once more: the bug of the published run.
class LinearA(LinearLayer):
    def backward(self, dZ: np.ndarray) -> np.ndarray:
        X, N = self.cached(dZ, "dZ"), len(dZ)
        self.dW = X.T @ dZ / N
        self.db = dZ.sum(axis=0, keepdims=True) / N
        return dZ @ self.W.T


# The mask is taken from the gradient that comes in, and not from the output that was cached.
class ReluB(Layer):
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        A = np.maximum(Z, 0)
        if training:
            self.cache(A)
        return A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        mask = dA > 0
        return dA * mask


# The output of a ReLU is never negative, so that this mask is always true.
class ReluC(Layer):
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        A = np.maximum(Z, 0)
        if training:
            self.cache(A)
        return A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        A = self.cached()
        return dA * (A >= 0)


# The transpose is missing in dX, where the shapes fit because the layer is square.
class LinearD(LinearLayer):
    def backward(self, dZ: np.ndarray) -> np.ndarray:
        X = self.cached(dZ, "dZ")
        self.dW = X.T @ dZ
        self.db = dZ.sum(axis=0, keepdims=True)
        return dZ @ self.W


# db is a mean over the batch in place of a sum.
class LinearE(LinearLayer):
    def backward(self, dZ: np.ndarray) -> np.ndarray:
        X = self.cached(dZ, "dZ")
        self.dW = X.T @ dZ
        self.db = dZ.mean(axis=0, keepdims=True)
        return dZ @ self.W.T


# An evaluation overwrites what backward needs.
class LinearF(LinearLayer):
    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        Z = X @ self.W + self.b
        self.cache(X, shape=Z.shape)
        return Z


# The forward pass divides by 1 - p, and the backward pass does not.
class DropoutG(Dropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        if not training:
            return A
        mask = self.rng.random(A.shape) >= self.rate
        self.cache(mask)
        return A * mask / (1 - self.rate)

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * self.cached()


# Training divides by 1 - p already, and prediction multiplies by it all the same.
class DropoutH(Dropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        if not training:
            return A * (1 - self.rate)
        mask = (self.rng.random(A.shape) >= self.rate) / (1 - self.rate)
        self.cache(mask)
        return A * mask

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * self.cached()


# The rest is what the exercises add to the clinic's patients.


class Reshaped(LinearLayer):
    """W is reshaped in dX where it should be transposed, so that the shapes always fit."""

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        super().backward(dZ)
        return dZ @ self.W.reshape(self.W.shape[1], self.W.shape[0])


class UpsideDown(LinearLayer):
    """Samples get each other's gradients."""

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        return super().backward(dZ[::-1])


class AveragedWeights(LinearLayer):
    """dW alone is wrong, a mean over the batch."""

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        dX = super().backward(dZ)
        self.dW = self.dW / len(dZ)
        return dX


class SlightlyLong(LinearLayer):
    """dW is too long by a fiftieth, as after a constant that was rounded."""

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        dX = super().backward(dZ)
        self.dW = 1.02 * self.dW
        return dX


class Unbalanced(LinearLayer):
    """dX has a factor that is 1 only where d_in = d_out."""

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        return super().backward(dZ) * self.d_out / self.d_in
