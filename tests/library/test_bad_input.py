"""Every mistake gets an error that names the argument, the expected and the actual value, before anything changes."""

import copy
import datetime
import re

import numpy as np
import pytest
from conftest import frozen, small_problem

from scratchnet import (
    SGD,
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
    ReLU,
    RMSProp,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    binary_cross_entropy,
    central_difference,
    check_layer,
    check_network,
    make_blobs,
    make_circles,
    make_moons,
    make_spirals,
    make_xor,
    mse_grad,
    mse_loss,
    numerical_gradient,
    one_hot,
    relative_error,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    softmax,
    standardize,
    tanh,
    tanh_grad,
    train_test_split,
)
from scratchnet.book import plot_decision_boundary, plot_network, plot_points, progress_bar

X, y = small_problem()
REMEMBERING = [Momentum, Adam, Nesterov, RMSProp, AdamW]


def refuses(call, error, *parts, unchanged=()):
    """Assert that call() raises `error` with every part in its message and leaves `unchanged` as it was."""
    before = frozen(list(unchanged))
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    for part in parts:
        assert part in message, f"{part!r} is missing in: {message}"
    assert frozen(list(unchanged)) == before
    assert type(caught.value) in (TypeError, ValueError, RuntimeError)  # and none that NumPy raised by itself


def cases(*rows):
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


def with_entry(array, value):
    """A copy of the array with `value` in the third row."""
    array = np.array(array, dtype=object if isinstance(value, str) else None)
    array[2, -1] = value
    return array


# Samples and targets, wherever they go in

NOT_NUMBERS = cases(
    ("strings", [["1", "2", "3"]], TypeError, "real numbers", "got list of dtype <U1"),
    ("array of strings", np.full((13, 3), "a"), TypeError, "real numbers", "<U1"),
    ("one string", with_entry(X, "a"), TypeError, "real numbers", "object"),
    ("objects", np.full((13, 3), object()), TypeError, "real numbers", "object"),
    ("complex", X + 0j, TypeError, "real numbers", "complex128"),
    ("None", None, TypeError, "real numbers", "NoneType"),
    ("a string", "data.csv", TypeError, "real numbers", "str"),
    ("dates", [[datetime.date(2020, 1, 1)] * 3], TypeError, "real numbers", "object"),
    ("times", np.full((13, 3), "2020-01-01", "M8[D]"), TypeError, "real numbers", "datetime64[D]"),
    ("masked", np.ma.masked_less(X, 0), TypeError, "a value everywhere", "got a masked array"),
    ("a list of masked arrays", list(np.ma.masked_less(X, 0)), TypeError, "a value everywhere", "got a masked array"),
    ("numbers as objects", X.astype(object), TypeError, "real numbers", "use np.array("),
    ("ragged", [[1.0, 2.0, 3.0], [1.0]], ValueError, "rectangular", "different lengths"),
)
BAD_X = [
    *cases(
        ("one sample as a vector", X[0], ValueError, "(N, 3)", "got (3,)"),
        ("a number", 3.0, ValueError, "(N, 3)", "got ()"),
        ("too few features", X[:, :2], ValueError, "(N, 3)", "got (13, 2)"),
        ("too many features", np.hstack([X, X]), ValueError, "(N, 3)", "got (13, 6)"),
        ("transposed", X.T, ValueError, "(N, 3)", "got (3, 13)"),
        ("a leading axis", X[None], ValueError, "(N, 3)", "got (1, 13, 3)"),
        ("NaN", with_entry(X, np.nan), ValueError, "finite", "nan at index (2, 2)"),
        ("infinity", with_entry(X, np.inf), ValueError, "finite", "inf at index (2, 2)"),
        ("minus infinity", with_entry(X, -np.inf), ValueError, "finite", "-inf at index (2, 2)"),
        ("no samples", X[:0], ValueError, "at least one sample", "(0, 3)"),
    ),
    *NOT_NUMBERS,
]
BAD_Y = [
    *cases(
        ("a vector", y.ravel(), ValueError, "(13, 1)", "got (13,)", ".reshape(-1, 1)"),
        ("a row", y.T, ValueError, "(13, 1)", "got (1, 13)"),
        ("too short", y[:-1], ValueError, "(13, 1)", "got (12, 1)"),
        ("too long", np.vstack([y, y]), ValueError, "(13, 1)", "got (26, 1)"),
        ("one label", y[:1], ValueError, "(13, 1)", "got (1, 1)"),
        ("two columns", np.hstack([y, y]), ValueError, "(13, 1)", "got (13, 2)"),
        ("no labels", y[:0], ValueError, "(13, 1)", "got (0, 1)"),
        ("NaN", with_entry(y, np.nan), ValueError, "finite", "nan at index (2, 0)"),
        ("infinity", with_entry(y, np.inf), ValueError, "finite", "inf at index (2, 0)"),
        ("label 2", with_entry(y, 2), ValueError, "labels 0 and 1", "got 2"),
        ("label -1", with_entry(y, -1), ValueError, "labels 0 and 1", "got -1"),
        ("label 0.5", with_entry(y, 0.5), ValueError, "labels 0 and 1", "got 0.5"),
    ),
    *NOT_NUMBERS,
]


@pytest.fixture
def net_with_state():
    """A trained network with a fresh forward pass, and what else must not change: optimizer, generator and data."""
    net, optimizer, rng = NeuralNetwork([3, 5, 4, 1], seed=3), Adam(0.01), np.random.default_rng(5)
    net.train(X, y, n_epochs=2, batch_size=5, verbose=False, optimizer=optimizer, rng=rng, validation=(X, y))
    net.forward(X)
    return net, optimizer, rng


TAKES_X = {
    "forward": lambda net, bad, **_: net.forward(bad),
    "forward without training": lambda net, bad, **_: net.forward(bad, training=False),
    "predict": lambda net, bad, **_: net.predict(bad),
    "predict_proba": lambda net, bad, **_: net.predict_proba(bad),
    "accuracy": lambda net, bad, **_: net.accuracy(bad, y),
    "loss": lambda net, bad, **_: net.loss(bad, y),
    "train": lambda net, bad, **options: net.train(bad, y, **options),
    "validation": lambda net, bad, **options: net.train(X, y, validation=(bad, y), **options),
}
TAKES_Y = {
    "backward": lambda net, bad, **_: net.backward(net.predict_proba(X), bad),
    "accuracy": lambda net, bad, **_: net.accuracy(X, bad),
    "loss": lambda net, bad, **_: net.loss(X, bad),
    "train": lambda net, bad, **options: net.train(X, bad, **options),
    "validation": lambda net, bad, **options: net.train(X, y, validation=(X, bad), **options),
}


