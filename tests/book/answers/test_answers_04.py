"""Answers to the exercises of notebook 04: right ones of every kind pass, plausible wrong ones are told why."""

import numpy as np
from tables import judged

# 4.1 The frame of the picture: X (N, 2), margin -> left, right, bottom, top


def frame_by_loops(X, margin):
    borders = []
    for j in (0, 1):
        column = [row[j] for row in X.tolist()]
        borders += [min(column) - margin, max(column) + margin]
    return borders


def frame_of_float32(X, margin):
    X = X.astype(np.float32)
    return np.float32([X[:, 0].min() - margin, X[:, 0].max() + margin, X[:, 1].min() - margin, X[:, 1].max() + margin])


def frame(X, margin):
    return np.stack([X.min(axis=0) - margin, X.max(axis=0) + margin], axis=1).ravel()


def frame_in_place(X, margin):
    low = X.min(axis=0) - margin
    X += margin
    high = X.max(axis=0)
    return low[0], high[0], low[1], high[1]


# 4.2 A grid that is not square: net, x1 (n,), x2 (m,) -> P (m, n)


def map_point_by_point(net, x1, x2):
    return [[net.predict_proba(np.array([[u, v]])).item() for u in x1] for v in x2]


def map_row_by_row(net, x1, x2):
    P = np.empty((len(x2), len(x1)))
    for i, v in enumerate(x2):
        P[i] = net.predict_proba(np.column_stack([x1, np.full(len(x1), v)]))[:, 0]
    return P


def grid_map(net, x1, x2, predict="predict_proba"):
    grid = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    return getattr(net, predict)(grid).reshape(len(x2), len(x1))


def map_of_matrix_indexing(net, x1, x2):
    u, v = np.meshgrid(x1, x2, indexing="ij")
    return grid_of(net, u, v).T


def grid_of(net, u, v):
    return net.predict_proba(np.column_stack([u.ravel(), v.ravel()])).reshape(u.shape)


def map_by_layers(net, x1, x2):
    A = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    for layer in net.layers:
        A = layer.forward(A, training=False)
    return (1 / (1 + np.exp(-A))).reshape(len(x2), -1)


def map_that_updates(net, x1, x2):
    P = grid_map(net, x1, x2)
    net.update(0.1)
    return P


def map_that_trains(net, x1, x2):
    return grid_map(net, x1, x2, "forward")


# 4.3 The norm of the mean: gradients (n, d_in, d_out), lengths (n,) -> a number


def norm_by_loops(gradients, lengths):
    mean = 0
    for gradient, length in zip(gradients, lengths, strict=True):
        mean = mean + gradient * length
    return float(np.sqrt(np.sum((mean / sum(lengths)) ** 2)))


def norm_by_repetition(gradients, lengths):
    samples = np.repeat(gradients, lengths.astype(int), axis=0)
    return np.linalg.norm(samples.mean(axis=0))


# 4.4 The update ratio: W, gradients (n, d_in, d_out), lr -> a number


def ratio_step_by_step(W, gradients, lr):
    end = W.copy()
    for gradient in gradients:
        end -= lr * gradient
    return np.linalg.norm(end - W) / np.linalg.norm(W)


def ratio_of_rows(W, gradients, lr):
    end = [[w - lr * g for w, g in zip(*rows, strict=True)] for rows in zip(W, gradients.sum(axis=0), strict=True)]
    return (((np.array(end) - W) ** 2).sum() / (W**2).sum()) ** 0.5


def ratio_in_place(W, gradients, lr):
    size = np.linalg.norm(W)
    W -= lr * gradients.sum(axis=0)
    return lr * np.linalg.norm(gradients.sum(axis=0)) / size


# 4.5 A picture of five features: X (N, d) -> center (d,), directions (2, d)


def plane_by_eigenvectors(X):
    values, vectors = np.linalg.eigh(np.cov(X.T))
    return X.mean(axis=0), vectors[:, np.argsort(values)[-2:]].T


def plane(X, first=0, center=np.mean):
    c = center(X, axis=0)
    return c, np.linalg.svd(X - c)[2][first : first + 2]


def plane_by_powers(X):
    center = X.mean(axis=0)
    C, found = (X - center).T @ (X - center), []
    for _ in range(2):
        v = np.ones(len(C))
        for _ in range(5000):
            v = C @ v
            v /= np.linalg.norm(v)
        found.append(v)
        C = C - v @ C @ v * np.outer(v, v)
    return center, found


def turned(X):
    center, directions = plane(X)
    c, s = np.cos(0.4), np.sin(0.4)
    return center, np.array([[c, -s], [s, c]]) @ directions


