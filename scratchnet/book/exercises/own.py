"""The network that a reader builds: every piece that passes is kept in my_network.py, a program with NumPy alone."""

from __future__ import annotations

import ast
import inspect
import itertools
import linecache
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from scratchnet import central_difference, relative_error
from scratchnet.book.exercises import pieces
from scratchnet.book.exercises.judge import WIDTH, Exercise, Verdict, _patience, _what_raised
from scratchnet.storage import write_atomically

FILE = Path("my_network.py")  # beside the notebook
ASKED = {  # which exercise asks for a piece
    "MyLinear": "2.6",
    "MyReLU": "2.7",
    "MyCrossEntropy": "3.6",
    "MyNetwork": "3.7",
    "my_train": "3.8",
    "MyMomentum": "7.6",
    "MyAdam": "7.7",
    "MyBatchNorm": "8.6",
    "MyDropout": "9.6",
}
PIECE_OF = {name: piece for piece, name in ASKED.items()}
GIVEN = {  # what the book brings, and the pieces that it is made of
    "MySGD": (),
    "spirals": (),
    "my_network": ("MyLinear", "MyReLU", "MyCrossEntropy", "MyNetwork"),
}
OWN = "does each keep what is its own, in self?"
MARK = "# The book's own, until yours passes exercise {}."


def my_pieces(*names: str) -> Any:
    """Return pieces of the network by name: those that have passed their check, the book's in place of the others.

    Prints whose they are. Raises ValueError for a name that is no piece.
    """
    for name in names:
        if name not in ASKED and name not in GIVEN:
            raise ValueError(f"there is no piece {name!r}; there are {', '.join([*ASKED, *GIVEN])}")
    mine = _kept()
    space = _executed(program(mine)) if mine else {}
    used = [piece for piece in ASKED if any(piece in (name, *GIVEN.get(name, ())) for name in names)]
    own = [name for name in used if name in mine]
    others = [name for name in used if name not in mine]
    if own:
        print(textwrap.fill(f"Yours: {', '.join(own)}.", WIDTH))
    if others:
        numbered = ", ".join(f"{name} ({ASKED[name]})" for name in others)
        print(textwrap.fill(f"The book's, until yours pass: {numbered}.", WIDTH))
    found = [space[name] if name in mine or mine and name in GIVEN else getattr(pieces, name) for name in names]
    return found if len(found) > 1 else found[0]


def keep(name: str, answer: Any, exercise: Exercise) -> Verdict:
    """Put an answer that passed into my_network.py, if it also passes there, alone and as a part of the whole."""
    piece, said = PIECE_OF[name], f"{name}: not yet."
    source = source_of(answer)
    if source is None:
        return Verdict(True, f"{name}: passed. Its code was not found, so it is not in {FILE.name}.")
    try:
        mine = _kept()
    except SyntaxError as error:
        return Verdict(True, f"{name}: passed. {FILE.name} is no Python in line {error.lineno}, and stays as it is.")
    tree = ast.parse(source)
    if not isinstance(tree.body[0], ast.ClassDef | ast.FunctionDef) or tree.body[0].name != piece:
        return Verdict(False, f"{said} It does what it should. Call it {piece}, which is its name in {FILE.name}.")
    if any(module.split(".")[0] != "numpy" for module in _imported(tree)):
        return Verdict(
            False, f"{said} It does what it should, and imports what {FILE.name} is to do without: NumPy alone."
        )
    mine[piece] = source
    text = program(mine)
    try:
        space = _executed(text)
        verdict = exercise.judge(name, space[piece])
        if not verdict.passed:
            told = verdict.message.removeprefix(f"{said} ")
            return Verdict(False, f"{said} In the notebook it passes. Alone, with nothing but np: {told}")
        with np.errstate(all="ignore"), _patience():
            gap = whole(space)
    except KeyboardInterrupt:
        raise
    except BaseException as raised:
        return Verdict(False, f"{said} In the notebook it passes. In the whole network: {_what_raised(raised)}.")
    if gap > 1e-6:
        return Verdict(
            False, f"{said} Alone it passes. With two of each layer the gradient check finds {gap:.1g}: {OWN}"
        )
    passed = f"{verdict.message} The whole network passes its gradient check with it."
    try:
        return Verdict(True, f"{passed}{_replace(text)} Kept in {FILE.name}: {', '.join(mine)}.")
    except OSError as refused:
        return Verdict(True, f"{passed} It could not be kept: {refused}")


