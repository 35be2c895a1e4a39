"""Every layer, output pair, activation, loss and optimizer that there is, against PyTorch in float64."""

import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scratchnet
from scratchnet import (
    SGD,
    Activation,
    Adam,
    AdamW,
    BatchNorm,
    Dropout,
    IdentitySquaredError,
    Layer,
    LinearLayer,
    Momentum,
    Nesterov,
    NeuralNetwork,
    Optimizer,
    Output,
    ReLU,
    RMSProp,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    one_hot,
)

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed, nothing was compared with it; in the .venv: python -m pip install torch"
)
F = torch.nn.functional
torch.set_num_threads(1)

TOLERANCE = 1e-10

# What is compared with what. A class that the library gains and that is missing here fails the first test.

LAYERS = {  # how to make one, given sizes that it may use, and the same function of the input and the parameters
    LinearLayer: (
        lambda d_in, d_out: LinearLayer(d_in, d_out, seed=1),
        lambda X, W, b: F.linear(X, W.mT, b.squeeze(0)),
    ),
    ReLU: (lambda *sizes: ReLU(), torch.relu),
    Sigmoid: (lambda *sizes: Sigmoid(), torch.sigmoid),
    Tanh: (lambda *sizes: Tanh(), torch.tanh),
}
TRAINED = {BatchNorm, Dropout}  # which do something else in training, compared in tests of their own
OUTPUTS = {  # the predictions for the logits, the loss of the logits, and random targets of shape (N, d)
    SigmoidCrossEntropy: (
        torch.sigmoid,
        lambda Z, Y: F.binary_cross_entropy_with_logits(Z, Y, reduction="sum") / len(Z),
        lambda rng, N, d: rng.integers(0, 2, (N, d)).astype(float),
    ),
    SoftmaxCrossEntropy: (
        lambda Z: torch.softmax(Z, dim=-1),
        lambda Z, Y: F.cross_entropy(Z, Y),
        lambda rng, N, d: one_hot(rng.integers(0, d, N), d),
    ),
    IdentitySquaredError: (
        lambda Z: Z,
        lambda Z, Y: F.mse_loss(Z, Y, reduction="sum") / (2 * len(Z)),
        lambda rng, N, d: rng.standard_normal((N, d)),
    ),
}
OPTIMIZERS = {  # for a rate and what an optimizer may take besides: the optimizer, PyTorch's class and its options
    SGD: lambda lr, beta1, beta2, eps: (SGD(lr), torch.optim.SGD, {"lr": lr}),
    Momentum: lambda lr, beta1, beta2, eps: (
        Momentum(lr, beta1),
        torch.optim.SGD,
        {"lr": lr * (1 - beta1), "momentum": beta1, "dampening": 0},
    ),
    Adam: lambda lr, beta1, beta2, eps: (
        Adam(lr, beta1, beta2, eps),
        torch.optim.Adam,
        {"lr": lr, "betas": (beta1, beta2), "eps": eps},
    ),
    Nesterov: lambda lr, beta1, beta2, eps: (
        Nesterov(lr, beta1),
        torch.optim.SGD,
        {"lr": lr * (1 - beta1), "momentum": beta1, "dampening": 0, "nesterov": beta1 > 0},
    ),
    RMSProp: lambda lr, beta1, beta2, eps: (
        RMSProp(lr, beta1, eps),
        torch.optim.RMSprop,
        {"lr": lr, "alpha": beta1, "eps": eps},
    ),
    AdamW: lambda lr, beta1, beta2, eps: (
        AdamW(lr, beta1, beta2, eps, weight_decay=beta1 / 20),
        torch.optim.AdamW,
        {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": beta1 / 20},
    ),
}
FUNCTIONS = {  # the functions behind the activations
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda Z: torch.softmax(Z, dim=-1),
}

every_output = pytest.mark.parametrize("output", OUTPUTS, ids=lambda c: c.__name__)
every_optimizer = pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda c: c.__name__)


