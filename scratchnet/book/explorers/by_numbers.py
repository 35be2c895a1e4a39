"""A 2-2-1 network on two samples, matrix by matrix, forward and back; and which numbers change with one weight."""

from __future__ import annotations

import html

import numpy as np

from scratchnet import LinearLayer, NeuralNetwork, binary_cross_entropy
from scratchnet.book import frames
from scratchnet.book.explorer import Explorer

X, Y = np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([[1.0], [0.0]])
PARAMETERS = {
    "W1": np.array([[1.0, 1.0], [1.0, -1.0]]),
    "b1": np.array([[-2.0, 0.0]]),
    "W2": np.array([[2.0], [-1.0]]),
    "b2": np.array([[-2.0]]),
}
RAISED = {f"{name}[{i}, {j}]": (name, i, j) for name, matrix in PARAMETERS.items() for i, j in np.ndindex(matrix.shape)}
STEP = 0.5  # by which an entry is raised
FORMULAS = {
    "Z1": "X W1 + b1",
    "A1": "relu(Z1)",
    "Z2": "A1 W2 + b2",
    "P": "σ(Z2)",
    "dZ2": "(P − Y) / 2",
    "dW2": "A1ᵀ dZ2",
    "db2": "1ᵀ dZ2",
    "dA1": "dZ2 W2ᵀ",
    "dZ1": "dA1 ⊙ [Z1 > 0]",
    "dW1": "Xᵀ dZ1",
    "db1": "1ᵀ dZ1",
    "dX": "dZ1 W1ᵀ",
}
NAMES = list(FORMULAS)
# The places of the units in the picture, with what each holds, forward and back: a column of two matrices.
UNITS = {
    "x1": (34, 60, "X", "dX", 0),
    "x2": (34, 160, "X", "dX", 1),
    "unit 1": (150, 60, "A1", "dZ1", 0),
    "unit 2": (150, 160, "A1", "dZ1", 1),
    "output": (264, 110, "P", "dZ2", 0),
}
EDGES = [("x1", "unit 1", "W1", 0, 0), ("x1", "unit 2", "W1", 0, 1), ("x2", "unit 1", "W1", 1, 0)]
EDGES += [("x2", "unit 2", "W1", 1, 1), ("unit 1", "output", "W2", 0, 0), ("unit 2", "output", "W2", 1, 0)]


def by_numbers() -> Explorer:
    """Return the explorer of the 2-2-1 network: twelve steps, each entry of its parameters raised or none.

    Its button takes ten steps of gradient descent.
    """
    return Explorer(
        "by_numbers",
        {"step": list(range(1, len(NAMES) + 1)), "raised": ["none", *RAISED]},
        _frame,
        start={"step": 1, "raised": "none"},
        play="step",
        presets={
            "The whole way, forward and back": {"step": len(NAMES), "raised": "none"},
            "A weight into unit 2": {"step": len(NAMES), "raised": "W1[0, 1]"},
            "A weight out of unit 2": {"step": len(NAMES), "raised": "W2[1, 0]"},
            "The last bias moves every gradient": {"step": len(NAMES), "raised": "b2[0, 0]"},
        },
        retrain=_trained,
    )


def network(raised: str = "none") -> NeuralNetwork:
    """Return the network, with one entry of its parameters raised or none."""
    values = {name: matrix.copy() for name, matrix in PARAMETERS.items()}
    if raised != "none":
        name, i, j = RAISED[raised]
        values[name][i, j] += STEP
    net = NeuralNetwork([2, 2, 1])
    below, above = (layer for layer in net.layers if isinstance(layer, LinearLayer))
    below.W, below.b, above.W, above.b = values.values()
    return net


def matrices(net: NeuralNetwork) -> dict[str, np.ndarray]:
    """Return X, Y, the parameters, and every matrix of one forward and backward pass, by name."""
    below, _, above = net.layers
    assert isinstance(below, LinearLayer) and isinstance(above, LinearLayer)
    found = {"X": X, "Y": Y, "W1": below.W.copy(), "b1": below.b.copy(), "W2": above.W.copy(), "b2": above.b.copy()}
    value = X
    for name, layer in zip(("Z1", "A1", "Z2"), net.layers, strict=True):
        value = found[name] = layer.forward(value)
    found["P"] = net.output.forward(value)
    value = found["dZ2"] = net.output.backward(found["P"], Y)
    for name, layer in zip(("dA1", "dZ1", "dX"), reversed(net.layers), strict=True):
        value = found[name] = layer.backward(value)
    return found | {"dW2": above.dW.copy(), "db2": above.db.copy(), "dW1": below.dW.copy(), "db1": below.db.copy()}