@pytest.mark.parametrize("where", TAKES_X)
@pytest.mark.parametrize(("bad", "error", "expected", "actual"), BAD_X)
def test_bad_samples_are_refused_everywhere(net_with_state, where, bad, error, expected, actual):
    net, optimizer, rng = net_with_state
    name = "validation X must" if where == "validation" else "X must"
    refuses(
        lambda: TAKES_X[where](net, bad, optimizer=optimizer, rng=rng),
        error,
        name,
        expected,
        actual,
        unchanged=[net, optimizer, rng, X, y],
    )


@pytest.mark.parametrize("where", TAKES_Y)
@pytest.mark.parametrize(
    ("bad", "error", "parts"), [pytest.param(p.values[0], p.values[1], p.values[2:], id=p.id) for p in BAD_Y]
)
def test_bad_targets_are_refused_everywhere(net_with_state, where, bad, error, parts):
    net, optimizer, rng = net_with_state
    name = {"backward": "y_true must", "validation": "validation y must"}.get(where, "y must")
    refuses(
        lambda: TAKES_Y[where](net, bad, optimizer=optimizer, rng=rng),
        error,
        name,
        *parts,
        unchanged=[net, optimizer, rng, X, y],
    )


@pytest.mark.parametrize("where", [name for name in TAKES_Y if name != "backward"])
@pytest.mark.parametrize(
    ("bad", "parts"),
    cases(
        ("two ones in a row", ([[1, 1, 0], [0, 1, 0]],), ("one-hot",)),
        ("no one in a row", ([[0, 0, 0], [0, 1, 0]],), ("one-hot",)),
        ("probabilities", ([[0.5, 0.5, 0], [0, 1, 0]],), ("one-hot", "0.5")),
        ("a column of labels", ([[0], [2]],), ("(2, 3)", "got (2, 1)")),
        ("a vector of labels", ([0, 2],), ("(2, 3)", "got (2,)")),
    ),
)
def test_softmax_wants_one_hot_targets_and_shows_what_it_got(where, bad, parts):
    net = NeuralNetwork([3, 4, 3], seed=0, output=SoftmaxCrossEntropy)
    net.forward(X[:2])
    good = one_hot(np.array([0, 1]), 3)
    call = {
        "accuracy": lambda: net.accuracy(X[:2], bad[0]),
        "loss": lambda: net.loss(X[:2], bad[0]),
        "train": lambda: net.train(X[:2], bad[0], verbose=False, n_epochs=1),
        "validation": lambda: net.train(X[:2], good, verbose=False, n_epochs=1, validation=(X[:2], bad[0])),
    }[where]
    name = "validation y must" if where == "validation" else "y must"
    refuses(call, ValueError, name, "got", *parts, unchanged=[net])


def test_numbers_too_large_for_float32_are_refused_instead_of_becoming_infinite():
    net = NeuralNetwork([3, 2, 1], seed=0, dtype=np.float32)
    refuses(lambda: net.forward(X * 1e300), ValueError, "X must be finite in float32", "inf", unchanged=[net])


# The other arguments of train

NOT_POSITIVE_INTEGERS = cases(
    ("zero", 0, ValueError, "got 0"),
    ("negative", -3, ValueError, "got -3"),
    ("float", 2.0, TypeError, "got 2.0"),
    ("fraction", 2.5, TypeError, "got 2.5"),
    ("NaN", float("nan"), TypeError, "got nan"),
    ("infinity", float("inf"), TypeError, "got inf"),
    ("string", "10", TypeError, "got '10'"),
    ("True", True, TypeError, "got True"),
    ("NumPy True", np.True_, TypeError, "True"),
    ("list", [10], TypeError, "got [10]"),
    ("array", np.array([10, 20]), TypeError, "got array([10, 20])"),
    ("complex", 3 + 0j, TypeError, "got (3+0j)"),
)
NOT_RATES = cases(
    ("zero", 0, ValueError, "got 0"),
    ("zero as float", 0.0, ValueError, "got 0.0"),
    ("negative", -0.1, ValueError, "got -0.1"),
    ("NaN", float("nan"), ValueError, "got nan"),
    ("infinity", float("inf"), ValueError, "got inf"),
    ("minus infinity", float("-inf"), ValueError, "got -inf"),
    ("string", "0.1", TypeError, "got '0.1'"),
    ("None", None, TypeError, "got None"),
    ("True", True, TypeError, "got True"),
    ("complex", 0.1 + 0j, TypeError, "got (0.1+0j)"),
    ("list", [0.1], TypeError, "got [0.1]"),
    ("array", np.array([0.1]), TypeError, "got array([0.1])"),
    ("function", len, TypeError, "got <built-in function len>"),
)


@pytest.mark.parametrize("name", ["n_epochs", "batch_size"])
@pytest.mark.parametrize(("bad", "error", "actual"), NOT_POSITIVE_INTEGERS)
def test_train_wants_positive_integers(net_with_state, name, bad, error, actual):
    net, optimizer, rng = net_with_state
    call = lambda: net.train(X, y, optimizer=optimizer, rng=rng, **{name: bad})  # noqa: E731
    refuses(call, error, f"{name} must be a positive integer", actual, unchanged=[net, optimizer, rng])


def test_n_epochs_may_not_be_none(net_with_state):
    net, *_ = net_with_state
    refuses(
        lambda: net.train(X, y, n_epochs=None),
        TypeError,
        "n_epochs must be a positive integer",
        "None",
        unchanged=[net],
    )


@pytest.mark.parametrize(("bad", "error", "actual"), NOT_RATES)
@pytest.mark.parametrize("where", ["train", "network.update", "layer.update"])
def test_a_learning_rate_must_be_positive_and_finite(net_with_state, where, bad, error, actual):
    net, optimizer, rng = net_with_state
    net.backward(net.forward(X), y)
    call = {
        "train": lambda: net.train(X, y, bad, rng=rng),
        "network.update": lambda: net.update(bad),
        "layer.update": lambda: net.layers[0].update(bad),
    }[where]
    refuses(call, error, "lr must be a finite number > 0", actual, unchanged=[net, optimizer, rng])


