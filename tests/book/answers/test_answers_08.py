"""Answers to the exercises of notebook 08: right ones of several kinds, and wrong ones with what they are told."""

import numpy as np
from tables import judged

from scratchnet import Layer, NeuralNetwork


def counted():
    net = NeuralNetwork([2, 32, 16, 1], seed=0, batch_norm=True)
    running = sum(layer.running_mean.size + layer.running_var.size for layer in net.layers if hasattr(layer, "eps"))
    return net.theta.size, running


# 8.2


def forward_by_loops(Z, gamma, beta, eps):
    Y = np.zeros(Z.shape)
    for j in range(Z.shape[1]):
        mean = sum(Z[:, j]) / len(Z)
        variance = sum((z - mean) ** 2 for z in Z[:, j]) / len(Z)
        for n in range(len(Z)):
            Y[n, j] = gamma[0, j] * (Z[n, j] - mean) / (variance + eps) ** 0.5 + beta[0, j]
    return Y


def forward_in_place(Z, gamma, beta, eps):
    Z = Z - Z.mean(axis=0)
    Z /= np.sqrt((Z * Z).mean(axis=0) + eps)
    Z *= gamma
    Z += beta
    return Z


def forward_changing_its_argument(Z, gamma, beta, eps):
    Z -= Z.mean(axis=0)
    return gamma * Z / np.sqrt((Z * Z).mean(axis=0) + eps) + beta


def forward_by_einsum(Z, gamma, beta, eps):
    centered = Z - np.einsum("nd->d", Z) / len(Z)
    return gamma * centered * (np.einsum("nd,nd->d", centered, centered) / len(Z) + eps) ** -0.5 + beta


def forward_by_projection(Z, gamma, beta, eps):
    N = len(Z)
    centered = (np.eye(N) - np.ones((N, N)) / N) @ Z
    return gamma * centered / np.sqrt(np.diag(centered.T @ centered) / N + eps) + beta


def forward_over_rows(Z, gamma, beta, eps):
    mean, variance = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)
    return gamma * (Z - mean) / np.sqrt(variance + eps) + beta


# 8.4


def backward_by_loops(dY, Z_hat, gamma, sigma):
    N, d = dY.shape
    dZ = np.zeros((N, d))
    for j in range(d):
        for n in range(N):
            for m in range(N):
                entry = (n == m) - 1 / N - Z_hat[n, j] * Z_hat[m, j] / N
                dZ[n, j] += gamma[0, j] / sigma[0, j] * entry * dY[m, j]
    return dZ


def backward_by_projection(dY, Z_hat, gamma, sigma):
    N = len(dY)
    C = np.eye(N) - np.ones((N, N)) / N
    columns = [
        gamma[0, j] / sigma[0, j] * (C - np.outer(Z_hat[:, j], Z_hat[:, j]) / N) @ dY[:, j] for j in range(dY.shape[1])
    ]
    return np.column_stack(columns)


def backward_by_einsum(dY, Z_hat, gamma, sigma):
    along = np.einsum("nd,nd->d", dY, Z_hat)
    return np.einsum("d,nd->nd", (gamma / sigma)[0], dY - (np.einsum("nd->d", dY) + Z_hat * along) / len(dY))


def backward_in_place(dY, Z_hat, gamma, sigma):
    dZ = dY * gamma
    along = (dZ * Z_hat).mean(axis=0)
    dZ -= dZ.mean(axis=0)
    dZ -= Z_hat * along
    dZ /= sigma
    return dZ


# 8.5


class Norm(Layer):
    """A right answer, whose parts the others change."""

    params = ("gamma", "beta")

    def __init__(self, d, eps=1e-5):
        self.gamma, self.beta, self.eps = np.ones((1, d)), np.zeros((1, d)), eps

    def sigma(self, X):
        return np.sqrt(X.var(axis=-1, keepdims=True) + self.eps)

    def forward(self, X, training=True):
        sigma = self.sigma(X)
        X_hat = (X - X.mean(axis=-1, keepdims=True)) / sigma
        if training:
            self.cache(X_hat, sigma)
        return self.gamma * X_hat + self.beta

    def backward(self, dY):
        X_hat, sigma = self.cached()
        self.dgamma = (dY * X_hat).sum(axis=0, keepdims=True)
        self.dbeta = dY.sum(axis=0, keepdims=True)
        return self.dX(dY * self.gamma, X_hat, sigma)

    def dX(self, G, X_hat, sigma):
        return (G - G.mean(axis=-1, keepdims=True) - X_hat * (G * X_hat).mean(axis=-1, keepdims=True)) / sigma