def changed(raised: str) -> set[str]:
    """Return the names of the matrices that change when an entry is raised."""
    before, after = matrices(network()), matrices(network(raised))
    return {name for name in NAMES if not np.allclose(before[name], after[name])}


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _matrix(name: str, now: np.ndarray, before: np.ndarray) -> str:
    """Return a matrix as HTML, a row in each line, with what has changed in bold."""
    rows = []
    for row, old in zip(now, before, strict=True):
        entries = [_number(a) if np.isclose(a, b) else f"<b>{_number(a)}</b>" for a, b in zip(row, old, strict=True)]
        rows.append("&ensp;".join(entries))
    return "<br>".join(rows)


def _frame(step: int, raised: str) -> str:
    before, now = matrices(network()), matrices(network(raised))
    shown = NAMES[:step]
    lines = "".join(
        f"<tr><td>{name} = {html.escape(FORMULAS[name])}</td><td>{_matrix(name, now[name], before[name])}</td></tr>"
        for name in shown
    )
    table = f"<div><p>Computed so far</p><table>{lines}</table></div>"
    name = NAMES[step - 1]
    rows = "; ".join(" ".join(map(_number, row)) for row in now[name])
    caption = f"Step {step} of {len(NAMES)}: {name} = {FORMULAS[name]} has the rows {rows}."
    if raised == "none":
        caption = f"No entry raised. {caption}"
    else:
        moved = [other for other in shown if other in changed(raised)]
        caption = f"{raised} is raised by {STEP}. {caption} Of what is computed so far, "
        caption += f"{', '.join(moved)} changed." if moved else "nothing changed."
    return frames.figure(caption, _graph(now, shown, raised), table)


def _graph(now: dict[str, np.ndarray], shown: list[str], raised: str) -> str:
    """Return the network as a picture: weights on its edges, and in each unit both samples, forward and back."""
    parts = []
    for start, end, name, i, j in EDGES:
        (u, v, *_), (a, b, *_) = UNITS[start], UNITS[end]
        heavy = raised == f"{name}[{i}, {j}]"
        parts.append(f'<path d="M{u} {v}L{a} {b}" class="{"edge" if heavy else "line faint"}"/>')
        crosses = v != b and start[0] == "x"
        share = 0.36 if crosses else 0.4 if b < v else 0.5  # clear of the crossing, and of what stands at the units
        at_u, at_v = u + share * (a - u), v + share * (b - v) - 5
        weight = _number(now[name][i, j])
        parts.append(f'<text x="{at_u:.0f}" y="{at_v:.0f}" text-anchor="middle">{weight}</text>')
    for label, (u, v, forward, back, column) in UNITS.items():
        parts.append(f'<circle cx="{u}" cy="{v}" r="4" class="bar k0"/>')
        parts.append(f'<text x="{u}" y="{v - 26}" text-anchor="middle">{label}</text>')
        if forward == "X" or forward in shown:
            values = ", ".join(_number(value) for value in now[forward][:, column])
            parts.append(f'<text x="{u}" y="{v - 11}" text-anchor="middle">{values}</text>')
        if back in shown:
            values = ", ".join(_number(value) for value in now[back][:, column])
            parts.append(f'<text x="{u}" y="{v + 20}" text-anchor="middle" class="back">{values}</text>')
    label = "The network as a graph. Above each unit its value for the two samples, below it the gradient."
    return (
        "<div><p>Above a unit: its value for both samples. Below: the gradient.</p>"
        f'<svg viewBox="-24 0 {frames.WIDTH + 48} 200" role="img" aria-label="{label}">{"".join(parts)}</svg></div>'
    )


def _trained(step: int, raised: str) -> str:
    """Return what ten steps of gradient descent make of the network with this entry raised."""
    del step
    net = network(raised)
    losses = []
    for _ in range(11):
        P = net.forward(X)
        losses.append(binary_cross_entropy(P, Y))
        net.backward(P, Y)
        net.update(0.5)
    what = "With no entry raised" if raised == "none" else f"With {raised} raised by {STEP}"
    caption = f"{what}, ten steps of gradient descent at the rate 0.5 bring the loss "
    caption += f"from {losses[0]:.3f} to {losses[-1]:.3f}."
    axes = frames.Axes(
        (0, 10), (0, 2), x_ticks={0: "0", 5: "5", 10: "10"}, y_ticks=[0, 1, 2], x_label="step", y_label="loss"
    )
    return frames.figure(caption, axes.panel(caption, axes.line(range(11), losses)))