@pytest.mark.parametrize("make", [SGD, *REMEMBERING], ids=lambda c: c.__name__)
@pytest.mark.parametrize(("bad", "error", "actual"), NOT_RATES)
def test_an_optimizer_wants_a_learning_rate_that_is_positive_and_finite(make, bad, error, actual):
    refuses(lambda: make(bad), error, "lr must be a finite number > 0", actual)


@pytest.mark.parametrize(
    ("name", "bad", "error", "parts"),
    cases(
        ("optimizer by name", "optimizer", "adam", TypeError, ("step(theta, grad)", "got 'adam'")),
        ("optimizer as a rate", "optimizer", 0.01, TypeError, ("step(theta, grad)", "got 0.01")),
        ("optimizer as a class", "optimizer", Adam, TypeError, ("step(theta, grad)", "Adam")),
        ("rng as a seed", "rng", 7, TypeError, ("numpy.random.Generator", "got 7")),
        ("rng as a module", "rng", np.random, TypeError, ("numpy.random.Generator", "module")),
        ("rng as a function", "rng", np.random.default_rng, TypeError, ("numpy.random.Generator", "function")),
        ("rng of the old kind", "rng", np.random.RandomState(1), TypeError, ("numpy.random.Generator", "RandomState")),  # noqa: NPY002
        ("on_epoch", "on_epoch", 100, TypeError, ("function of (net, epoch)", "got 100")),
        ("on_epoch by name", "on_epoch", "tqdm", TypeError, ("function of (net, epoch)", "got 'tqdm'")),
        ("validation samples only", "validation", X, TypeError, ("pair (X, y)", "ndarray")),
        ("validation of one", "validation", (X,), TypeError, ("pair (X, y)", "got")),
        ("validation of three", "validation", (X, y, X), TypeError, ("pair (X, y)", "got")),
        ("validation as a fraction", "validation", 0.2, TypeError, ("pair (X, y)", "float")),
        ("validation as a string", "validation", "Xy", TypeError, ("pair (X, y)", "str")),
    ),
)
def test_train_refuses_other_arguments_that_cannot_work(net_with_state, name, bad, error, parts):
    net, optimizer, rng = net_with_state
    call = lambda: net.train(X, y, **{"optimizer": optimizer, "rng": rng, name: bad})  # noqa: E731
    refuses(call, error, f"{name} must", *parts, unchanged=[net, optimizer, rng])


@pytest.mark.parametrize("dims", [[3, 2, 1], [3, 5, 4, 1]], ids=["of another size", "of the same size"])
def test_an_optimizer_with_a_memory_belongs_to_one_network(net_with_state, dims):
    _, optimizer, rng = net_with_state
    other = NeuralNetwork(dims, seed=0)
    refuses(
        lambda: other.train(X, y, optimizer=optimizer, rng=rng, verbose=False),
        ValueError,
        "this Adam remembers another network",
        "a new Adam for each network",
        unchanged=[other.theta, other.history, optimizer, rng],
    )


def test_nothing_is_printed_before_an_error(net_with_state, capsys):
    net, *_ = net_with_state
    refuses(lambda: net.train(X, y.ravel()), ValueError, "y must have shape")
    assert capsys.readouterr() == ("", "")


# forward, backward and update in the wrong order


@pytest.mark.parametrize(
    ("call", "parts"),
    cases(
        (
            "backward first",
            lambda net: net.backward(np.full((13, 1), 0.5), y),
            ("backward", "fresh forward(X, training=True)"),
        ),
        ("update first", lambda net: net.update(0.1), ("update needs gradients", "forward(X)", "backward")),
        (
            "layer backward first",
            lambda net: net.layers[0].backward(np.ones((13, 2))),
            ("LinearLayer.backward", "fresh forward"),
        ),
        (
            "layer update first",
            lambda net: net.layers[2].update(0.1),
            ("LinearLayer.update needs gradients", "forward(X)"),
        ),
        (
            "activation backward first",
            lambda net: net.layers[1].backward(np.ones((13, 2))),
            ("ReLU.backward", "fresh forward"),
        ),
    ),
)
def test_backward_and_update_before_forward_fail_loudly(call, parts):
    net = NeuralNetwork([3, 2, 1], seed=0)
    refuses(lambda: call(net), RuntimeError, *parts, unchanged=[net])


def test_update_after_forward_alone_fails_too():
    net = NeuralNetwork([3, 2, 1], seed=0)
    net.forward(X)
    refuses(lambda: net.update(0.1), RuntimeError, "update needs gradients", unchanged=[net])


def test_a_second_backward_fails_loudly_and_changes_nothing():
    net = NeuralNetwork([3, 2, 1], seed=0)
    P = net.forward(X)
    net.backward(P, y)
    refuses(lambda: net.backward(P, y), RuntimeError, "fresh forward", unchanged=[net])


@pytest.mark.parametrize(
    ("bad", "error", "parts"),
    cases(
        ("of other samples", np.full((4, 1), 0.5), ValueError, ("(13, 1)", "got (4, 1)")),
        ("a vector", np.full(13, 0.5), ValueError, ("(13, 1)", "got (13,)")),
        ("NaN", np.full((13, 1), np.nan), ValueError, ("finite", "nan")),
        ("strings", np.full((13, 1), "a"), TypeError, ("real numbers", "<U1")),
        ("complex", np.full((13, 1), 1j), TypeError, ("real numbers", "complex128")),
        ("None", None, TypeError, ("real numbers", "NoneType")),
    ),
)
def test_backward_wants_the_predictions_of_its_forward(bad, error, parts):
    net = NeuralNetwork([3, 2, 1], seed=0)
    net.forward(X)
    refuses(lambda: net.backward(bad, y), error, "y_pred must", *parts, unchanged=[net])
    net.backward(net.predict_proba(X), y)  # and a correct call still works


# Layers on their own