def subclasses(base):
    """All classes of the library below `base`, in whichever module they are."""
    for module in pkgutil.iter_modules(scratchnet.__path__):
        importlib.import_module(f"scratchnet.{module.name}")
    found, waiting = set(), [base]
    while waiting:
        below = waiting.pop().__subclasses__()
        waiting += below
        # Those of the exercises are plausible mistakes.
        own = {kind for kind in below if kind.__module__.startswith("scratchnet")}
        found |= {kind for kind in own if not kind.__module__.startswith("scratchnet.book.exercises")}
    return found


@pytest.mark.parametrize(
    ("base", "abstract", "table"),
    [(Layer, {Activation} | TRAINED, "LAYERS"), (Output, set(), "OUTPUTS"), (Optimizer, set(), "OPTIMIZERS")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_class_there_is_has_a_comparison(base, abstract, table):
    missing = sorted(kind.__name__ for kind in subclasses(base) - abstract - set(globals()[table]))
    assert not missing, f"{', '.join(missing)}: not compared with PyTorch; add an entry to {table} in this file"


def test_every_activation_function_there_is_has_a_comparison():
    public = {name for name in scratchnet.__all__ if name in vars(scratchnet.activations)}
    missing = sorted(public - set(FUNCTIONS) - {f"{name}_grad" for name in FUNCTIONS})
    assert not missing, f"{', '.join(missing)}: not compared with PyTorch; add an entry to FUNCTIONS in this file"


def tensor(array):
    """A leaf in float64 that has a gradient."""
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def assert_same(ours, theirs):
    """No entry differs by more than 1e-10 of the largest one."""
    ours, theirs = np.asarray(ours), torch.as_tensor(theirs).detach().numpy()
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype == np.float64
    assert np.isfinite(theirs).all()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * np.abs(theirs).max(initial=0))


def parameters(layers):
    """The parameters of every layer as tensors, by their names."""
    return [{name: tensor(getattr(layer, name)) for name in layer.params} for layer in layers]


def leaves(tensors):
    return [p for of_layer in tensors for p in of_layer.values()]


def logits(layers, tensors, X):
    for layer, of_layer in zip(layers, tensors, strict=True):
        X = LAYERS[type(layer)][1](X, **of_layer)
    return X


def assert_same_parameters(layers, tensors, prefix=""):
    for layer, of_layer in zip(layers, tensors, strict=True):
        for name, p in of_layer.items():
            assert_same(getattr(layer, prefix + name), p.grad if prefix else p)


# One layer, one function, one output pair


@pytest.mark.parametrize("kind", LAYERS, ids=lambda c: c.__name__)
@pytest.mark.parametrize(("N", "d_in", "scale"), [(1, 1, 1.0), (7, 3, 1.0), (5, 6, 30.0), (4, 2, 1e-3)])
def test_a_layer_maps_forward_and_backward_as_in_pytorch(kind, N, d_in, scale):
    rng = np.random.default_rng(N)
    layer = LAYERS[kind][0](d_in, 4)
    for name in layer.params:
        setattr(layer, name, rng.standard_normal(getattr(layer, name).shape))
    X = scale * rng.standard_normal((N, d_in))
    (of_layer,), X_t = parameters([layer]), tensor(X)
    out, out_t = layer.forward(X), LAYERS[kind][1](X_t, **of_layer)
    assert_same(out, out_t)
    dY = rng.standard_normal(out.shape)
    out_t.backward(torch.tensor(dY))
    assert_same(layer.backward(dY), X_t.grad)
    assert_same_parameters([layer], [of_layer], "d")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_their_derivatives_are_those_of_pytorch(name):
    z = np.random.default_rng(3).standard_normal((6, 5)) * [[0.01], [0.1], [1], [3], [10], [30]]
    z_t = tensor(z)
    a, a_t = getattr(scratchnet, name)(z), FUNCTIONS[name](z_t)
    assert_same(a, a_t)
    if hasattr(scratchnet, f"{name}_grad"):
        a_t.sum().backward()
        assert_same(getattr(scratchnet, f"{name}_grad")(a), z_t.grad)


def test_the_losses_of_the_first_chapters_are_those_of_pytorch():
    rng = np.random.default_rng(4)
    Y_pred, Y = rng.uniform(0.01, 0.99, (6, 2)), rng.integers(0, 2, (6, 2)).astype(float)
    pred_t = tensor(Y_pred)
    loss = F.mse_loss(pred_t, torch.tensor(Y))
    loss.backward()
    assert_same(scratchnet.mse_loss(Y_pred, Y), loss)
    assert_same(scratchnet.mse_grad(Y_pred, Y), pred_t.grad)
    assert_same(scratchnet.binary_cross_entropy(Y_pred, Y), F.binary_cross_entropy(pred_t, torch.tensor(Y)))


@every_output
@pytest.mark.parametrize(("N", "d", "scale"), [(1, 1, 1.0), (1, 4, 1.0), (9, 3, 5.0), (20, 2, 100.0), (6, 10, 1e-6)])
def test_an_output_pair_has_the_predictions_the_loss_and_the_gradient_of_pytorch(output, N, d, scale):
    rng, pair = np.random.default_rng(N + d), output()
    forward, loss, targets = OUTPUTS[output]
    Z, Y = scale * rng.standard_normal((N, d)), targets(rng, N, d)
    Z_t = tensor(Z)
    loss_t = loss(Z_t, torch.tensor(Y))
    loss_t.backward()
    assert_same(pair.forward(Z), forward(Z_t))
    assert_same(pair.loss(Z, Y), loss_t)
    assert_same(pair.backward(pair.forward(Z), Y), Z_t.grad)


# Layers that do something else in training


def normalizer(d, momentum, eps, rng):
    """A BatchNorm with random parameters and PyTorch's with the same."""
    ours, theirs = BatchNorm(d, momentum, eps), torch.nn.BatchNorm1d(d, eps, momentum, dtype=torch.float64)
    for name, name_t in (("gamma", "weight"), ("beta", "bias")):
        setattr(ours, name, rng.standard_normal((1, d)))
        getattr(theirs, name_t).data = torch.tensor(getattr(ours, name)[0])
    return ours, theirs


def assert_same_statistics(ours, theirs):
    assert_same(ours.running_mean[0], theirs.running_mean)
    assert_same(ours.running_var[0], theirs.running_var)


@given(
    d=st.integers(1, 6),
    sizes=st.lists(st.integers(2, 9), min_size=1, max_size=5),
    momentum=st.floats(0.01, 0.99),
    eps=st.floats(1e-8, 1),
    scale=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**32 - 1),
)
def test_batch_norm_is_that_of_pytorch_in_training_and_inference(d, sizes, momentum, eps, scale, seed):
    """Batches of different sizes one after the other, and a look at inference after each."""
    rng = np.random.default_rng(seed)
    ours, theirs = normalizer(d, momentum, eps, rng)
    for N in sizes:
        Z = scale * rng.standard_normal((N, d)) + rng.standard_normal(d)
        Z_t, dY = tensor(Z), rng.standard_normal((N, d))
        theirs.train()
        Y, Y_t = ours.forward(Z), theirs(Z_t)
        assert_same(Y, Y_t)
        theirs.zero_grad()
        Y_t.backward(torch.tensor(dY))
        dZ = ours.backward(dY)
        # two samples become ±1 whatever they are: their gradient is a difference of numbers that are nearly equal
        size = np.abs(ours.gamma / np.sqrt(Z.var(axis=0) + eps) * dY).max()
        np.testing.assert_allclose(dZ, Z_t.grad.numpy(), rtol=0, atol=TOLERANCE * size)
        np.testing.assert_allclose(ours.dgamma[0], theirs.weight.grad.numpy(), rtol=0, atol=TOLERANCE * N)
        assert_same(ours.dbeta[0], theirs.bias.grad)
        assert_same_statistics(ours, theirs)
        theirs.eval()
        Z = scale * rng.standard_normal((5, d))
        assert_same(ours.forward(Z, training=False), theirs(torch.tensor(Z)))