RIGHT = {
    "4.1": [
        frame_in_place,
        frame,
        frame_by_loops,
        frame_of_float32,
        lambda X, margin: [f(column) + s * margin for column in X.T for f, s in ((np.min, -1), (np.max, 1))],
        lambda X, margin: np.sort(X, axis=0)[[0, -1]].T.ravel() + margin * np.array([-1, 1, -1, 1]),
        lambda X, margin: tuple(np.einsum("ij->ji", np.array([X.min(0) - margin, X.max(0) + margin])).flat),
        lambda X, margin: np.percentile(X, [0, 100], axis=0).T.ravel() + np.tile([-margin, margin], 2),
    ],
    "4.2": [
        map_point_by_point,
        map_row_by_row,
        grid_map,
        map_of_matrix_indexing,
        map_by_layers,
        lambda net, x1, x2: net.forward(np.array([[u, v] for v in x2 for u in x1]), training=False).reshape(
            len(x2), -1
        ),
        lambda net, x1, x2: 1 - (1 - grid_map(net, x1, x2)),
        lambda net, x1, x2: np.stack([grid_map(net, x1[j : j + 1], x2)[:, 0] for j in range(len(x1))], axis=1),
    ],
    "4.3": [
        norm_by_loops,
        norm_by_repetition,
        lambda gradients, lengths: np.linalg.norm(np.average(gradients, axis=0, weights=lengths)),
        lambda gradients, lengths: np.linalg.norm(np.einsum("n,nij->ij", lengths, gradients)) / lengths.sum(),
        lambda gradients, lengths: np.linalg.norm(lengths @ gradients.reshape(len(gradients), -1)) / np.sum(lengths),
        lambda gradients, lengths: np.hypot.reduce((lengths @ gradients.reshape(len(lengths), -1)) / sum(lengths)),
        lambda gradients, lengths: np.linalg.norm(
            np.mean(gradients * (lengths / lengths.mean())[:, None, None], axis=0).astype(np.float32), "fro"
        ),
    ],
    "4.4": [
        ratio_in_place,
        ratio_step_by_step,
        ratio_of_rows,
        lambda W, gradients, lr: lr * np.linalg.norm(gradients.sum(axis=0)) / np.linalg.norm(W),
        lambda W, gradients, lr: (
            np.linalg.norm(np.einsum("nij->ij", lr * gradients)) / np.sqrt(np.einsum("ij,ij", W, W))
        ),
        lambda W, gradients, lr: np.array(np.linalg.norm(lr * sum(gradients)) / np.linalg.norm(W, "fro")),
        lambda W, gradients, lr: np.linalg.norm(len(gradients) * lr * gradients.mean(axis=0)) / np.linalg.norm(W),
        lambda W, gradients, lr: abs(lr) * np.linalg.norm(gradients.sum(axis=0).ravel()) / np.linalg.norm(W.ravel()),
    ],
    "4.5": [
        plane_by_eigenvectors,
        plane,
        plane_by_powers,
        turned,
        lambda X: (plane(X)[0], -plane(X)[1][::-1]),
        lambda X: [plane(X)[0].tolist(), plane(X)[1].tolist()],
        lambda X: (X.sum(axis=0) / len(X), np.linalg.svd((X - X.mean(axis=0)).T)[0][:, :2].T),
    ],
}