@pytest.mark.parametrize(
    ("bad", "error", "parts"),
    cases(
        ("a vector", np.ones(3), ValueError, ("(N, 3)", "got (3,)")),
        ("a number", 1.0, ValueError, ("(N, 3)", "got ()")),
        ("wrong features", np.ones((4, 2)), ValueError, ("(N, 3)", "got (4, 2)")),
        ("strings", np.full((4, 3), "a"), TypeError, ("real numbers", "<U1")),
        ("complex", np.ones((4, 3)) + 0j, TypeError, ("real numbers", "complex128")),
        ("objects", np.full((4, 3), None), TypeError, ("real numbers", "object")),
    ),
)
@pytest.mark.parametrize("training", [True, False])
def test_a_linear_layer_refuses_a_batch_it_cannot_map(bad, error, parts, training):
    layer = LinearLayer(3, 2, seed=0)
    layer.forward(X)
    refuses(lambda: layer.forward(bad, training), error, "X must", *parts, unchanged=[layer])


@pytest.mark.parametrize(
    "make", [lambda: LinearLayer(3, 3, seed=0), ReLU, Sigmoid, Tanh], ids=["LinearLayer", "ReLU", "Sigmoid", "Tanh"]
)
@pytest.mark.parametrize("shape", [(13, 1), (13,), (1, 3), (12, 3), (3,), (), (13, 4)], ids=str)
def test_a_layer_refuses_a_gradient_that_is_not_of_the_shape_of_its_output(make, shape):
    layer = make()
    layer.forward(X)
    layer.backward(X)
    layer.forward(X)
    kept = [getattr(layer, prefix + name) for name in layer.params for prefix in ("", "d")]
    call = lambda: layer.backward(np.ones(shape))  # noqa: E731
    refuses(call, ValueError, "must have shape (13, 3)", f"got {shape}", unchanged=kept)


@pytest.mark.parametrize("name", ["d_in", "d_out"])
@pytest.mark.parametrize(("bad", "error", "actual"), NOT_POSITIVE_INTEGERS)
def test_sizes_of_a_layer_are_positive_integers(name, bad, error, actual):
    sizes = {"d_in": 3, "d_out": 2, name: bad}
    refuses(lambda: LinearLayer(**sizes), error, f"{name} must be a positive integer", actual)


NOT_SEEDS = cases(
    ("negative", -1, ValueError, "got -1"),
    ("float", 1.0, TypeError, "got 1.0"),
    ("string", "1", TypeError, "got '1'"),
    ("True", True, TypeError, "got True"),
    ("generator", np.random.default_rng(1), TypeError, "got Generator"),
)
TAKES_SEED = {
    "LinearLayer": lambda bad: LinearLayer(3, 2, bad),
    "Dropout": lambda bad: Dropout(0.5, bad),
    "NeuralNetwork": lambda bad: NeuralNetwork([3, 2], bad),
    "make_spirals": lambda bad: make_spirals(seed=bad),
    "make_circles": lambda bad: make_circles(seed=bad),
    "make_moons": lambda bad: make_moons(seed=bad),
    "make_xor": lambda bad: make_xor(seed=bad),
    "make_blobs": lambda bad: make_blobs(seed=bad),
    "train_test_split": lambda bad: train_test_split(X, y, seed=bad),
    "check_layer": lambda bad: check_layer(ReLU(), X, seed=bad),
}


@pytest.mark.parametrize("where", TAKES_SEED)
@pytest.mark.parametrize(("bad", "error", "actual"), NOT_SEEDS)
def test_a_seed_is_an_integer_that_is_not_negative(where, bad, error, actual):
    refuses(lambda: TAKES_SEED[where](bad), error, "seed must be an integer of at least 0", actual)


@pytest.mark.parametrize(
    ("options", "error", "parts"),
    cases(
        ("init by name", {"init": "xavier"}, TypeError, ("init must be", "got 'xavier'")),
        (
            "init that returns another shape",
            {"init": lambda i, o, rng: np.ones((o, i))},
            ValueError,
            ("init", "(3, 2)", "(2, 3)"),
        ),
        (
            "init that returns NaN",
            {"init": lambda i, o, rng: np.full((i, o), np.nan)},
            ValueError,
            ("init", "finite", "nan"),
        ),
        (
            "init that returns strings",
            {"init": lambda i, o, rng: np.full((i, o), "a")},
            TypeError,
            ("init", "real numbers", "<U1"),
        ),
        ("integers", {"dtype": int}, TypeError, ("dtype must be float32 or float64", "int")),
        ("half precision", {"dtype": np.float16}, TypeError, ("dtype must be float32 or float64", "float16")),
        ("complex", {"dtype": complex}, TypeError, ("dtype must be float32 or float64", "complex")),
        ("no dtype", {"dtype": "floaty"}, TypeError, ("dtype must be float32 or float64", "floaty")),
    ),
)
@pytest.mark.parametrize(
    "make", [lambda **o: LinearLayer(3, 2, **o), lambda **o: NeuralNetwork([3, 2], **o)], ids=["layer", "network"]
)
def test_initializer_and_dtype_are_checked_at_construction(make, options, error, parts):
    refuses(lambda: make(**options), error, *parts)


# Networks


@pytest.mark.parametrize(
    ("bad", "error", "parts"),
    cases(
        ("empty", [], ValueError, ("input and an output", "got []")),
        ("one size", [2], ValueError, ("input and an output", "got [2]")),
        ("a number", 2, (TypeError, ValueError), ("input and an output", "got 2")),
        ("None", None, (TypeError, ValueError), ("input and an output", "None")),
        ("a string", "2,1", (TypeError, ValueError), ("got '2,1'",)),
        ("an array of no dimension", np.array(2), (TypeError, ValueError), ("input and an output", "array(2)")),
        ("a matrix", np.ones((2, 2), int), TypeError, ("positive integer", "got array([1, 1])")),
        ("zero", [2, 0, 1], ValueError, ("positive integer", "got 0")),
        ("negative", [2, -4, 1], ValueError, ("positive integer", "got -4")),
        ("float", [2, 4.0, 1], TypeError, ("positive integer", "got 4.0")),
        ("string inside", [2, "4", 1], TypeError, ("positive integer", "got '4'")),
        ("True", [2, True], TypeError, ("positive integer", "got True")),
        ("None inside", [2, None], TypeError, ("positive integer", "got None")),
        ("nested", [2, [4], 1], TypeError, ("positive integer", "got [4]")),
    ),
)
def test_layer_dims_are_at_least_two_positive_integers(bad, error, parts):
    refuses(lambda: NeuralNetwork(bad), error, "layer_dims", *parts)