def _replace(text: str) -> str:
    """Put a new text into the file, and return what to say if something else than pieces stood in it, which is kept."""
    before, said = FILE.read_text("utf-8") if FILE.exists() else "", ""
    if before and before != program(_kept()):  # somebody has been writing in it
        aside = next(path for n in itertools.count(1) if not (path := FILE.with_suffix(f".{n}.py")).exists())
        write_atomically(str(aside), before.encode())
        said = f" Your {FILE.name} was another; it is {aside.name} now."
    write_atomically(str(FILE), text.encode())
    return said


def whole(space: dict[str, Any]) -> float:
    """Return the relative error of the gradients of a network with two of each of these layers.

    The loss is measured as it is in training. Raises what the pieces raise, and ValueError for a training that does not
    lower the loss.
    """
    rng, masks = np.random.default_rng(3), np.random.default_rng(5)
    X, y, start = rng.standard_normal((9, 3)), rng.integers(0, 2, (9, 1)).astype(float), masks.bit_generator.state
    layers = []
    for d_in, d_out in ((3, 5), (5, 5)):
        layers += [space["MyLinear"](d_in, d_out, rng), space["MyBatchNorm"](d_out)]
        layers += [space["MyReLU"](), space["MyDropout"](0.3, masks)]
    net = space["MyNetwork"]([*layers, space["MyLinear"](5, 1, rng)], space["MyCrossEntropy"]())

    def logits() -> Any:
        masks.bit_generator.state = start  # the same mask each time
        return net.forward(X)

    def loss() -> Any:
        return net.output.loss(logits(), y)

    net.backward(net.output.backward(logits(), y))
    found = np.concatenate([np.ravel(g) for g in net.gradients()])
    # of all at once: that of a bias below batch normalization is 0
    error = relative_error(found, np.concatenate([np.ravel(central_difference(loss, p)) for p in net.parameters()]))
    for name, lr in (("MySGD", 0.5), ("MyMomentum", 0.5), ("MyAdam", 0.03)):
        X, y = space["spirals"](rng, 20)
        net = space["my_network"]([2, 16, 1], rng)
        losses = space["my_train"](net, X, y, space[name](lr), n_epochs=40, batch_size=8, rng=rng)
        if not losses[-1] < 0.97 * losses[0]:
            raise ValueError(f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f} in 40 epochs of {name}")
    return error


def program(mine: dict[str, str]) -> str:
    """Return the text of my_network.py with these pieces by name, and the book's in place of the others."""
    text = inspect.getsource(pieces)
    lines, out, at = text.splitlines(), [], 0
    for node in ast.parse(text).body:
        name = getattr(node, "name", "")
        if name not in ASKED:
            continue
        out += lines[at : node.lineno - 1]
        out += (
            mine[name].splitlines()
            if name in mine
            else [MARK.format(ASKED[name]), *lines[node.lineno - 1 : node.end_lineno]]
        )
        at = node.end_lineno or 0
    return "\n".join([*out, *lines[at:], ""])


def source_of(answer: Any) -> str | None:
    """Return the text of a class or function as its cell or file has it, None where that is gone.

    `inspect.getsource` does not find a class that was defined in a notebook.
    """
    answer = inspect.unwrap(answer)
    functions = [answer, *(vars(answer).values() if isinstance(answer, type) else ())]
    code = next((f.__code__ for f in functions if hasattr(f, "__code__")), None)
    if code is None:
        return None
    lines = linecache.getlines(code.co_filename)
    try:
        nodes = ast.walk(ast.parse("".join(lines)))
    except SyntaxError:
        return None
    for node in nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == answer.__name__:
            if _first(node) <= code.co_firstlineno <= (node.end_lineno or 0):
                return textwrap.dedent("".join(lines[_first(node) - 1 : node.end_lineno])).rstrip()
    return None


def _first(node: Any) -> int:
    """Return the first line of a definition: a decorator stands above it."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _kept() -> dict[str, str]:
    """Return the reader's pieces in the file by name, in its order. Raises SyntaxError where the file is no Python."""
    text = FILE.read_text("utf-8") if FILE.exists() else ""
    lines, found = text.splitlines(), {}
    for node in ast.parse(text, FILE.name).body:
        name = getattr(node, "name", "")
        if name in ASKED and lines[_first(node) - 2] != MARK.format(ASKED[name]):
            found[name] = "\n".join(lines[_first(node) - 1 : node.end_lineno])
    return found


def _imported(tree: ast.AST) -> list[str]:
    nodes = list(ast.walk(tree))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]


def _executed(text: str) -> dict[str, Any]:
    """Run the text of the program as a module of its own and return its names."""
    file = f"<{FILE.name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space: dict[str, Any] = {"__name__": FILE.stem}
    exec(compile(text, file, "exec"), space)
    return space
