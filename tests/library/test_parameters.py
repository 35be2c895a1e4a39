import numpy as np
import pytest
from conftest import frozen

from scratchnet import BatchNorm, LinearLayer, ReLU
from scratchnet.parameters import fixed_array, gather


class Owner:
    W = fixed_array("W")


def layers():
    return [LinearLayer(3, 2, seed=0), BatchNorm(2), ReLU(), LinearLayer(2, 1, seed=1)]


def test_the_first_array_is_copied_and_every_other_is_written_into_the_copy():
    owner, W = Owner(), np.array([[1.0, 2.0]])
    owner.W = W
    kept = owner.W
    W[...] = 9.0
    assert kept.tolist() == [[1.0, 2.0]]
    owner.W = [[3, 4]]
    assert owner.W is kept and kept.tolist() == [[3.0, 4.0]]
    owner.W = kept  # what `W -= lr * dW` comes to
    owner.W *= 2
    assert owner.W is kept and kept.tolist() == [[6.0, 8.0]]


def test_an_array_of_another_shape_or_kind_is_refused_and_changes_nothing():
    owner = Owner()
    with pytest.raises(AttributeError):
        _ = owner.W
    owner.W = np.array([1.0, 2.0])
    for wrong, error in (([3.0], ValueError), ([[3.0, 4.0]], ValueError), (["a", "b"], TypeError)):
        with pytest.raises(error, match="W must"):
            owner.W = wrong
    assert owner.W.tolist() == [1.0, 2.0]


def test_an_attribute_says_what_it_is():
    assert Owner.W.__doc__ == "The array `W`; assigning to it writes in place."


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gathering_keeps_the_values_and_makes_every_array_a_view_in_the_order_of_the_layers(dtype):
    parts = layers()
    values = [getattr(layer, name).copy() for layer in parts for name in layer.params]
    vectors = gather(parts, np.dtype(dtype))
    assert vectors.theta.dtype == vectors.grad.dtype == dtype and vectors.theta.size == 6 + 2 + 2 + 2 + 2 + 1
    assert frozen(vectors.theta) == frozen(np.concatenate([value.ravel() for value in values]).astype(dtype))
    assert not vectors.grad.any()
    assert vectors.weights == [slice(0, 6), slice(12, 14)]
    vectors.theta[...], vectors.grad[...] = np.arange(15), -np.arange(15)
    found = np.concatenate([getattr(layer, name).ravel() for layer in parts for name in layer.params])
    gradients = np.concatenate([getattr(layer, "d" + name).ravel() for layer in parts for name in layer.params])
    assert found.tolist() == list(range(15)) and gradients.tolist() == [-k for k in range(15)]
    assert parts[3].W.shape == (2, 1) and parts[1].gamma.tolist() == [[8, 9]]


def test_gathering_again_keeps_gradients_too_and_leaves_the_old_vectors_alone():
    parts = layers()
    first = gather(parts, np.dtype(np.float64))
    first.grad[...] = np.arange(15)
    second = gather(parts, np.dtype(np.float64))
    assert frozen([first.theta, first.grad]) == frozen([second.theta, second.grad])
    parts[0].W = np.ones((3, 2))
    assert second.theta[:6].tolist() == [1.0] * 6 and not np.shares_memory(first.theta, second.theta)


def test_without_a_gradient_yet_it_is_zero():
    class Gain(LinearLayer):
        params = ("W", "b", "gain")

        def __init__(self):
            super().__init__(1, 1, seed=0)
            self.gain = np.ones((1, 1))

    layer = Gain()
    vectors = gather([layer], np.dtype(np.float64))
    assert layer.dgain.tolist() == [[0.0]] and vectors.theta[-1] == 1.0


def test_nothing_to_gather_gives_empty_vectors():
    vectors = gather([ReLU()], np.dtype(np.float32))
    assert vectors.theta.shape == vectors.grad.shape == (0,) and vectors.weights == []