@pytest.mark.parametrize(
    ("options", "parts"),
    cases(
        ("activation by name", {"activation": "relu"}, ("activation must be", "ReLU", "got 'relu'")),
        ("activation as an object", {"activation": ReLU()}, ("activation must be", "ReLU", "got <")),
        ("activation as a function of z", {"activation": relu}, ("activation must be", "ReLU", "relu")),
        ("activation that needs sizes", {"activation": LinearLayer}, ("activation must be", "ReLU", "LinearLayer")),
        ("output by name", {"output": "sigmoid"}, ("output must be", "SigmoidCrossEntropy", "got 'sigmoid'")),
        ("output as an object", {"output": SigmoidCrossEntropy()}, ("output must be", "SigmoidCrossEntropy", "got <")),
        ("output as a layer", {"output": Sigmoid}, ("output must be", "SigmoidCrossEntropy", "Sigmoid'>")),
        (
            "output as a loss",
            {"output": binary_cross_entropy},
            ("output must be", "SigmoidCrossEntropy", "binary_cross"),
        ),
        ("init by name", {"init": "he"}, ("init must be", "xavier", "got 'he'")),
        ("init as a matrix", {"init": np.ones((3, 4))}, ("init must be", "xavier", "array")),
    ),
)
def test_activation_output_and_init_are_classes_and_functions(options, parts):
    refuses(lambda: NeuralNetwork([3, 4, 1], **options), TypeError, *parts)


@pytest.mark.parametrize("dims", [[3, 4, 1], [3, 1]], ids=str)
@pytest.mark.parametrize("bad", [1, 0, None, "yes", BatchNorm, np.array([True])], ids=repr)
def test_batch_norm_is_true_or_false(bad, dims):
    refuses(lambda: NeuralNetwork(dims, batch_norm=bad), TypeError, f"batch_norm must be True or False, got {bad!r}")


@pytest.mark.parametrize(
    ("bad", "parts"),
    cases(
        ("too short", np.ones(5), ("(11,)", "got (5,)")),
        ("a number", 0.0, ("(11,)", "got ()")),
        ("a column", np.ones((11, 1)), ("(11,)", "got (11, 1)")),
    ),
)
@pytest.mark.parametrize("name", ["theta", "grad"])
def test_theta_and_grad_keep_their_shape(name, bad, parts):
    net = NeuralNetwork([3, 2, 1], seed=0)
    refuses(lambda: setattr(net, name, bad), ValueError, f"{name} must have shape", *parts, unchanged=[net])


def test_the_comma_forgotten_in_params_is_found_where_the_layer_is_defined():
    def define():
        class Scale(Layer):
            params = "gamma"

    refuses(define, TypeError, "params", "tuple", "'gamma'")


# Losses and output pairs

ALIGNED = [mse_loss, mse_grad, binary_cross_entropy]


@pytest.mark.parametrize("f", ALIGNED, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("y_pred", "y_true", "error", "parts"),
    cases(
        (
            "column and vector",
            np.full((4, 1), 0.5),
            np.ones(4),
            ValueError,
            ("y_true must have shape (4, 1)", "got (4,)"),
        ),
        (
            "vector and column",
            np.full(4, 0.5),
            np.ones((4, 1)),
            ValueError,
            ("y_true must have shape (4,)", "got (4, 1)"),
        ),
        ("unequal lengths", np.full((4, 1), 0.5), np.ones((3, 1)), ValueError, ("y_true", "(4, 1)", "got (3, 1)")),
        ("a number", np.full((4, 1), 0.5), 1.0, ValueError, ("y_true", "(4, 1)", "got ()")),
        ("empty", np.ones((0, 1)), np.ones((0, 1)), ValueError, ("y_pred", "at least one", "(0, 1)")),
        ("NaN predictions", np.array([[np.nan]]), np.ones((1, 1)), ValueError, ("y_pred must be finite", "nan")),
        ("NaN targets", np.ones((1, 1)), np.array([[np.nan]]), ValueError, ("y_true must be finite", "nan")),
        ("infinite", np.array([[np.inf]]), np.ones((1, 1)), ValueError, ("y_pred must be finite", "inf")),
        ("strings", [["a"]], [[1.0]], TypeError, ("y_pred must hold real numbers", "<U1")),
        ("string targets", [[1.0]], [["a"]], TypeError, ("y_true must hold real numbers", "<U1")),
        ("complex", [[1j]], [[1.0]], TypeError, ("y_pred must hold real numbers", "complex128")),
        ("None", None, [[1.0]], TypeError, ("y_pred must hold real numbers", "NoneType")),
    ),
)
def test_losses_refuse_what_does_not_align(f, y_pred, y_true, error, parts):
    refuses(lambda: f(y_pred, y_true), error, *parts)


@pytest.mark.parametrize(
    "pair", [SigmoidCrossEntropy(), SoftmaxCrossEntropy(), IdentitySquaredError()], ids=lambda p: type(p).__name__
)
@pytest.mark.parametrize("shape", [(4,), (4, 1), (1, 3), (3, 3), (3,), (2, 4, 3)], ids=str)
@pytest.mark.parametrize("method", ["loss", "backward"])
def test_output_pairs_broadcast_nothing(pair, shape, method):
    Z = np.linspace(-1, 1, 12).reshape(4, 3)
    refuses(lambda: getattr(pair, method)(Z, np.ones(shape)), ValueError, "must have shape (4, 3)", f"got {shape}")


# Activations


@pytest.mark.parametrize(
    ("f", "name"),
    [(relu, "z"), (sigmoid, "z"), (tanh, "z"), (softmax, "z"), (relu_grad, "a"), (sigmoid_grad, "a"), (tanh_grad, "a")],
    ids=lambda f: getattr(f, "__name__", f),
)
@pytest.mark.parametrize(("bad", "error", "expected", "actual"), NOT_NUMBERS)
def test_activations_want_real_numbers(f, name, bad, error, expected, actual):
    refuses(lambda: f(bad), error, f"{name} must", expected, actual)


# Data

MAKERS = [make_spirals, make_circles, make_moons, make_xor, make_blobs]


@pytest.mark.parametrize("make", MAKERS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("bad", "error", "actual"), NOT_POSITIVE_INTEGERS)
def test_the_number_of_points_is_a_positive_integer(make, bad, error, actual):
    refuses(lambda: make(n_points=bad), error, "n_points must be a positive integer", actual)