def test_batch_norm_has_the_defaults_of_pytorch():
    ours, theirs = BatchNorm(3), torch.nn.BatchNorm1d(3, dtype=torch.float64)
    assert (ours.momentum, ours.eps) == (theirs.momentum, theirs.eps)
    assert_same_statistics(ours, theirs)
    assert_same(ours.gamma[0], theirs.weight)
    assert_same(ours.beta[0], theirs.bias)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_dropout_is_that_of_pytorch_for_the_same_mask(rate):
    """PyTorch has a generator of its own, so its mask is read from what it returns, and handed to ours."""
    torch.manual_seed(0)
    rng, layer, theirs = np.random.default_rng(1), Dropout(rate, seed=0), torch.nn.Dropout(rate)
    A, dA = rng.standard_normal((40, 30)), rng.standard_normal((40, 30))
    A_t = tensor(A)
    out_t = theirs(A_t)
    out_t.backward(torch.tensor(dA))

    class Given:
        def random(self, shape):
            return np.where((out_t.detach() == 0).numpy(), np.nextafter(rate, -1), rate).reshape(shape)

    layer.rng = Given()
    assert_same(layer.forward(A), out_t)
    assert_same(layer.backward(dA), A_t.grad)
    theirs.eval()
    assert_same(layer.forward(A, training=False), theirs(A_t))


