"""One place for what every public function asks of its arguments: real, finite, and of the right shape."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

__all__: list[str] = []  # of use inside this package


def real(name: str, value: Any) -> np.ndarray:
    """Return `value` as an array of float32 or float64; raise TypeError for anything that is not real numbers.

    Other real numbers (integers, half and extended precision) become float64; a masked array is refused, since what
    it masks would count.
    """
    if type(value) is np.ndarray and value.dtype.char in "fd":
        return value
    try:
        array = np.asarray(unmasked(name, value))
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array, got rows of different lengths") from error
    if array.dtype.kind not in "fiub":
        hint = f"; use np.array({name.split()[-1]}, float)" if _holds_floats(array) else ""
        raise TypeError(f"{name} must hold real numbers, got {type(value).__name__} of dtype {array.dtype}{hint}")
    with np.errstate(over="ignore"):
        return array if array.dtype.char in "fd" else array.astype(np.float64)


def unmasked(name: str, value: Any) -> Any:
    """Return `value`; raise TypeError for a masked array, or a list of such."""
    for part in value if isinstance(value, list | tuple) else ():
        unmasked(name, part)
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must have a value everywhere, got a masked array; use {name.split()[-1]}.filled(0)")
    return value


def _holds_floats(array: np.ndarray) -> bool:
    """Whether objects or strings are finite numbers, as where a data frame mixes kinds of columns."""
    try:
        return array.dtype.kind in "OU" and bool(np.isfinite(array.astype(np.float64)).all())
    except Exception:  # whatever the objects raise
        return False


def finite(name: str, value: Any, dtype: Any = None) -> np.ndarray:
    """Return a fresh copy of `value` in `dtype`; raise ValueError where it holds NaN or infinity."""
    array = real(name, value)
    with np.errstate(over="ignore"):
        array = np.array(array, dtype=dtype)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite in {array.dtype}, got {array[where]} at index {where}")
    return array


def batch(name: str, value: Any) -> np.ndarray:
    """Return `value` as `real` does; raise ValueError unless it has rows and columns."""
    array = real(name, value)
    if array.ndim < 2:
        raise ValueError(f"{name} must have shape (N, d_out), got {array.shape}")
    return array


def samples(name: str, value: Any, n_columns: int | None = None, dtype: Any = None) -> np.ndarray:
    """Return a fresh copy of `value` as a finite matrix (N, n_columns) with N >= 1."""
    array = finite(name, value, dtype)
    columns = "n_columns" if n_columns is None else n_columns
    if array.ndim != 2 or (n_columns is not None and array.shape[1] != n_columns):
        hint = _as_column(name, value) if array.ndim == 1 and n_columns == 1 else ""
        raise ValueError(f"{name} must have shape (N, {columns}), got {array.shape}{hint}")
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one sample, got shape {array.shape}")
    return array


def _as_column(name: str, value: Any) -> str:
    """Return how to make a column of `value`: a list or a series has no `reshape`."""
    form = "{}" if isinstance(value, np.ndarray) else "np.array({})"
    return f"; use {form.format(name.split()[-1])}.reshape(-1, 1)"


def squarable(name: str, array: np.ndarray, advice: str = "scale the features, for instance with standardize") -> Any:
    """Return `array`; raise ValueError where the square of an entry is too large for its dtype."""
    limit, size = np.sqrt(np.finfo(array.dtype).max), np.abs(array).max()
    if size > limit:
        bound = f"below {limit:.2g}, whose square {array.dtype} can hold"
        raise ValueError(f"{name} must stay {bound}, got {size:.2g}: {advice}")
    return array


def share(name: str, array: np.ndarray, what: str) -> np.ndarray:
    """Return `array`; raise ValueError where an entry is not between 0 and 1."""
    if array.size and (array.min() < 0 or array.max() > 1):
        raise ValueError(f"{name} must hold {what} between 0 and 1, got {array.min():g} … {array.max():g}")
    return array


def same_shape(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return `value` as `real` does; raise ValueError unless its shape is `shape` (nothing is broadcast)."""
    array = real(name, value)
    if array.shape != shape:
        hint = _as_column(name, value) if array.ndim == 1 and shape == (array.size, 1) else ""
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}{hint}")
    return array


def movable(name: str, value: Any) -> np.ndarray:
    """Return `value` if it is an array of float32 or float64, which can be changed in place."""
    if type(value) is not np.ndarray or value.dtype.char not in "fd" or not value.ndim:
        raise TypeError(f"{name} must be a float32 or float64 array, which is changed in place, got {value!r:.60}")
    return value


def positive_int(name: str, value: Any, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`; floats, strings and booleans are refused."""
    kind = "a positive integer" if minimum == 1 else f"an integer of at least {minimum}"
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be {kind}, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be {kind}, got {value!r}") from None
    if number < minimum:
        raise ValueError(f"{name} must be {kind}, got {number}")
    return number


def number(name: str, value: Any, low: float = 0.0, high: float = np.inf, *, include_low: bool = False) -> float:
    """Return `value` as a finite float in (low, high), or in [low, high) with `include_low`."""
    wanted = f"a finite number {'>=' if include_low else '>'} {low:g}" + (f" and < {high:g}" if high < np.inf else "")
    if (
        isinstance(value, bool | np.bool_ | np.ma.MaskedArray)
        or np.ndim(value)
        or np.asarray(value).dtype.kind not in "fiu"
    ):
        raise TypeError(f"{name} must be {wanted}, got {value!r}")
    result = float(value)
    if not (low < result < high or (include_low and result == low)):
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return result


def boolean(name: str, value: Any) -> bool:
    """Return `value` as a bool if it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def float_dtype(value: Any) -> np.dtype[Any]:
    """Return a dtype that networks can have, float32 or float64."""
    if isinstance(value, np.ndarray) or value not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(f"dtype must be float32 or float64, got {value!r}")
    return np.dtype(value)


def layer_dims(value: Any) -> list[int]:
    """Return the sizes of a network, at least an input and an output size."""
    if not isinstance(value, list | tuple | range | np.ndarray) or getattr(value, "ndim", 1) == 0 or len(value) < 2:
        raise ValueError(f"layer_dims must list at least an input and an output size, got {value!r}")
    return [positive_int("every entry of layer_dims", d) for d in value]


def seed(value: Any) -> int | None:
    """Return a seed: None for a fresh one, or an integer of at least 0."""
    return None if value is None else positive_int("seed", value, minimum=0)


def pair(name: str, value: Any) -> tuple[Any, Any]:
    """Return the two things in `value`."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"{name} must be a pair (X, y), got {type(value).__name__}")
    return value[0], value[1]


def generator(name: str, value: Any) -> np.random.Generator:
    """Return `value` if it is a generator."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name} must be a numpy.random.Generator, such as np.random.default_rng(7), got {value!r}")
    return value


def optimizer(name: str, value: Any) -> None:
    """Refuse what cannot take a step, and what cannot be put back after an interrupt."""
    if isinstance(value, type) or not callable(getattr(value, "step", None)):
        raise TypeError(f"{name} must have a method step(theta, grad), such as Adam(0.01), got {value!r}")
    try:
        copy.deepcopy(vars(value))
    except Exception as error:
        raise TypeError(f"{name} must be one that copy.deepcopy can copy, got {value!r}: {error}") from error


def made(name: str, make: Callable[[], Any], kind: type, example: str) -> Any:
    """Return make(), and raise TypeError if that is not a `kind`."""
    try:
        value = make()
    except TypeError:
        value = None
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a class derived from {kind.__name__}, {example}, got {make!r}")
    return value