class KeepsAttributes(Norm):
    def forward(self, X, training=True):
        sigma = self.sigma(X)
        X_hat = (X - X.mean(axis=-1, keepdims=True)) / sigma
        if training:
            self.kept = X_hat, sigma
        return self.gamma * X_hat + self.beta

    def backward(self, dY):
        self.cache(*self.kept)
        return super().backward(dY)


class KeepsTheInput(Norm):
    def forward(self, X, training=True):
        if training:
            self.cache(X.copy())
        return self.gamma * (X - X.mean(axis=1, keepdims=True)) / self.sigma(X) + self.beta

    def backward(self, dY):
        X = self.cached()
        sigma = self.sigma(X)
        self.cache((X - X.mean(axis=1, keepdims=True)) / sigma, sigma)
        return super().backward(dY)


class RowByRow(Norm):
    def dX(self, G, X_hat, sigma):
        d = X_hat.shape[1]
        rows = [
            (np.eye(d) - np.ones((d, d)) / d - np.outer(x, x) / d) @ g / s
            for g, x, s in zip(G, X_hat, sigma[:, 0], strict=True)
        ]
        return np.array(rows)


class ByEinsum(Norm):
    def dX(self, G, X_hat, sigma):
        d = X_hat.shape[1]
        return (G - np.einsum("nd->n", G)[:, None] / d - X_hat * np.einsum("nd,nd->n", G, X_hat)[:, None] / d) / sigma


class WrittenIntoItsGradients(Norm):
    def __init__(self, d, eps=1e-5):
        super().__init__(d, eps)
        self.dgamma, self.dbeta = np.zeros((1, d)), np.zeros((1, d))

    def backward(self, dY):
        X_hat, sigma = self.cached()
        self.dgamma[...] = np.einsum("nd,nd->d", dY, X_hat)
        self.dbeta[...] = np.einsum("nd->d", dY)
        return self.dX(dY * self.gamma, X_hat, sigma)


class HardCodedEps(Norm):
    def sigma(self, X):
        return np.sqrt(X.var(axis=-1, keepdims=True) + 1e-5)


class EpsOutsideTheRoot(Norm):
    def sigma(self, X):
        return X.std(axis=-1, keepdims=True) + self.eps


class DividesByTheVariance(Norm):
    def sigma(self, X):
        return X.var(axis=-1, keepdims=True) + self.eps


class Unbiased(Norm):
    def sigma(self, X):
        return np.sqrt(X.var(axis=-1, keepdims=True, ddof=1) + self.eps)


class CachesAlways(Norm):
    def forward(self, X, training=True):
        return super().forward(X, training=True)


class GammaForgotten(Norm):
    def backward(self, dY):
        X_hat, sigma = self.cached()
        self.cache(X_hat, sigma)
        super().backward(dY)
        return self.dX(dY, X_hat, sigma)


class NoTermAlongXHat(Norm):
    def dX(self, G, X_hat, sigma):
        return (G - G.mean(axis=-1, keepdims=True)) / sigma


class SumsAlongTheRow(Norm):
    def dX(self, G, X_hat, sigma):
        return (G - G.sum(axis=1, keepdims=True) - X_hat * (G * X_hat).sum(axis=1, keepdims=True)) / sigma


class OnlyNormalizes(Norm):
    def forward(self, X, training=True):
        sigma = self.sigma(X)
        X_hat = (X - X.mean(axis=-1, keepdims=True)) / sigma
        if training:
            self.cache(X_hat, sigma)
        return X_hat


class NoGradientOfGamma(Norm):
    def backward(self, dY):
        X_hat, sigma = self.cached()
        return self.dX(dY * self.gamma, X_hat, sigma)


class MeansOfGradients(Norm):
    def backward(self, dY):
        dX = super().backward(dY)
        self.dgamma, self.dbeta = self.dgamma / len(dY), self.dbeta / len(dY)
        return dX


class MovesGamma(Norm):
    def backward(self, dY):
        dX = super().backward(dY)
        self.gamma = self.gamma - 0.1 * self.dgamma
        return dX


class Unfinished(Norm):
    def backward(self, dY):
        raise NotImplementedError("write backward")