@pytest.mark.parametrize("make", MAKERS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("bad", "error", "actual"), [case for case in NOT_RATES if not case.id.startswith("zero")])
def test_noise_is_a_finite_number_that_is_not_negative(make, bad, error, actual):
    refuses(lambda: make(noise=bad), error, "noise must be a finite number >= 0", actual)


@pytest.mark.parametrize(("bad", "error", "actual"), NOT_POSITIVE_INTEGERS)
def test_the_number_of_classes_is_a_positive_integer(bad, error, actual):
    refuses(lambda: make_blobs(n_classes=bad), error, "n_classes must be a positive integer", actual)
    refuses(lambda: one_hot(np.array([0]), bad), error, "n_classes must be a positive integer", actual)


FREE_WIDTH = [case for case in BAD_X if case.id not in ("too few features", "too many features", "transposed")]


@pytest.mark.parametrize(("bad", "error", "expected", "actual"), FREE_WIDTH)
@pytest.mark.parametrize(
    "call", [standardize, lambda bad: train_test_split(bad, y)], ids=["standardize", "train_test_split"]
)
def test_data_is_a_finite_matrix(call, bad, error, expected, actual):
    refuses(lambda: call(bad), error, "X must", expected.replace("(N, 3)", "(N, n_columns)"), actual)


@pytest.mark.parametrize(("bad", "error", "expected", "actual"), [case for case in BAD_X if case.id != "None"])
def test_data_is_standardized_like_data_of_the_same_width(bad, error, expected, actual):
    refuses(lambda: standardize(X, like=bad), error, "like must", expected, actual)


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    cases(
        (
            "unequal lengths",
            lambda: train_test_split(X, y[:5]),
            ValueError,
            ("y must have as many rows as X, 13", "(5, 1)"),
        ),
        (
            "a number for labels",
            lambda: train_test_split(X, 1),
            ValueError,
            ("y must have as many rows as X, 13", "()"),
        ),
        (
            "one sample",
            lambda: train_test_split(X[:1], y[:1]),
            ValueError,
            ("X must hold at least two samples", "got 1"),
        ),
        ("fraction 0", lambda: train_test_split(X, y, 0.0), ValueError, ("test_fraction must be", "< 1", "got 0.0")),
        ("fraction 1", lambda: train_test_split(X, y, 1.0), ValueError, ("test_fraction must be", "< 1", "got 1.0")),
        (
            "fraction as a count",
            lambda: train_test_split(X, y, 5),
            ValueError,
            ("test_fraction must be", "< 1", "got 5"),
        ),
        (
            "fraction negative",
            lambda: train_test_split(X, y, -0.2),
            ValueError,
            ("test_fraction must be", "> 0", "got -0.2"),
        ),
        (
            "fraction as a string",
            lambda: train_test_split(X, y, "0.2"),
            TypeError,
            ("test_fraction must be", "got '0.2'"),
        ),
        ("label too large", lambda: one_hot(np.array([0, 3]), 3), ValueError, ("labels must lie in 0 … 2", "3")),
        ("label negative", lambda: one_hot(np.array([0, -1]), 3), ValueError, ("labels must lie in 0 … 2", "-1")),
        (
            "labels as floats",
            lambda: one_hot(np.array([0.0, 1.0]), 3),
            TypeError,
            ("labels must be integers", "float64"),
        ),
        (
            "labels as a column",
            lambda: one_hot(np.array([[0], [1]]), 3),
            TypeError,
            ("labels must be integers", "(2, 1)"),
        ),
        ("labels as strings", lambda: one_hot(["a"], 3), TypeError, ("labels must be integers", "<U1")),
        ("labels as booleans", lambda: one_hot([True], 3), TypeError, ("labels must be integers", "bool")),
    ),
)
def test_splits_and_one_hot_name_what_is_wrong(call, error, parts):
    refuses(call, error, *parts)


# Optimizers


@pytest.mark.parametrize("make", [SGD, *REMEMBERING], ids=lambda c: c.__name__)
@pytest.mark.parametrize("shape", [(3,), (1,), (), (2, 1), (1, 2)], ids=str)
def test_an_optimizer_refuses_a_gradient_of_another_shape(make, shape):
    optimizer, theta = make(0.1), np.ones(2)
    optimizer.step(theta, np.ones(2))
    call = lambda: optimizer.step(theta, np.ones(shape))  # noqa: E731
    refuses(call, ValueError, "grad must have shape (2,)", f"got {shape}", unchanged=[optimizer, theta])


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("make", REMEMBERING, ids=lambda c: c.__name__)
def test_an_optimizer_with_a_memory_refuses_to_go_on_with_other_parameters(make, size):
    optimizer, other = make(0.1), np.ones(size)
    optimizer.step(np.ones(2), np.ones(2))
    call = lambda: optimizer.step(other, np.ones(size))  # noqa: E731
    refuses(call, ValueError, f"this {make.__name__} remembers another network", unchanged=[optimizer, other])


@pytest.mark.parametrize("make", REMEMBERING, ids=lambda c: c.__name__)
def test_a_copied_optimizer_refuses_parameters_of_another_size(make):
    optimizer, other = make(0.1), np.ones(3)
    optimizer.step(np.ones(2), np.ones(2))
    twin = copy.deepcopy(optimizer)
    refuses(lambda: twin.step(other, np.ones(3)), ValueError, "remembers another network", unchanged=[twin, other])


@pytest.mark.parametrize(
    ("make", "name"), [(Momentum, "beta"), (Adam, "beta1"), (Adam, "beta2")], ids=["beta", "beta1", "beta2"]
)
@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (1.0, ValueError),
        (1.5, ValueError),
        (-0.1, ValueError),
        (np.nan, ValueError),
        ("0.9", TypeError),
        (None, TypeError),
    ],
)
def test_decay_rates_lie_between_zero_and_one(make, name, bad, error):
    refuses(lambda: make(0.1, **{name: bad}), error, f"{name} must be a finite number >= 0 and < 1", f"got {bad!r}")


@pytest.mark.parametrize(
    ("bad", "error"), [(0.0, ValueError), (-1e-8, ValueError), (np.inf, ValueError), ("1e-8", TypeError)]
)
def test_epsilon_is_positive(bad, error):
    refuses(lambda: Adam(0.1, eps=bad), error, "eps must be a finite number > 0", f"got {bad!r}")