@pytest.mark.parametrize("kind", [Nesterov, RMSProp, AdamW], ids=lambda c: c.__name__)
def test_training_with_batch_norm_follows_the_path_of_pytorch(kind):
    """20 epochs of mini-batches: parameters, running statistics and predictions after every one."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((30, 3)), rng.integers(0, 2, (30, 2)).astype(float)
    net = NeuralNetwork([3, 6, 5, 2], seed=3, activation=Tanh, batch_norm=True)
    modules = []
    for layer in net.layers:
        if isinstance(layer, LinearLayer):
            modules.append(torch.nn.Linear(*layer.W.shape, dtype=torch.float64))
            modules[-1].weight.data, modules[-1].bias.data = torch.tensor(layer.W.T), torch.tensor(layer.b[0])
        else:
            modules.append(
                torch.nn.Tanh()
                if isinstance(layer, Tanh)
                else torch.nn.BatchNorm1d(layer.gamma.shape[1], dtype=torch.float64)
            )
    model, order = torch.nn.Sequential(*modules), np.random.default_rng(7)
    optimizer, make, options = OPTIMIZERS[kind](0.02, 0.9, 0.99, 1e-6)
    reference, X_t, Y_t = make(model.parameters(), **options), torch.tensor(X), torch.tensor(Y)

    def follow(net, epoch):
        model.train()
        for rows in torch.tensor(order.permutation(30)).split(8):
            reference.zero_grad()
            OUTPUTS[SigmoidCrossEntropy][1](model(X_t[rows]), Y_t[rows]).backward()
            reference.step()
        model.eval()
        assert_same(net.predict_proba(X), torch.sigmoid(model(X_t)))
        for layer, module in zip(net.layers, modules, strict=True):
            if isinstance(layer, BatchNorm):
                assert_same_statistics(layer, module)
                assert_same(layer.gamma[0], module.weight)

    training = {"n_epochs": 20, "batch_size": 8, "verbose": False, "optimizer": optimizer}
    net.train(X, Y, rng=np.random.default_rng(7), on_epoch=follow, **training)
    assert len(net.history) == 20


# Whole networks


@every_output
@given(
    d_in=st.integers(1, 9),
    hidden=st.lists(st.tuples(st.sampled_from(list(LAYERS)), st.integers(1, 9)), max_size=10),
    d_out=st.integers(1, 9),
    N=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_gradient_of_a_network_is_that_of_autograd(output, d_in, hidden, d_out, N, seed):
    """Any layers in any order, the last one linear, with random parameters."""
    rng = np.random.default_rng(seed)
    layers, d = [], d_in
    for kind, size in (*hidden, (LinearLayer, d_out)):
        layers.append(LAYERS[kind][0](d, size))
        d = layers[-1].forward(np.zeros((1, d)), training=False).shape[1]
    net = NeuralNetwork.from_layers(layers, output=output)
    net.theta = rng.standard_normal(net.theta.size)
    forward, loss, targets = OUTPUTS[output]
    X, Y = rng.standard_normal((N, d_in)), targets(rng, N, d_out)
    tensors, X_t = parameters(layers), tensor(X)
    Z_t = logits(layers, tensors, X_t)
    loss_t = loss(Z_t, torch.tensor(Y))
    loss_t.backward()
    assert_same(net.loss(X, Y), loss_t)
    Y_pred = net.forward(X)
    assert_same(Y_pred, forward(Z_t))
    assert_same(net.backward(Y_pred, Y), X_t.grad)
    assert_same_parameters(layers, tensors, "d")
    assert_same(net.grad, torch.cat([p.grad.reshape(-1) for p in leaves(tensors)]))


# Optimizers


@every_optimizer
@given(
    lr=st.floats(1e-6, 10),
    beta1=st.floats(0, 0.999),
    beta2=st.floats(0, 0.9999),
    eps=st.floats(1e-12, 1),
    scale=st.floats(1e-6, 1e6),
    seed=st.integers(0, 2**32 - 1),
)
def test_an_optimizer_takes_the_steps_of_pytorch_for_any_gradients(kind, lr, beta1, beta2, eps, scale, seed):
    """100 steps, after 50 of which the learning rate is a tenth; a fifth of the gradients is zero."""
    rng = np.random.default_rng(seed)
    optimizer, make, options = OPTIMIZERS[kind](lr, beta1, beta2, eps)
    theta = rng.standard_normal(11)
    theta_t = tensor(theta)
    reference = make([theta_t], **options)
    for step in range(100):
        if step == 50:
            optimizer.lr /= 10
            reference.param_groups[0]["lr"] /= 10
        gradient = scale * rng.standard_normal(11) * (rng.random(11) < 0.8)
        optimizer.step(theta, gradient)
        theta_t.grad = torch.tensor(gradient)
        reference.step()
        if step % 10 == 9:
            assert_same(theta, theta_t)


@every_output
@every_optimizer
@pytest.mark.parametrize(("activation", "N", "batch_size"), [(Tanh, 30, 8), (ReLU, 17, None), (Sigmoid, 9, 1)])
def test_training_follows_the_path_of_pytorch_batch_by_batch(kind, output, activation, N, batch_size):
    """Same start, same shuffling, 20 epochs: all parameters and the loss after every one."""
    rng = np.random.default_rng(N)
    _, loss, targets = OUTPUTS[output]
    net = NeuralNetwork([3, 6, 5, 2], seed=3, activation=activation, output=output)
    net.theta += 0.1 * rng.standard_normal(net.theta.size)
    X, Y = rng.standard_normal((N, 3)), targets(rng, N, 2)
    X_t, Y_t = torch.tensor(X), torch.tensor(Y)
    tensors, order = parameters(net.layers), np.random.default_rng(7)
    optimizer, make, options = OPTIMIZERS[kind](0.02, 0.9, 0.99, 1e-8)
    reference = make(leaves(tensors), **options)

    def follow(net, epoch):
        mean_loss = torch.zeros((), dtype=torch.float64)
        for rows in torch.tensor(order.permutation(N)).split(batch_size or N):
            reference.zero_grad()
            batch_loss = loss(logits(net.layers, tensors, X_t[rows]), Y_t[rows])
            batch_loss.backward()
            reference.step()
            mean_loss += len(rows) / N * batch_loss.detach()
        assert_same(net.loss_history[epoch], mean_loss)
        assert_same_parameters(net.layers, tensors)

    net.train(
        *(X, Y),
        n_epochs=20,
        batch_size=batch_size,
        verbose=False,
        optimizer=optimizer,
        rng=np.random.default_rng(7),
        on_epoch=follow,
    )
    assert len(net.history) == 20