WRONG = {
    "4.1": [
        ("Both borders of one axis come first", lambda X, margin: [*X.min(axis=0) - margin, *X.max(axis=0) + margin]),
        ("The margin goes outward", lambda X, margin: frame(X, -margin)),
        ("min and max need axis=0", lambda X, margin: 2 * (X.min() - margin, X.max() + margin)),
        ("The margin is an argument", lambda X, margin: frame(X, 0.3)),
        ("The margin is missing", lambda X, margin: frame(X, 0)),
        ("The margin lies on each side", lambda X, margin: frame(X, margin / 2)),
        ("The bottom comes before the top", lambda X, margin: frame(X, margin)[[0, 1, 3, 2]]),
        ("The shape is (2, 2) and should be (4,)", lambda X, margin: frame(X, margin).reshape(2, 2)),
    ],
    "4.2": [
        ("The columns of the grid are swapped", lambda net, x1, x2: grid_of(net, *np.meshgrid(x1, x2)[::-1])),
        (
            "put back row by row",
            lambda net, x1, x2: grid_of(net, *np.meshgrid(x1, x2, indexing="ij")).reshape(len(x2), -1),
        ),
        ("so the shape is (len(x2), len(x1))", lambda net, x1, x2: grid_map(net, x1, x2).T),
        ("These are labels", lambda net, x1, x2: grid_map(net, x1, x2, "predict")),
        ("The first row belongs to x2[0]", lambda net, x1, x2: grid_map(net, x1, x2)[::-1]),
        ("forgets the batch that was waiting", map_that_trains),
        ("The shape is", lambda net, x1, x2: grid_map(net, x1, x2).ravel()),
        ("The value differs", lambda net, x1, x2: 1 - grid_map(net, x1, x2)),
        ("the network afterwards", map_that_updates),
        ("Your code raised", lambda net, x1, x2: net.predict_proba(np.stack(np.meshgrid(x1, x2)))),
    ],
    "4.3": [
        (
            "This is the mean of the norms",
            lambda g, lengths: np.average(np.linalg.norm(g, axis=(1, 2)), weights=lengths),
        ),
        ("Every batch counts alike", lambda g, lengths: np.linalg.norm(g.mean(axis=0))),
        ("This is the norm of the sum", lambda g, lengths: np.linalg.norm(np.einsum("n,nij->ij", lengths, g))),
        ("The lengths are an argument", lambda g, lengths: norm_by_loops(g, np.array([64.0] * (len(g) - 1) + [16.0]))),
        (
            "This is the largest singular value",
            lambda g, lengths: np.linalg.norm(np.average(g, axis=0, weights=lengths), 2),
        ),
        ("of the last batch alone", lambda g, lengths: np.linalg.norm(g[-1])),
        ("do not cancel", lambda g, lengths: np.average(np.linalg.norm(g, axis=(1, 2)) ** 2, weights=lengths) ** 0.5),
        ("the square of the norm", lambda g, lengths: np.sum(np.average(g, axis=0, weights=lengths) ** 2)),
        ("The shape is", lambda g, lengths: np.average(g, axis=0, weights=lengths)[None]),
    ],
    "4.4": [
        (
            "This is the length of the way",
            lambda W, g, lr: sum(lr * np.linalg.norm(gradient) for gradient in g) / np.linalg.norm(W),
        ),
        (
            "not with those at its end",
            lambda W, g, lr: lr * np.linalg.norm(g.sum(axis=0)) / np.linalg.norm(W - lr * g.sum(axis=0)),
        ),
        ("A step is the learning rate times", lambda W, g, lr: np.linalg.norm(g.sum(axis=0)) / np.linalg.norm(W)),
        ("The learning rate is an argument", lambda W, g, lr: ratio_step_by_step(W, g, 0.05)),
        ("do not average them", lambda W, g, lr: lr * np.linalg.norm(g.mean(axis=0)) / np.linalg.norm(W)),
        ("Divide by their size at the start", lambda W, g, lr: lr * np.linalg.norm(g.sum(axis=0))),
        ("upside down", lambda W, g, lr: np.linalg.norm(W) / np.linalg.norm(lr * g.sum(axis=0))),
        (
            "This is the size of the new weights",
            lambda W, g, lr: np.linalg.norm(W - lr * g.sum(axis=0)) / np.linalg.norm(W),
        ),
        ("of the last batch alone", lambda W, g, lr: ratio_step_by_step(W, g[-1:], lr)),
    ],
    "4.5": [
        ("These directions start from the origin", lambda X: (X.mean(axis=0), np.linalg.svd(X)[2][:2])),
        ("Each direction is a row", lambda X: (X.mean(axis=0), np.linalg.svd(X - X.mean(axis=0))[2][:, :2])),
        ("rows of Vt", lambda X: (plane(X)[0], np.linalg.svd(X - np.mean(X, 0), full_matrices=False)[0].T[:2])),
        ("must have length 1", lambda X: (plane(X)[0], np.linalg.svd(X - X.mean(axis=0))[1][:2, None] * plane(X)[1])),
        ("of least spread", lambda X: plane(X, first=X.shape[1] - 2)),
        (
            "These are two of the features",
            lambda X: (X.mean(axis=0), np.eye(X.shape[1])[np.argsort(X.std(axis=0))[-2:]]),
        ),
        (
            "Do not divide by the standard deviation",
            lambda X: (X.mean(axis=0), plane((X - X.mean(axis=0)) / X.std(axis=0))[1]),
        ),
        ("goes through the mean of the points", lambda X: (np.zeros(X.shape[1]), plane(X)[1])),
        ("Return two arrays", lambda X: plane(X)[1]),
        ("center: The value differs", lambda X: (np.median(X, axis=0), plane(X)[1])),
        ("The value differs", lambda X: plane(X, first=1)),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