# Gradient checks


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    cases(
        (
            "a list",
            lambda: central_difference(lambda: 0.0, [1.0]),
            TypeError,
            ("x must be a float64 array", "got list"),
        ),
        (
            "float32",
            lambda: central_difference(lambda: 0.0, np.ones(2, np.float32)),
            TypeError,
            ("float64", "got float32"),
        ),
        ("integers", lambda: central_difference(lambda: 0.0, np.ones(2, int)), TypeError, ("float64", "got int64")),
        ("epsilon 0", lambda: central_difference(lambda: 0.0, np.ones(2), 0), ValueError, ("epsilon must be", "got 0")),
        ("epsilon negative", lambda: check_layer(ReLU(), X, -1e-5), ValueError, ("epsilon must be", "got -1e-05")),
        (
            "numerical_gradient with epsilon 0",
            lambda: numerical_gradient(LinearLayer(3, 1, seed=0), X, y, mse_loss, 0.0),
            ValueError,
            ("epsilon must be", "got 0.0"),
        ),
        (
            "numerical_gradient with misaligned targets",
            lambda: numerical_gradient(LinearLayer(3, 1, seed=0), X, y.ravel(), mse_loss),
            ValueError,
            ("y_true must have shape (13, 1)", "got (13,)"),
        ),
        (
            "check_network with a vector of labels",
            lambda: check_network(NeuralNetwork([3, 1], seed=0), X, y.ravel()),
            ValueError,
            ("must have shape (13, 1)", "got (13,)"),
        ),
        (
            "check_layer with wrong features",
            lambda: check_layer(LinearLayer(2, 1, seed=0), X),
            ValueError,
            ("(N, 2)", "(13, 3)"),
        ),
        (
            "check_layer with NaN",
            lambda: check_layer(ReLU(), with_entry(X, np.nan)),
            ValueError,
            ("X must be finite", "nan"),
        ),
    ),
)
def test_gradient_checks_name_what_is_wrong(call, error, parts):
    refuses(call, error, *parts)


# Plots and widgets

NET = NeuralNetwork([2, 3, 1], seed=0)
POINTS = X[:, :2]


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    cases(
        (
            "no model",
            lambda: plot_decision_boundary(None, POINTS, y),
            TypeError,
            ("model must have", "predict_proba", "NoneType"),
        ),
        (
            "three features",
            lambda: plot_decision_boundary(NET, X, y),
            ValueError,
            ("X must have shape (N, 2)", "(13, 3)"),
        ),
        (
            "labels too short",
            lambda: plot_decision_boundary(NET, POINTS, y[:4]),
            ValueError,
            ("y must", "13", "(4, 1)"),
        ),
        ("labels NaN", lambda: plot_points(POINTS, with_entry(y, np.nan)), ValueError, ("y must", "nan")),
        ("labels as strings", lambda: plot_points(POINTS, np.full(13, "a")), TypeError, ("y must", "<U1")),
        ("one label for all", lambda: plot_points(POINTS, 1), ValueError, ("y must", "13", "()")),
        ("NaN points", lambda: plot_points(with_entry(POINTS, np.nan), y), ValueError, ("X must be finite", "nan")),
        (
            "resolution 1",
            lambda: plot_decision_boundary(NET, POINTS, y, resolution=1),
            ValueError,
            ("resolution must be an integer of at least 2", "got 1"),
        ),
        ("diagram of one size", lambda: plot_network([2]), ValueError, ("layer_dims", "input and an output", "[2]")),
        (
            "diagram with a zero",
            lambda: plot_network([2, 0, 1]),
            ValueError,
            ("layer_dims", "positive integer", "got 0"),
        ),
        (
            "progress of no epochs",
            lambda: progress_bar(0),
            ValueError,
            ("n_epochs must be a positive integer", "got 0"),
        ),
    ),
)
def test_plots_and_widgets_name_what_is_wrong(call, error, parts):
    refuses(call, error, *parts, unchanged=[NET])


# What every message has in common