RIGHT = {
    "8.1": [
        (737, 96),
        [737, 96],
        np.array([737, 96]),
        (737.0, 96.0),
        (np.int64(737), np.int32(96)),
        counted(),
        np.array([737, 96], dtype=np.int16),
    ],
    "8.2": [
        forward_by_loops,
        forward_in_place,
        forward_changing_its_argument,
        forward_by_einsum,
        forward_by_projection,
        lambda Z, gamma, beta, eps: gamma * (Z - Z.mean(0)) / np.sqrt(Z.var(0) + eps) + beta,
        lambda *inputs: forward_by_loops(*inputs).tolist(),
        lambda Z, gamma, beta, eps: forward_by_einsum(Z.astype(np.longdouble), gamma, beta, eps),
        lambda Z, gamma, beta, eps: gamma * (Z - Z.mean(0)) * ((Z**2).mean(0) - Z.mean(0) ** 2 + eps) ** -0.5 + beta,
    ],
    "8.3": [
        lambda dY, Z_hat: ((dY * Z_hat).sum(axis=0, keepdims=True), dY.sum(axis=0, keepdims=True)),
        lambda dY, Z_hat: [(dY * Z_hat).sum(0, keepdims=True), dY.sum(0, keepdims=True)],
        lambda dY, Z_hat: (np.einsum("nd,nd->d", dY, Z_hat)[None], np.einsum("nd->d", dY)[None]),
        lambda dY, Z_hat: (np.ones((1, len(dY))) @ (dY * Z_hat), np.ones((1, len(dY))) @ dY),
        lambda dY, Z_hat: (
            sum(dY[n : n + 1] * Z_hat[n : n + 1] for n in range(len(dY))),
            sum(dY[n : n + 1] for n in range(len(dY))),
        ),
        lambda dY, Z_hat: (np.diag(dY.T @ Z_hat)[None], dY.sum(axis=0)[None]),
        lambda dY, Z_hat: ([(dY * Z_hat).sum(0).tolist()], [dY.sum(0).tolist()]),
    ],
    "8.4": [
        backward_by_loops,
        backward_by_projection,
        backward_by_einsum,
        backward_in_place,
        lambda dY, Z_hat, gamma, sigma: (
            gamma * (len(dY) * dY - dY.sum(0) - Z_hat * (dY * Z_hat).sum(0)) / (len(dY) * sigma)
        ),
        lambda dY, Z_hat, gamma, sigma: backward_by_einsum(dY * gamma, Z_hat, np.ones_like(gamma), sigma),
        lambda *inputs: backward_by_loops(*inputs).tolist(),
    ],
    "8.5": [
        Norm,
        KeepsAttributes,
        KeepsTheInput,
        RowByRow,
        ByEinsum,
        WrittenIntoItsGradients,
    ],
}

