"""Losses, and the output pairs in which a last activation and its loss meet.

A pair computes the loss from the logits Z, before the activation, where nothing can overflow. Its gradient is
(Ŷ - Y) / N for every pair: this division is the only 1/N between the loss and the parameters.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from scratchnet import checks
from scratchnet.activations import sigmoid, softmax

__all__ = ["IdentitySquaredError", "Output", "SigmoidCrossEntropy", "SoftmaxCrossEntropy"]
__all__ += ["binary_cross_entropy", "mse_grad", "mse_loss"]


def _aligned(y_pred: Any, y_true: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return both as finite arrays; raise ValueError unless their shapes are equal and not empty."""
    y_pred = checks.finite("y_pred", y_pred)
    if y_pred.size == 0:
        raise ValueError(f"y_pred must hold at least one value, got shape {y_pred.shape}")
    return y_pred, checks.finite("y_true", checks.same_shape("y_true", y_true, y_pred.shape))


def mse_loss(y_pred: Any, y_true: Any) -> float:
    """Mean squared error over all entries: mean((ŷ - y)²). Raises ValueError for unequal shapes."""
    y_pred, y_true = _aligned(y_pred, y_true)
    return float(np.mean((y_pred - y_true) ** 2))


def mse_grad(y_pred: Any, y_true: Any) -> np.ndarray:
    """Gradient of `mse_loss` with respect to ŷ: 2 (ŷ - y) / (number of entries)."""
    y_pred, y_true = _aligned(y_pred, y_true)
    return 2 * (y_pred - y_true) / y_pred.size


def binary_cross_entropy(y_pred: Any, y_true: Any) -> float:
    """Cross-entropy of probabilities: -mean(y log p + (1 - y) log(1 - p)), p clipped to [1e-7, 1 - 1e-7].

    The clipping hides how wrong a sure and wrong answer is: the loss never exceeds 16.1. Training uses
    `SigmoidCrossEntropy.loss` instead, which needs none. Raises ValueError for unequal shapes, and unless all of ŷ and
    y are between 0 and 1.
    """
    y_pred, y_true = _aligned(y_pred, y_true)
    p = np.clip(checks.share("y_pred", y_pred, "probabilities"), 1e-7, 1 - 1e-7)
    y_true = checks.share("y_true", y_true, "labels")
    return float(-np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p)))


class Output:
    """Base class of the output pairs: an activation, the loss that belongs to it, and how to predict.

    Z are logits, Y_pred what `forward` makes of them, Y targets, all of shape (N, d_out). `settings` is for files, as
    in a `Layer`.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[tuple[str, ...]] = ()
    squares: ClassVar[tuple[str, ...]] = ()

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return the predictions Ŷ for the logits Z."""
        raise NotImplementedError

    def loss(self, Z: np.ndarray, Y: np.ndarray) -> Any:
        """Return the loss of the logits Z, averaged over the N samples of the batch."""
        raise NotImplementedError

    def backward(self, Y_pred: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return dL/dZ = (Ŷ - Y) / N, the only place where the gradient is divided by the batch size."""
        Y_pred = checks.batch("Y_pred", Y_pred)
        return (Y_pred - checks.same_shape("Y", Y, Y_pred.shape)) / Y_pred.shape[-2]

    def predict(self, Y_pred: np.ndarray) -> np.ndarray:
        """Return the answer that a user wants: a label where there are classes."""
        raise NotImplementedError

    def accuracy(self, Y_pred: np.ndarray, Y: np.ndarray) -> float:
        """Return the share of samples for which the predicted label is the true one, or all labels are."""
        right = (self.predict(Y_pred) == self.predict(Y)).reshape(len(Y), -1).all(axis=1)
        return int(np.count_nonzero(right)) / len(Y)

    def check_targets(self, Y: np.ndarray, name: str = "y") -> None:
        """Raise ValueError unless every row of Y is a target that this loss is made for."""


class SigmoidCrossEntropy(Output):
    """Sigmoid with binary cross-entropy: for each output, two classes with labels 0 and 1.

        L = (1/N) Σ [max(z, 0) - z y + log(1 + e^(-|z|))]

    which is -y log ŷ - (1 - y) log(1 - ŷ) with ŷ = sigmoid(z), rearranged so that nothing overflows.
    """

    settings = ()

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return the probabilities of class 1, sigmoid(Z)."""
        return sigmoid(Z)

    def loss(self, Z: np.ndarray, Y: np.ndarray) -> Any:
        """Return the binary cross-entropy from logits. Raises ValueError unless all of Y is between 0 and 1."""
        Z = checks.batch("Z", Z)
        Y = checks.share("Y", checks.same_shape("Y", Y, Z.shape), "labels")
        entries = np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))
        return entries.sum(axis=(-2, -1)) / Z.shape[-2]

    def predict(self, Y_pred: np.ndarray) -> np.ndarray:
        """Return 1 where the probability is at least 0.5, else 0; shape (N, d_out)."""
        return (checks.real("Y_pred", Y_pred) >= 0.5).astype(np.int64)

    def check_targets(self, Y: np.ndarray, name: str = "y") -> None:
        """Labels must be 0 or 1."""
        if not np.isin(Y, (0, 1)).all():
            raise ValueError(f"{name} must hold only the labels 0 and 1, got {Y[~np.isin(Y, (0, 1))][0]:g}")


