"""Answers to the exercises of notebook 11: right ones of several kinds, and wrong ones with what they are told."""

import math
from collections import Counter

import numpy as np
from tables import judged

# 11.1


def softmax_by_loops(Z):
    P = np.zeros(Z.shape)
    for n in range(len(Z)):
        top = max(Z[n])
        row = [math.exp(z - top) for z in Z[n]]
        P[n] = [e / sum(row) for e in row]
    return P


def softmax_through_logs(Z):
    return np.exp(Z - np.logaddexp.reduce(Z, axis=1, keepdims=True))


def softmax_in_place(Z):
    Z -= Z.max(axis=1, keepdims=True)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=1, keepdims=True)
    return Z


def softmax_transposed(Z):
    E = np.exp(Z.T - Z.max(axis=1))
    return (E / E.sum(axis=0)).T


def softmax_by_pairs(Z):
    """1 / Σ e^(z_j - z_i), which overflows to a probability of 0."""
    return 1 / np.exp(Z[:, None, :] - Z[:, :, None]).sum(axis=2)


# 11.2


def loss_by_loops(Z, labels):
    total = 0.0
    for row, label in zip(Z, labels, strict=True):
        top = max(row)
        total += top + math.log(sum(math.exp(z - top) for z in row)) - row[label]
    return total / len(Z)


def loss_of_shifted(Z, labels):
    Z = Z - Z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(Z)), labels])


def loss_by_differences(Z, labels):
    gaps = Z - np.take_along_axis(Z, labels[:, None], axis=1)
    return np.logaddexp.reduce(gaps, axis=1).mean()


def loss_with_one_hot(Z, labels):
    Y = np.eye(Z.shape[1])[labels]
    return np.sum(np.logaddexp.reduce(Z, axis=1) - (Y * Z).sum(axis=1)) / len(Z)


# 11.3


def gradient_in_place(Z, labels):
    P = softmax_by_loops(Z)
    P[np.arange(len(Z)), labels] -= 1
    P /= len(Z)
    return P


def gradient_measured(Z, labels):
    h, slopes = 1e-5, np.zeros(Z.shape)
    for n, k in np.ndindex(Z.shape):
        step = np.zeros(Z.shape)
        step[n, k] = h
        slopes[n, k] = (loss_by_loops(Z + step, labels) - loss_by_loops(Z - step, labels)) / (2 * h)
    return slopes


def gradient_by_the_jacobian(Z, labels):
    dZ = []
    for p, label in zip(softmax_by_loops(Z), labels, strict=True):
        J = np.diag(p) - np.outer(p, p)
        dp = np.zeros(len(p))
        dp[label] = -1 / p[label]
        dZ.append(J @ dp / len(Z))
    return dZ


# 11.4


def confusion_by_loop(y, predicted, n_classes):
    C = np.zeros((n_classes, n_classes), dtype=int)
    for i, j in zip(y, predicted, strict=True):
        C[i, j] += 1
    return C


def confusion_by_counter(y, predicted, n_classes):
    found = Counter(zip(y.tolist(), predicted.tolist(), strict=True))
    return [[found[i, j] for j in range(n_classes)] for i in range(n_classes)]


def confusion_at_once(y, predicted, n_classes):
    C = np.zeros((n_classes, n_classes), dtype=int)
    C[y, predicted] += 1
    return C


# 11.5


def ink_in_the_middle(B):
    i, j = np.nonzero(B)
    down = (len(B) - (i.max() - i.min() + 1)) // 2 - i.min()
    right = (B.shape[1] - (j.max() - j.min() + 1)) // 2 - j.min()
    return np.roll(B, (down, right), axis=(0, 1))


def blocks_by_loops(B):
    B = ink_in_the_middle(B)
    return [[B[4 * i : 4 * i + 4, 4 * j : 4 * j + 4].sum() for j in range(3)] for i in range(3)]


def blocks_by_matrices(B):
    S = np.kron(np.eye(3), np.ones((4, 1)))  # (12, 3)
    return S.T @ ink_in_the_middle(B) @ S