@pytest.mark.parametrize(
    "call",
    [
        lambda: make_spirals(-1),
        lambda: make_spirals(noise=-1),
        lambda: LinearLayer(0, 1),
        lambda: NeuralNetwork([1]),
        lambda: SGD(-1),
        lambda: mse_loss(np.ones(2), np.ones(3)),
        lambda: NeuralNetwork([3, 1]).predict(np.ones((2, 2))),
        lambda: NeuralNetwork([3, 1]).train(X, y.ravel()),
    ],
)
def test_a_message_is_one_sentence_that_says_must_and_got(call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert re.fullmatch(r"[^\n]+ must .+, got [^\n]+", str(caught.value))
    assert len(str(caught.value)) < 200


def test_a_refused_call_can_be_repaired_and_then_runs_as_if_nothing_had_been(net_with_state):
    net, optimizer, rng = net_with_state
    twin, twins, rngs = copy.deepcopy((net, optimizer, rng))
    for bad in ({"n_epochs": 0}, {"batch_size": 1.5}, {"validation": (X, y.ravel())}):
        refuses(lambda bad=bad: net.train(X, y, optimizer=optimizer, rng=rng, **bad), (TypeError, ValueError))
    for a, b, c in ((net, optimizer, rng), (twin, twins, rngs)):
        a.train(X, y, n_epochs=2, batch_size=5, verbose=False, optimizer=b, rng=c)
    assert frozen([net, optimizer, rng]) == frozen([twin, twins, rngs])


# What would be wrong in silence


class Masked:
    """Everything that takes arrays, each given one that is masked."""

    column, matrix, vector = (np.ma.array(a, mask=a == a.flat[0]) for a in (np.ones((4, 1)), X[:4], np.arange(4)))
    layer, norm = LinearLayer(3, 1, seed=0), BatchNorm(3)
    calls = {
        "mse_loss": lambda m: mse_loss(m.column, np.ones((4, 1))),
        "mse_grad": lambda m: mse_grad(np.ones((4, 1)), m.column),
        "binary_cross_entropy": lambda m: binary_cross_entropy(m.column, np.ones((4, 1))),
        "one_hot": lambda m: one_hot(m.vector, 4),
        "train_test_split": lambda m: train_test_split(X[:4], m.vector),
        "make_spirals": lambda m: make_spirals(noise=np.ma.masked),
        "relative_error": lambda m: relative_error(m.column, np.ones((4, 1))),
        "relative_error, numeric": lambda m: relative_error(np.ones((4, 1)), m.column),
        "central_difference": lambda m: central_difference(lambda: 0.0, m.matrix),
        "numerical_gradient": lambda m: numerical_gradient(m.layer, m.matrix, np.ones((4, 1)), mse_loss),
        "check_layer": lambda m: check_layer(m.layer, m.matrix),
        "check_network": lambda m: check_network(NeuralNetwork([3, 1], 0), X[:4], m.column),
        "LinearLayer": lambda m: m.layer.forward(m.matrix),
        "assignment": lambda m: setattr(m.layer, "W", np.ma.ones((3, 1))),
        "BatchNorm": lambda m: m.norm.forward(m.matrix),
        "Dropout": lambda m: Dropout(0.5, 0).forward(m.matrix),
        "init": lambda m: LinearLayer(2, 2, init=lambda i, o, rng: np.ma.ones((i, o))),
        "theta": lambda m: Adam(0.1).step(np.ma.ones(3), np.ones(3)),
        "grad": lambda m: SGD(0.1).step(np.ones(3), np.ma.ones(3)),
        **{
            f"{pair.__name__}.{name}": lambda m, pair=pair, name=name: getattr(pair(), name)(
                m.matrix, *([X[:4]] if name in ("loss", "backward") else [])
            )
            for pair in (SigmoidCrossEntropy, SoftmaxCrossEntropy, IdentitySquaredError)
            for name in ("forward", "loss", "backward", "predict")
        },
    }


@pytest.mark.parametrize("name", Masked.calls)
def test_what_is_masked_never_counts(name):
    refuses(lambda: Masked.calls[name](Masked), TypeError, "must", "asked", unchanged=[Masked.layer, Masked.norm])


@pytest.mark.parametrize(
    ("y_pred", "y_true", "part", "got"),
    cases(
        ("labels -1 and 1", [0.1, 0.9], [-1, 1], "y_true must hold labels between 0 and 1", "got -1"),
        ("labels 1 and 2", [0.1, 0.9], [1, 2], "y_true must hold labels between 0 and 1", "got 1 … 2"),
        ("logits", [-3.5, 2.0], [0, 1], "y_pred must hold probabilities between 0 and 1", "got -3.5"),
    ),
)
def test_cross_entropy_wants_probabilities_and_labels(y_pred, y_true, part, got):
    refuses(lambda: binary_cross_entropy(y_pred, y_true), ValueError, part, got)


def test_half_precision_is_computed_in_double_precision_or_refused():
    ones, half = np.array([[1.0], [0.0]]), np.array([[300.0], [0.0]], np.float16)
    assert mse_loss(half, -ones) == mse_loss(half.astype(float), -ones)
    p = np.array([[0.0], [1.0]], np.float16)
    assert binary_cross_entropy(p, ones.astype(np.float16)) == binary_cross_entropy(p.astype(float), ones)
    assert SigmoidCrossEntropy().loss(half, ones).dtype == relu(half).dtype == np.float64
    for optimizer in (SGD(0.1), Adam(0.1)):
        theta = np.ones(2, np.float16)
        refuses(lambda: optimizer.step(theta, theta), TypeError, "theta must", "float16", unchanged=[optimizer, theta])  # noqa: B023


@pytest.mark.parametrize("theta", [np.ones(2, int), np.ones(2, complex), np.ones(2, object), [1.0, 1.0], 1.0], ids=repr)
@pytest.mark.parametrize("make", [SGD, *REMEMBERING], ids=lambda c: c.__name__)
def test_an_optimizer_moves_arrays_of_floats_only(make, theta):
    optimizer = make(0.1)
    refuses(lambda: optimizer.step(theta, np.ones(2)), TypeError, "theta must be a float32", unchanged=[optimizer])


@pytest.mark.parametrize("make", REMEMBERING, ids=lambda c: c.__name__)
def test_an_optimizer_remembers_one_part_of_a_vector_and_takes_no_other(make):
    optimizer, a = make(0.1), np.ones(10)
    optimizer.step(a[:5], np.ones(5))
    refuses(lambda: optimizer.step(a[5:], np.ones(5)), ValueError, "another network", unchanged=[optimizer, a])
    refuses(lambda: optimizer.step(a[:10:2], np.ones(5)), ValueError, "another network", unchanged=[optimizer, a])
    optimizer.step(a[:5], np.ones(5))


@pytest.mark.parametrize("make", [lambda: BatchNorm(3), lambda: LinearLayer(3, 2, 0)], ids=["BatchNorm", "LinearLayer"])
@pytest.mark.parametrize("training", [True, False])
def test_a_leading_axis_that_the_parameters_do_not_have_is_refused(make, training):
    layer = make()
    refuses(lambda: layer.forward(np.ones((2, 4, 3)), training), ValueError, "(N, 3), got (2, 4, 3)", unchanged=[layer])


class Series:
    """As of pandas: an array inside, and no `reshape`."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)

    def __len__(self):
        return len(self.values)


FORMS = {"list": list, "tuple": tuple, "series": Series, "objects": lambda a: Series(a.astype(object))}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_the_advice_for_labels_in_any_form_works(form):
    net, advised = NeuralNetwork([3, 1], seed=0), form(y.ravel())
    calls = {
        "": lambda labels: net.loss(X, labels),
        "validation ": lambda labels: net.train(X, y, validation=(X, labels)),
    }
    for kind, call in calls.items():
        advised = form(y.ravel())
        while np.shape(advised) != y.shape:  # first the dtype, then the shape
            with pytest.raises((TypeError, ValueError), match=f"^{kind}y must") as caught:
                call(advised)
            advice = str(caught.value).split("; use ")[1]
            advised = eval(advice, {"np": np, "y": advised, "float": float})
        assert net.loss(X, advised) == net.loss(X, y)


def test_tables_of_data_are_taken():
    net, frame = NeuralNetwork([3, 1], seed=0), Series(X)
    assert net.loss(frame, Series(y)) == net.loss(X, y)
    np.testing.assert_array_equal(standardize(frame), standardize(X))
    np.testing.assert_array_equal(one_hot(Series(np.array([0, 2])), 3), one_hot([0, 2], 3))
    for got, expected in zip(train_test_split(frame, Series(y)), train_test_split(X, y), strict=True):
        np.testing.assert_array_equal(got, expected)
