"""A neural network built by hand, with NumPy alone. Run it: it learns two spirals.

Written piece by piece along "Neural networks from scratch". A piece that is still the book's says so above it.
"""

import numpy as np


class MyLinear:
    """Z = X W + b."""

    params = ("W", "b")

    def __init__(self, d_in, d_out, rng):
        self.W = rng.standard_normal((d_in, d_out)) * np.sqrt(2 / d_in)
        self.b = np.zeros((1, d_out))

    def forward(self, X, training=True):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dZ):
        self.dW = self.X.T @ dZ
        self.db = dZ.sum(axis=0, keepdims=True)
        return dZ @ self.W.T


class MyReLU:
    """A = max(Z, 0)."""

    params = ()

    def forward(self, Z, training=True):
        self.A = np.maximum(Z, 0)
        return self.A

    def backward(self, dA):
        return dA * (self.A > 0)


class MyCrossEntropy:
    """The sigmoid and the binary cross-entropy, from logits."""

    def forward(self, Z):
        e = np.exp(-np.abs(Z))
        return np.where(Z < 0, e, 1) / (1 + e)

    def loss(self, Z, y):
        return np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))

    def backward(self, Z, y):
        return (self.forward(Z) - y) / len(Z)


class MyNetwork:
    """A list of layers, and an output with its loss."""

    def __init__(self, layers, output):
        self.layers, self.output = layers, output

    def forward(self, X, training=True):
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def backward(self, dZ):
        for layer in reversed(self.layers):
            dZ = layer.backward(dZ)
        return dZ

    def parameters(self):
        return [getattr(layer, name) for layer in self.layers for name in layer.params]

    def gradients(self):
        return [getattr(layer, "d" + name) for layer in self.layers for name in layer.params]

    def predict_proba(self, X):
        return self.output.forward(self.forward(X, training=False))


class MySGD:
    """Gradient descent: p ← p - lr g, in place."""

    def __init__(self, lr):
        self.lr = lr

    def step(self, parameters, gradients):
        for p, g in zip(parameters, gradients):
            p -= self.lr * g


def my_train(net, X, y, optimizer, n_epochs, batch_size, rng):
    """Train with shuffled mini-batches; return the mean loss of every epoch."""
    losses = []
    for _ in range(n_epochs):
        order, total = rng.permutation(len(X)), 0.0
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            Z = net.forward(X[rows])
            total += net.output.loss(Z, y[rows]) * len(rows)
            net.backward(net.output.backward(Z, y[rows]))
            optimizer.step(net.parameters(), net.gradients())
        losses.append(total / len(X))
    return losses


class MyMomentum:
    """v ← β v + (1 - β) g, p ← p - lr v."""

    def __init__(self, lr, beta=0.9):
        self.lr, self.beta, self.v = lr, beta, None

    def step(self, parameters, gradients):
        if self.v is None:
            self.v = [np.zeros_like(p) for p in parameters]
        for p, g, v in zip(parameters, gradients, self.v):
            v[:] = self.beta * v + (1 - self.beta) * g
            p -= self.lr * v


class MyAdam:
    """m and v average g and g², both are corrected for their start at 0, and p ← p - lr m / (√v + ε)."""

    def __init__(self, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t, self.m, self.v = 0, None, None

    def step(self, parameters, gradients):
        if self.m is None:
            self.m = [np.zeros_like(p) for p in parameters]
            self.v = [np.zeros_like(p) for p in parameters]
        self.t += 1
        for p, g, m, v in zip(parameters, gradients, self.m, self.v):
            m[:] = self.beta1 * m + (1 - self.beta1) * g
            v[:] = self.beta2 * v + (1 - self.beta2) * g**2
            m_hat = m / (1 - self.beta1**self.t)
            v_hat = v / (1 - self.beta2**self.t)
            p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class MyBatchNorm:
    """Every column gets mean 0 and variance 1, then a scale γ and a shift β."""

    params = ("gamma", "beta")

    def __init__(self, d, momentum=0.1, eps=1e-5):
        self.gamma, self.beta = np.ones((1, d)), np.zeros((1, d))
        self.running_mean, self.running_var = np.zeros((1, d)), np.ones((1, d))
        self.momentum, self.eps = momentum, eps

    def forward(self, Z, training=True):
        if not training:
            Z_hat = (Z - self.running_mean) / np.sqrt(self.running_var + self.eps)
            return self.gamma * Z_hat + self.beta
        mean, var, N = Z.mean(axis=0, keepdims=True), Z.var(axis=0, keepdims=True), len(Z)
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (var * N / (N - 1) - self.running_var)
        self.sigma = np.sqrt(var + self.eps)
        self.Z_hat = (Z - mean) / self.sigma
        return self.gamma * self.Z_hat + self.beta

    def backward(self, dY):
        N = len(dY)
        self.dgamma = (dY * self.Z_hat).sum(axis=0, keepdims=True)
        self.dbeta = dY.sum(axis=0, keepdims=True)
        return self.gamma / self.sigma * (dY - self.dbeta / N - self.Z_hat * self.dgamma / N)


class MyDropout:
    """Entries are 0 with probability `rate` in training, and what is left is scaled up."""

    params = ()

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, A, training=True):
        if not training:
            return A
        self.mask = (self.rng.random(A.shape) >= self.rate) / (1 - self.rate)
        return A * self.mask

    def backward(self, dA):
        return dA * self.mask


def spirals(rng, n_points=200, noise=0.25):
    """Return 2 n_points points on two spirals, with mean 0 and variance 1 in each column, and their labels."""
    t = np.linspace(0, 4 * np.pi, n_points)
    arm = np.column_stack([t * np.cos(t), t * np.sin(t)])
    X = np.concatenate([arm, -arm]) + noise * rng.standard_normal((2 * n_points, 2))
    return (X - X.mean(axis=0)) / X.std(axis=0), np.repeat([[0.0], [1.0]], n_points, axis=0)


def my_network(layer_dims, rng):
    """Return a network of these sizes: linear layers with ReLU between them."""
    layers = []
    for d_in, d_out in zip(layer_dims, layer_dims[1:]):
        layers += [MyLinear(d_in, d_out, rng), MyReLU()]
    return MyNetwork(layers[:-1], MyCrossEntropy())


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X, y = spirals(rng)
    net = my_network([2, 64, 32, 16, 1], rng)
    losses = my_train(net, X, y, MySGD(lr=0.3), n_epochs=600, batch_size=32, rng=rng)
    right = (net.predict_proba(X) >= 0.5) == y
    print(f"loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last, accuracy {right.mean():.4f}")