def blocks_by_counting(B):
    C = np.zeros((3, 3))
    for i, j in np.argwhere(ink_in_the_middle(B)):
        C[i // 4, j // 4] += 1
    return C


def box_cut_short(B):
    i, j = np.nonzero(B)
    height, width = np.ptp(i), np.ptp(j)
    moved, top, left = np.zeros((12, 12)), (12 - height) // 2, (12 - width) // 2
    moved[top : top + height, left : left + width] = B[i.min() : i.max(), j.min() : j.max()]
    return moved.reshape(3, 4, 3, 4).sum(axis=(1, 3))


RIGHT = {
    "11.1": [
        softmax_by_loops,
        softmax_through_logs,
        softmax_in_place,
        softmax_transposed,
        softmax_by_pairs,
        lambda Z: np.stack([np.exp(z - z.max()) / np.exp(z - z.max()).sum() for z in Z]),
        lambda Z: softmax_by_loops(Z).tolist(),
    ],
    "11.2": [
        loss_by_loops,
        loss_of_shifted,
        loss_by_differences,
        loss_with_one_hot,
        lambda Z, labels: np.mean(np.logaddexp.reduce(Z, axis=1) - Z[range(len(Z)), labels]),
        lambda Z, labels: sum(loss_by_loops(Z[n : n + 1], labels[n : n + 1]) for n in range(len(Z))) / len(Z),
    ],
    "11.3": [
        gradient_in_place,
        gradient_measured,
        gradient_by_the_jacobian,
        lambda Z, labels: (softmax_by_loops(Z) - np.eye(4)[labels]) / len(Z),
        lambda Z, labels: (softmax_by_loops(Z) - (labels[:, None] == np.arange(4))) / len(labels),
        lambda Z, labels: softmax_through_logs(Z) / 3 - np.eye(4)[labels] / 3,
    ],
    "11.4": [
        confusion_by_loop,
        confusion_by_counter,
        lambda y, p, n: np.bincount(n * y + p, minlength=n * n).reshape(n, n),
        lambda y, p, n: np.eye(n)[y].T @ np.eye(n)[p],
        lambda y, p, n: np.histogram2d(y, p, bins=n, range=((0, n), (0, n)))[0],
        lambda y, p, n: [[np.sum((y == i) & (p == j)) for j in range(n)] for i in range(n)],
    ],
    "11.5": [
        blocks_by_loops,
        blocks_by_matrices,
        blocks_by_counting,
        lambda B: ink_in_the_middle(B).reshape(3, 4, 3, 4).sum(axis=(1, 3)),
        lambda B: ink_in_the_middle(B).reshape(3, 4, 3, 4).swapaxes(1, 2).reshape(3, 3, 16).sum(axis=2),
        lambda B: np.add.reduceat(np.add.reduceat(ink_in_the_middle(B), [0, 4, 8], axis=0), [0, 4, 8], axis=1),
    ],
}

WRONG = {
    "11.1": [
        ("e^1000 overflows", lambda Z: np.exp(Z) / np.exp(Z).sum(axis=1)[:, None]),
        ("largest of all", lambda Z: np.exp(Z - np.max(Z)) / np.exp(Z - np.max(Z)).sum(1, keepdims=True)),
        ("another sample", lambda Z: (E := np.exp(Z - np.max(Z, 0, keepdims=True))) / np.sum(E, 1)[:, None]),
        ("sum over each row", lambda Z: softmax_by_loops(Z.T).T),
        ("not the whole batch", lambda Z: softmax_by_loops(Z) / 4),
        ("without keepdims", lambda Z: (E := np.exp(Z - Z.max(1)[:, None])) / E.sum(1)),
        ("logarithms", lambda Z: Z - np.logaddexp.reduce(Z, axis=1)[:, None]),
        ("divide by it", lambda Z: np.exp(Z - Z.max(1)[:, None])),
        ("the classes compete", lambda Z: 1 / (1 + np.exp(-Z))),
        ("leaves something", lambda Z: np.eye(4)[Z.argmax(axis=1)]),
        ("The shape is (4,)", lambda Z: softmax_by_loops(Z)[0]),
    ],
    "11.2": [
        ("shift the logits", lambda Z, t: -np.mean(np.log(softmax_by_loops(Z)[range(4), t]))),
        ("Clipping hides", lambda Z, t: -np.mean(np.log(softmax_by_loops(Z)[range(4), t].clip(1e-7, 1)))),
        ("shift the logits", lambda Z, t: np.mean(np.log(np.exp(Z).sum(1)) - Z[range(4), t])),
        ("the loss is a mean", lambda Z, t: 4 * loss_by_loops(Z, t)),
        ("not by that of all entries", lambda Z, t: loss_by_loops(Z, t) / 4),
        ("The sign", lambda Z, t: -loss_by_loops(Z, t)),
        ("is missing", lambda Z, t: -np.mean(Z[range(4), t])),
        ("not at the largest", lambda Z, t: np.mean(np.logaddexp.reduce(Z, axis=1) - Z.max(1))),
        ("has to come back", lambda Z, t: np.mean(np.log(np.exp(Z - Z.max(1)[:, None]).sum(1)) - Z[range(4), t])),
        ("The shape is (4,)", lambda Z, t: np.logaddexp.reduce(Z, axis=1) - Z[range(4), t]),
    ],
    "11.3": [
        ("has a 1/N", lambda Z, t: softmax_by_loops(Z) - np.eye(4)[t]),
        ("not by that of the entries", lambda Z, t: gradient_in_place(Z, t) / 4),
        ("The sign", lambda Z, t: -gradient_in_place(Z, t)),
        ("are to fall", lambda Z, t: gradient_in_place(Z, t) * np.eye(4)[t]),
        ("Subtract the one-hot", lambda Z, t: softmax_by_loops(Z) / 3),
        ("is in P - Y already", lambda Z, t: gradient_in_place(Z, t) * (P := softmax_by_loops(Z)) * (1 - P)),
        ("over each row", lambda Z, t: (softmax_by_loops(Z.T).T - np.eye(4)[t]) / 3),
        ("not the logits", lambda Z, t: (Z - np.eye(4)[t]) / 3),
        ("sigmoid's gradient", lambda Z, t: (1 / (1 + np.exp(-Z)) - np.eye(4)[t]) / 3),
    ],
    "11.4": [
        ("not the other way round", lambda y, p, n: confusion_by_loop(p, y, n)),
        ("counts a pair once", confusion_at_once),
        ("shares of a row", lambda y, p, n: (C := confusion_by_loop(y, p, n)) / np.maximum(C.sum(1)[:, None], 1)),
        ("shares of all", lambda y, p, n: confusion_by_loop(y, p, n) / len(y)),
        ("belong there too", lambda y, p, n: confusion_by_loop(y, p, n) * (1 - np.eye(n))),
        ("beside the diagonal", lambda y, p, n: confusion_by_loop(y, p, n) * np.eye(n)),
        ("does not come up", lambda y, p, n: confusion_by_loop(y, p, 4)),
        ("which classes are mixed up", lambda y, p, n: np.sum(y == p)),
    ],
    "11.5": [
        ("not moved", lambda B: B.reshape(3, 4, 3, 4).sum(axis=(1, 3))),
        ("A slice ends before", box_cut_short),
        ("needs the axes", lambda B: ink_in_the_middle(B).reshape(3, 3, 4, 4).sum(axis=(2, 3))),
        ("are swapped", lambda B: blocks_by_matrices(B).T),
        ("a full block is 16", lambda B: blocks_by_matrices(B) / 16),
        ("count how much", lambda B: blocks_by_matrices(B) > 0),
        ("one pixel of each", lambda B: ink_in_the_middle(B)[::4, ::4]),
        ("now count it", ink_in_the_middle),
        ("The value differs", lambda B: np.zeros((3, 3))),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