class SoftmaxCrossEntropy(Output):
    """Softmax with cross-entropy: one of d_out classes, targets one-hot.

    L = (1/N) Σ over samples of [log Σⱼ e^(zⱼ) - Σⱼ yⱼ zⱼ]
    """

    settings = ()

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes, softmax(Z); rows sum to 1."""
        return softmax(Z)

    def loss(self, Z: np.ndarray, Y: np.ndarray) -> Any:
        """Return the cross-entropy from logits, each row shifted by its largest entry. Raises as the sigmoid's does."""
        Z = checks.batch("Z", Z)
        Y = checks.share("Y", checks.same_shape("Y", Y, Z.shape), "labels")
        Z = Z - Z.max(axis=-1, keepdims=True)
        return (np.log(np.exp(Z).sum(axis=-1)) - (Y * Z).sum(axis=-1)).sum(axis=-1) / Z.shape[-2]

    def predict(self, Y_pred: np.ndarray) -> np.ndarray:
        """Return the most probable class of every row; shape (N,)."""
        return checks.batch("Y_pred", Y_pred).argmax(axis=-1)

    def check_targets(self, Y: np.ndarray, name: str = "y") -> None:
        """Every row must be one-hot."""
        wrong = Y[~(np.isin(Y, (0, 1)).all(axis=-1) & (Y.sum(axis=-1) == 1))]
        if len(wrong):
            what = f"a single 1 in every row, got the row {wrong[0].tolist()}"
            raise ValueError(f"{name} must be one-hot, {what}; see one_hot(labels, n_classes)")


class IdentitySquaredError(Output):
    """No activation, with the squared error of regression: L = Σ‖ŷ - y‖² / 2N."""

    settings = ()

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return a copy of Z."""
        return checks.real("Z", Z).copy()

    def loss(self, Z: np.ndarray, Y: np.ndarray) -> Any:
        """Return half the squared error of a sample, averaged over the batch."""
        Z = checks.batch("Z", Z)
        return ((Z - checks.same_shape("Y", Y, Z.shape)) ** 2).sum(axis=(-2, -1)) / (2 * Z.shape[-2])

    def predict(self, Y_pred: np.ndarray) -> np.ndarray:
        """Return the predicted values themselves."""
        return checks.real("Y_pred", Y_pred)

    def check_targets(self, Y: np.ndarray, name: str = "y") -> None:
        """The square of a target must not overflow."""
        checks.squarable(name, Y, "measure it in a larger unit")

    def accuracy(self, Y_pred: np.ndarray, Y: np.ndarray) -> float:
        """Return NaN: a regression has no labels to be right about. Look at the loss."""
        return float("nan")