WRONG = {
    "8.1": [
        ("γ and β are learned too", (641, 96)),
        ("two running numbers", (737, 48)),
        ("no batch normalization after it", (739, 98)),
        ("no gradient reaches them", (833, 96)),
        ("and it counts", (689, 96)),
        ("learned numbers come first", (96, 737)),
        ("The value differs", (689 + 48, 95)),
        ("Answer with two numbers, (learned, running)", 737),
        ("Answer with two numbers, (learned, running)", (737,)),
        ("Answer with two numbers, (learned, running)", [689, 48, 96]),
        ("should be an array of real numbers", "many"),
    ],
    "8.2": [
        ("axis=0", forward_over_rows),
        ("the root of the variance", lambda Z, g, b, eps: g * (Z - Z.mean(0)) / (Z.var(0) + eps) + b),
        ("under the root", lambda Z, g, b, eps: g * (Z - Z.mean(0)) / (Z.std(0) + eps) + b),
        ("divides by N", lambda Z, g, b, eps: g * (Z - Z.mean(0)) / np.sqrt(Z.var(0, ddof=1) + eps) + b),
        ("eps is missing", lambda Z, g, b, eps: g * (Z - Z.mean(0)) / Z.std(0) + b),
        ("not always 1e-5", lambda Z, g, b, eps: forward_by_einsum(Z, g, b, 1e-5)),
        ("The value differs", lambda Z, g, b, eps: forward_by_einsum(Z, g, b / g, eps)),
        ("gamma is missing", lambda Z, g, b, eps: forward_by_einsum(Z, 1.0, b, eps)),
        ("beta is missing", lambda Z, g, b, eps: forward_by_einsum(Z, g, 0.0, eps)),
        ("gamma and beta are missing", lambda Z, g, b, eps: (Z - Z.mean(0)) / np.sqrt(Z.var(0) + eps)),
        ("Subtract the mean", lambda Z, g, b, eps: g * Z / np.sqrt(Z.var(0) + eps) + b),
        ("whole matrix", lambda Z, g, b, eps: g * (Z - Z.mean()) / np.sqrt(Z.var() + eps) + b),
        ("gamma does not multiply beta", lambda Z, g, b, eps: g * (forward_by_einsum(Z, 1.0, 0.0, eps) + b)),
    ],
    "8.3": [
        ("divide by N once more", lambda dY, Z_hat: ((dY * Z_hat).mean(0)[None], dY.mean(0)[None])),
        ("swapped", lambda dY, Z_hat: (dY.sum(0)[None], (dY * Z_hat).sum(0)[None])),
        ("entry by entry", lambda dY, Z_hat: (dY.sum(0)[None] * Z_hat.sum(0), dY.sum(0)[None])),
        ("beta has the factor 1", lambda dY, Z_hat: ((dY * Z_hat).sum(0)[None],) * 2),
        ("which is Z_hat", lambda dY, Z_hat: (dY.sum(0)[None],) * 2),
        ("nothing is negated", lambda dY, Z_hat: (-(dY * Z_hat).sum(0)[None], -dY.sum(0)[None])),
        ("sum over the batch too", lambda dY, Z_hat: ((dY * Z_hat).sum(0)[None], dY.mean(0)[None])),
        ("should be (1,", lambda dY, Z_hat: ((dY * Z_hat).sum(0), dY.sum(0))),
        ("Return two arrays", lambda dY, Z_hat: dY * Z_hat),
        ("should be (1,", lambda dY, Z_hat: ((dY * Z_hat).sum(1)[None], dY.sum(1)[None])),
    ],
    "8.4": [
        ("two terms are missing", lambda dY, Z_hat, g, s: g / s * dY),
        ("the term along Z_hat is missing", lambda dY, Z_hat, g, s: g / s * (dY - dY.mean(0))),
        ("the mean of dY is missing", lambda dY, Z_hat, g, s: g / s * (dY - Z_hat * (dY * Z_hat).mean(0))),
        ("divided by N", lambda dY, Z_hat, g, s: g / s * (dY - dY.sum(0) - Z_hat * (dY * Z_hat).sum(0))),
        ("The sum of dY is", lambda dY, Z_hat, g, s: g / s * (dY - dY.sum(0) - Z_hat * (dY * Z_hat).mean(0))),
        ("The sum of dY * Z_hat", lambda dY, Z_hat, g, s: g / s * (dY - dY.mean(0) - Z_hat * (dY * Z_hat).sum(0))),
        ("whole matrix", lambda dY, Z_hat, g, s: g / s * (dY - np.mean(dY) - Z_hat * np.mean(dY * Z_hat))),
        ("subtracted", lambda dY, Z_hat, g, s: g / s * (dY - dY.mean(0) + Z_hat * (dY * Z_hat).mean(0))),
        ("Gamma is missing", lambda dY, Z_hat, g, s: backward_by_einsum(dY, Z_hat, np.ones_like(g), s)),
        ("Sigma is missing", lambda dY, Z_hat, g, s: backward_by_einsum(dY, Z_hat, g, np.ones_like(s))),
        ("divide by it once", lambda dY, Z_hat, g, s: backward_by_einsum(dY, Z_hat, g, s**2)),
        ("Divide by sigma", lambda dY, Z_hat, g, s: backward_by_einsum(dY, Z_hat, g, 1 / s)),
        (
            "divide by N",
            lambda dY, Z_hat, g, s: g / s * (dY - (dY.sum(0) + Z_hat * (dY * Z_hat).sum(0)) / (len(dY) - 1)),
        ),
        (
            "axis=0",
            lambda dY, Z_hat, g, s: (
                g / s * (dY - dY.mean(1, keepdims=True) - Z_hat * (dY * Z_hat).mean(1, keepdims=True))
            ),
        ),
        ("points along Z_hat", lambda dY, Z_hat, g, s: g / s * (dY - dY.mean(0) - (dY * Z_hat).mean(0))),
    ],
    "8.5": [
        ("not always 1e-5", HardCodedEps),
        ("under the root", EpsOutsideTheRoot),
        ("the root of the variance", DividesByTheVariance),
        ("not by d - 1", Unbiased),
        ("the cache is left alone", CachesAlways),
        ("Gamma is missing", GammaForgotten),
        ("the term along X_hat is missing", NoTermAlongXHat),
        ("means along the row", SumsAlongTheRow),
        ("gamma and beta are missing in forward", OnlyNormalizes),
        ("dgamma", NoGradientOfGamma),
        ("sums over the samples", MeansOfGradients),
        ("gamma afterwards", MovesGamma),
        ("It is not finished: write backward", Unfinished),
        ("the class itself", Norm(4)),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
