"""Answers to the exercises in which the reader builds a network, and what becomes of a piece that has passed."""

import copy
import inspect
import linecache
import subprocess
import sys
from itertools import count

import numpy as np
import pytest
from pages import EXERCISE_PAGES, cells_of
from tables import judged

from scratchnet.book.exercises import EXERCISES, check, own, pieces

number = count()


def written(text, name, **names):
    """What a cell with this text defines by the name."""
    file, space = f"<cell of a test {next(number)}>", {"np": np, **names}
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    exec(compile(text, file, "exec"), space)
    return space[name]


def changed(name, *words, **names):
    """The book's piece with words replaced: the first by the second, the third by the fourth."""
    text = own.source_of(getattr(pieces, name))
    for old, new in zip(words[::2], words[1::2], strict=True):
        assert old in text, old
        text = text.replace(old, new)
    return written(text, name, **names)


def each(name, *changes):
    return [changed(name, *words) for words in changes]


def wrong(name, *rows):
    return [(told, changed(name, *words)) for told, *words in rows]


LOOP = """np.zeros_like(self.W)
        for x, dz in zip(self.X, dZ):
            self.dW += np.outer(x, dz)"""
RIGHT = {
    "2.6": each(
        "MyLinear",
        [],
        ["self.X.T @ dZ", "np.einsum('ni,nj->ij', self.X, dZ)"],
        ["self.X.T @ dZ", LOOP],
        ["dZ.sum(axis=0, keepdims=True)", "np.ones((1, len(dZ))) @ dZ"],
        ["rng.standard_normal((d_in, d_out)) * np.sqrt(2 / d_in)", "rng.normal(0, (2 / d_in) ** 0.5, (d_in, d_out))"],
        [
            'params = ("W", "b")',
            'params = ["W", "b"]',
            "self.X = X\n",
            "self.kept = (X,)\n",
            "self.X.T",
            "self.kept[0].T",
        ],
        ["training=True):\n        self.X = X", "training=True):\n        if training:\n            self.X = X.copy()"],
    ),
    "2.7": each(
        "MyReLU",
        [],
        ["np.maximum(Z, 0)", "np.where(Z > 0, Z, 0)"],
        ["np.maximum(Z, 0)", "Z * (Z > 0)"],
        ["np.maximum(Z, 0)", "Z.clip(0)"],
        ["dA * (self.A > 0)", "np.where(self.A > 0, dA, 0.0)"],
        ["params = ()", "params = []", "dA * (self.A > 0)", "dA * np.sign(self.A)"],
        [
            "self.A = np.maximum(Z, 0)\n        return self.A",
            "self.on = Z > 0\n        return self.on * Z",
            "(self.A > 0)",
            "self.on",
        ],
    ),
    "3.6": each(
        "MyCrossEntropy",
        [],
        [
            "        e = np.exp(-np.abs(Z))\n        return np.where(Z < 0, e, 1) / (1 + e)",
            "        return 0.5 + np.tanh(Z / 2) / 2",
        ],
        ["np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))", "np.mean(np.logaddexp(0, Z) - Z * y)"],
        ["np.mean(", "float(1 / len(Z) * np.sum(", "np.log1p(np.exp(-np.abs(Z))))", "np.log1p(np.exp(-np.abs(Z)))))"],
        ["(self.forward(Z) - y) / len(Z)", "np.divide(self.forward(Z) - y, Z.size)"],
        ["np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z)))", "np.logaddexp(0, np.where(y == 1, -Z, Z))"],
    ),
    "3.7": each(
        "MyNetwork",
        [],
        ["reversed(self.layers)", "self.layers[::-1]"],
        ["self.layers, self.output = layers, output", "self.layers = list(layers)\n        self.output = output"],
        [
            "return [getattr(layer, name) for layer in self.layers for name in layer.params]",
            "found = []\n        for layer in self.layers:\n            for name in layer.params:\n"
            "                found.append(getattr(layer, name))\n        return found",
        ],
        ['getattr(layer, "d" + name)', 'vars(layer)[f"d{name}"]'],
        ["layer.forward(X, training)", "layer.forward(X, training=training)"],
        [
            "            X = layer.forward(X, training)\n        return X",
            "            A = layer.forward(X, training)\n            X = A\n        return A",
        ],
    ),
    "3.8": each(
        "my_train",
        [],
        ["rng.permutation(len(X)), 0.0", "np.arange(len(X)), 0.0\n        rng.shuffle(order)"],
        ["rows = order[start : start + batch_size]", "rows = list(order)[start : start + batch_size]"],
        [" * len(rows)", " * len(rows) / len(X)", "total / len(X)", "total"],
        [
            "            rows = order[start : start + batch_size]\n",
            "",
            "range(0, len(X), batch_size)",
            "np.split(order, range(batch_size, len(X), batch_size))",
            "for start in",
            "for rows in",
        ],
        [
            "net.backward(net.output.backward(Z, y[rows]))",
            "dZ = net.output.backward(Z, y[rows])\n            net.backward(dZ)",
        ],
        ["return losses", "return np.array(losses)"],
        ["rng.permutation(len(X))", "np.argsort(rng.random(len(X)))"],
    ),
    "7.6": each(
        "MyMomentum",
        [],
        ["v[:] = self.beta * v + (1 - self.beta) * g", "v += (1 - self.beta) * (g - v)"],
        ["v[:] = self.beta * v + (1 - self.beta) * g", "v *= self.beta\n            v += g - self.beta * g"],
        ["p -= self.lr * v", "p[:] = p - self.lr * v"],
        ["p -= self.lr * v", "np.subtract(p, self.lr * v, out=p)"],
        [
            "        for p, g, v in zip(parameters, gradients, self.v):\n            v[:] =",
            "        for i, (p, g) in enumerate(zip(parameters, gradients)):\n            v = self.v[i] =",
            "beta * v +",
            "beta * self.v[i] +",
        ],
    ),
    "7.7": each(
        "MyAdam",
        [],
        ["m[:] = self.beta1 * m + (1 - self.beta1) * g\n", "m += (1 - self.beta1) * (g - m)\n"],
        ["g**2", "np.square(g)"],
        ["p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)", "p += -self.lr * m_hat / (v_hat**0.5 + self.eps)"],
        [
            "        self.t += 1\n",
            "        self.t = self.t + 1\n",
            "self.beta1**self.t",
            "np.power(self.beta1, self.t)",
        ],
        ["np.zeros_like(p)", "0 * p"],
    ),
    "8.6": each(
        "MyBatchNorm",
        [],
        ["Z.var(axis=0, keepdims=True)", "((Z - Z.mean(axis=0)) ** 2).mean(axis=0)[None]"],
        ["var * N / (N - 1)", "Z.var(axis=0, keepdims=True, ddof=1)"],
        [
            "self.running_mean += self.momentum * (mean - self.running_mean)",
            "self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean",
        ],
        [
            "dY - self.dbeta / N - self.Z_hat * self.dgamma / N",
            "dY - dY.mean(axis=0) - self.Z_hat * (dY * self.Z_hat).mean(axis=0)",
        ],
        [
            "self.gamma / self.sigma * (dY",
            "1 / (self.sigma * N) * self.gamma * (N * dY",
            "self.dbeta / N",
            "self.dbeta",
            "self.dgamma / N",
            "self.dgamma",
        ],
    ),
    "9.6": each(
        "MyDropout",
        [],
        ["            return A\n", "            return A.copy()\n"],
        [
            "(self.rng.random(A.shape) >= self.rate) / (1 - self.rate)",
            "self.rng.binomial(1, 1 - self.rate, A.shape) / (1 - self.rate)",
        ],
        ["self.rng.random(A.shape) >= self.rate", "self.rng.uniform(size=A.shape) < 1 - self.rate"],
        [
            "(self.rng.random(A.shape) >= self.rate) / (1 - self.rate)",
            "np.where(self.rng.random(A.shape) < self.rate, 0, 1 / (1 - self.rate))",
        ],
        ["params = ()", "params = []"],
    ),
}
WRONG = {
    "2.6": wrong(
        "MyLinear",
        [
            "still open",
            "self.W = rng.standard_normal((d_in, d_out)) * np.sqrt(2 / d_in)\n        self.b = np.zeros((1, d_out))",
            "pass",
            "        self.X = X\n        return X @ self.W + self.b",
            "        ...",
            "        self.dW = self.X.T @ dZ\n        self.db = dZ.sum(axis=0, keepdims=True)\n",
            "",
            "        return dZ @ self.W.T",
            "        ...",
        ],
        ["already inside dZ", "self.X.T @ dZ", "self.X.T @ dZ / dZ.shape[0]"],
        ["not the mean", "dZ.sum(axis=0, keepdims=True)", "np.mean(dZ, axis=0)[None]"],
        ["should be|matmul", "dZ @ self.W.T", "dZ @ self.W"],
        ["The layer divides by N", "self.X.T @ dZ", "self.X.T @ dZ / len(dZ)", "dZ.sum(axis=0,", "dZ.mean(axis=0,"],
        ["Everything is divided by N", "        self.dW = ", "        dZ = dZ / dZ.shape[0]\n        self.dW = "],
        ["dX is divided by N", "dZ @ self.W.T", "dZ @ self.W.T / len(self.X)"],
        ["their sum, not the mean, and", "dZ.sum(axis=0, keepdims=True)", "np.mean(dZ, axis=0)"],
        ["one size, whatever", "np.sqrt(2 / d_in)", "0.01"],
        ["one size, whatever", "np.sqrt(2 / d_in)", "0.3"],
        ["The factor is its root", "np.sqrt(2 / d_in)", "2 / d_in"],
        ["expected: '0.071, the root of 2 / d_in'", "np.sqrt(2 / d_in)", "np.sqrt(3 / d_in)"],
        ["left out", "X @ self.W + self.b", "X @ self.W"],
        ["He's rule", "2 / d_in", "1 / d_in"],
        ["rng that is given", "rng.standard_normal((d_in, d_out))", "np.random.standard_normal((d_in, d_out))"],
        ["first b", "np.zeros((1, d_out))", "np.ones((1, d_out))"],
        ["params", 'params = ("W", "b")', 'params = ("b", "W")'],
        ["has no attribute 'db'", "self.db = ", "db = "],
        ["backward returns nothing", "return dZ @ self.W.T", "self.dX = dZ @ self.W.T"],
    ),
    "2.7": wrong(
        "MyReLU",
        ["chain rule", "dA * (self.A > 0)", "np.sign(self.A)"],
        ["its sign that counts", "(self.A > 0)", "np.maximum(self.A, 0)"],
        ["The gate asks the gradient", "self.A > 0", "np.sign(dA) > 0"],
        [">= |> and not >=", "dA * (self.A > 0)", "dA"],
        ["absolute value", "np.maximum(Z, 0)", "np.sqrt(Z * Z)"],
        ["leaky", "np.maximum(Z, 0)", "np.where(Z > 0, Z, 0.01 * Z)", "(self.A > 0)", "np.where(self.A > 0, 1, 0.01)"],
        ["changes the array", "self.A = np.maximum(Z, 0)", "Z[Z < 0] = 0\n        self.A = Z"],
        ["no attribute 'params'", "params = ()", "parameters = ()"],
        ["takes 2 positional arguments|unexpected keyword|positional", "def backward(self, dA):", "def backward(dA):"],
    ),
    "3.6": wrong(
        "MyCrossEntropy",
        ["It is a mean", "np.mean(", "np.sum("],
        ["1/N of the mean is missing", "(self.forward(Z) - y) / len(Z)", "self.forward(Z) - y"],
        ["divided by N twice", "/ len(Z)", "/ len(Z) / len(Z)"],
        ["minus the label", "(self.forward(Z) - y)", "-(self.forward(Z) - y)"],
        [
            "multiplied once more",
            "(self.forward(Z) - y)",
            "(self.forward(Z) - y) * (self.forward(Z) - self.forward(Z) ** 2)",
        ],
        [
            "no number|not a number|differs",
            "np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))",
            "np.mean(np.log(1 + np.exp(Z)) - Z * y)",
        ],
        [
            "squared error",
            "np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))",
            "((y - self.forward(Z)) ** 2).mean()",
        ],
        [
            "one number",
            "np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))",
            "np.mean(np.logaddexp(0, Z) - Z * y, axis=0)",
        ],
        ["differs", "np.where(Z < 0, e, 1) / (1 + e)", "1 / (1 + e)"],
    ),
    "3.7": wrong(
        "MyNetwork",
        ["The last one comes first", "reversed(self.layers)", "list(self.layers)"],
        ["left out", "in self.layers:\n", "in self.layers[0:-1]:\n"],
        ["not told whether", "layer.forward(X, training)", "layer.forward(X, True)"],
        ["predict_proba runs", "training=False", "training=True"],
        ["returns logits", "self.output.forward(self.forward(X, training=False))", "self.forward(X, False)"],
        ["copies", "[getattr(layer, name) for", "[np.array(getattr(layer, name)) for"],
        ["called dW", 'getattr(layer, "d" + name)', "getattr(layer, name)"],
        [
            "another order",
            'return [getattr(layer, "d" + name) for layer in self.layers for name in layer.params]',
            'return [getattr(layer, "d" + name) for layer in self.layers for name in layer.params][::-1]',
        ],
        ["There is no value for it", "dZ = layer.backward(dZ)\n        return dZ", "dZ = layer.backward(dZ)"],
    ),
    "3.8": wrong(
        "my_train",
        ["Nothing is shuffled", "rng.permutation(len(X))", "range(len(X))"],
        ["with replacement", "rng.permutation(len(X))", "rng.choice(len(X), len(X))"],
        ["left out", "range(0, len(X), batch_size)", "range(0, len(X) // batch_size * batch_size, batch_size)"],
        ["generator of its own", "rng.permutation(len(X))", "np.random.permutation(len(X))"],
        ["more weight", " * len(rows)", "", "total / len(X)", "total / -(-len(X) // batch_size)"],
        ["should be means", "losses.append(total / len(X))", "losses.append(total)"],
        ["at inference", "net.forward(X[rows])", "net.forward(X[rows], False)"],
        ["what is done with a batch", "            optimizer.step(net.parameters(), net.gradients())\n", ""],
        ["other labels", "y[rows]) *", "y[: len(rows)]) *"],
        ["There is no value", "return losses", "pass"],
        [
            "other labels",
            "order, total = rng.permutation(len(X)), 0.0",
            "rng.shuffle(X)\n        order, total = np.arange(len(X)), 0.0",
        ],
    ),
    "7.6": wrong(
        "MyMomentum",
        ["sum and not an average", "(1 - self.beta) * g", "1 * g"],
        ["exchanged", "self.beta * v + (1 - self.beta) * g", "self.beta * g + (1 - self.beta) * v"],
        ["uphill", "p -= self.lr * v", "p -= -self.lr * v"],
        ["anew", "if self.v is None", "if self"],
        ["No parameter has moved", "p -= self.lr * v", "p = p - self.lr * v"],
        ["beta is 0.9", "lr, beta, None", "lr, 9 / 10, None"],
        ["v is not used", "p -= self.lr * v", "p -= g * self.lr"],
        ["differs", "p -= self.lr * v", "p -= v"],
        [
            "changed",
            "v[:] = self.beta * v + (1 - self.beta) * g",
            "g *= 1 - self.beta\n            v[:] = self.beta * v + g",
        ],
    ),
    "7.7": wrong(
        "MyAdam",
        ["too small at first", "m / (1 - self.beta1**self.t)", "m", "v / (1 - self.beta2**self.t)", "v"],
        ["not counted", "self.t += 1", "self.t = max(1, 0)"],
        ["root of v is missing", "np.sqrt(v_hat)", "v_hat"],
        ["under the root", "np.sqrt(v_hat) + self.eps", "(v_hat + self.eps) ** 0.5"],
        ["averaged with beta2", "self.beta1 * m + (1 - self.beta1) * g", "self.beta2 * m + (1 - self.beta2) * g"],
        ["uphill", "p -= self.lr", "p += self.lr"],
        ["No parameter has moved", "p -= self.lr * m_hat", "p = p - self.lr * m_hat"],
        ["differs", "v_hat = v / (1 - self.beta2**self.t)", "v_hat = v / (1 - self.beta1**self.t)"],
        ["differs", "eps=1e-8", "eps=0.01"],
    ),
    "8.6": wrong(
        "MyBatchNorm",
        ["Divide by the root", "np.sqrt(var + self.eps)", "var + self.eps"],
        ["outside of the root", "np.sqrt(var + self.eps)", "Z.std(axis=0, keepdims=True) + self.eps"],
        ["unbiased", "var * N / (N - 1)", "1 * var"],
        ["move by momentum", "+= self.momentum *", "+= (1 - self.momentum) *"],
        ["takes the running ones", "if not training", "if not Z.size"],
        ["gamma is missing in the forward", "self.gamma * self.Z_hat + self.beta", "self.beta + self.Z_hat"],
        ["for constants", "(dY - self.dbeta / N - self.Z_hat * self.dgamma / N)", "(1 * dY)"],
        ["gamma is missing in dZ", "return self.gamma / self.sigma", "return 1 / self.sigma"],
        [
            "first gamma",
            "np.ones((1, d)), np.zeros((1, d))\n        self.running_mean",
            "np.zeros((1, d)), np.zeros((1, d))\n        self.running_mean",
        ],
    ),
    "9.6": wrong(
        "MyDropout",
        [
            "share that is kept",
            "(self.rng.random(A.shape) >= self.rate) / (1 - self.rate)",
            "(self.rng.random(A.shape) < self.rate) / max(self.rate, 1e-9)",
        ],
        [
            "not scaled up",
            "(self.rng.random(A.shape) >= self.rate) / (1 - self.rate)",
            "1.0 * (self.rng.random(A.shape) >= self.rate)",
        ],
        ["It returns A", "            return A\n", "            return A * (1 - self.rate)\n"],
        ["at inference", "if not training", "if training is None"],
        ["lets everything through", "dA * self.mask", "1 * dA"],
        ["others were scaled", "dA * self.mask", "dA * (self.mask != 0)"],
        ["Whole columns", "self.rng.random(A.shape)", "self.rng.random(A.shape[1])"],
        ["rows or columns", "self.rng.random(A.shape)", "self.rng.random((len(A), 1))"],
        ["backward returns nothing", "return dA * self.mask", "dA * self.mask"],
    ),
}
test_a_right_answer_passes, test_a_wrong_answer_is_told_why, test_enough = judged(RIGHT, WRONG)


# my_network.py


SOLVED = {piece: own.source_of(getattr(pieces, piece)) for piece in own.ASKED}


def solve(*names):
    for name in names:
        verdict = check(own.ASKED[name], written(SOLVED[name], name))
        assert verdict.passed and "Kept in my_network.py" in verdict.message, verdict


def test_the_pieces_together_learn_the_spirals_with_numpy_alone():
    solve(*own.ASKED)
    text = own.FILE.read_text("utf-8")
    assert text == inspect.getsource(pieces) and "The book's own" not in text.split('"""')[2]
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys\nsys.modules['scratchnet'] = None\nexec(open({str(own.FILE)!r}).read())",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout.split()[-1]) >= 0.99, done.stdout


def test_the_file_runs_from_the_first_piece_on_and_says_which_are_the_books(capsys):
    assert own.my_pieces("MyLinear") is pieces.MyLinear
    assert capsys.readouterr().out == "The book's, until yours pass: MyLinear (2.6).\n"
    solve("MyLinear")
    text = own.FILE.read_text("utf-8")
    assert own.MARK.format("2.6") not in text and text.count("# The book's own") == len(own.ASKED) - 1
    MyLinear, MyReLU = own.my_pieces("MyLinear", "MyReLU")
    assert MyLinear is not pieces.MyLinear and MyReLU is pieces.MyReLU
    assert capsys.readouterr().out == "Yours: MyLinear.\nThe book's, until yours pass: MyReLU (2.7).\n"
    net = own.my_pieces("my_network")([2, 3, 1], np.random.default_rng(0))
    assert [type(layer).__module__ for layer in net.layers] == ["my_network"] * 3  # not those of the book's module
    assert capsys.readouterr().out.startswith("Yours: MyLinear.\nThe book's, until yours pass: MyReLU (2.7), MyCross")
    with pytest.raises(ValueError, match="there is no piece 'MyNet'; there are MyLinear"):
        own.my_pieces("MyNet")


def test_a_piece_that_passes_again_takes_the_place_of_the_old_one():
    solve("MyLinear", "MyReLU")
    assert check("2.7", changed("MyReLU", "np.maximum(Z, 0)", "Z.clip(0)"))
    text = own.FILE.read_text("utf-8")
    assert "Z.clip(0)" in text and "np.maximum(Z, 0)\n" not in text and text.count("class MyReLU") == 1
    assert not list(own.FILE.parent.glob("*.1.py"))


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("Call it MyReLU", lambda: written(SOLVED["MyReLU"].replace("MyReLU", "Gate"), "Gate")),
        ("imports what", lambda: changed("MyReLU", "        self.A =", "        import scratchnet\n        self.A =")),
        (
            "name 'bend' is not defined",
            lambda: changed("MyReLU", "np.maximum(Z, 0)", "bend(Z)", bend=lambda Z: Z.clip(0)),
        ),
        ("name 'Layer' is not defined", lambda: changed("MyReLU", "MyReLU:", "MyReLU(Layer):", Layer=object)),
    ],
)
def test_a_piece_has_to_stand_alone(told, answer):
    verdict = check("2.7", answer())
    assert not verdict.passed and told in verdict.message and not own.FILE.exists()


def test_the_whole_network_is_checked_with_the_pieces_so_far():
    class Sleeping(pieces.MySGD):
        def step(self, parameters, gradients):
            pass

    fits = {name: getattr(pieces, name) for name in (*own.ASKED, *own.GIVEN)}
    assert own.whole(fits) < 1e-7
    assert (
        own.whole(
            fits
            | {
                "MyReLU": EXERCISES["2.7"].mistakes[
                    "The gate asks the gradient. It is the output that says which units are active."
                ]
            }
        )
        > 1e-3
    )
    with pytest.raises(ValueError, match="the loss went from"):
        own.whole(fits | {"MySGD": Sleeping})


def test_what_a_reader_wrote_into_the_file_is_not_lost():
    solve("MyLinear")
    more = own.FILE.read_text("utf-8").replace("0.3)", "0.5)") + "# mine\n"
    own.FILE.write_text(more, "utf-8")
    verdict = check("2.7", written(SOLVED["MyReLU"], "MyReLU"))
    assert "it is my_network.1.py now" in verdict.message
    assert own.FILE.with_suffix(".1.py").read_text("utf-8") == more
    assert "MyLinear, MyReLU" in verdict.message
    again = own.FILE.read_text("utf-8") + "# once more\n"
    own.FILE.write_text(again, "utf-8")
    assert "it is my_network.2.py now" in check("2.7", written(SOLVED["MyReLU"], "MyReLU")).message
    kept = [own.FILE.with_suffix(f".{n}.py").read_text("utf-8") for n in (1, 2)]
    assert kept == [more, again]
    own.FILE.write_text("def broken(:\n", "utf-8")
    verdict = check("2.7", written(SOLVED["MyReLU"], "MyReLU"))
    assert (
        verdict.passed and "no Python in line 1" in verdict.message and own.FILE.read_text("utf-8") == "def broken(:\n"
    )


def test_a_folder_that_cannot_be_written_is_said(monkeypatch):
    monkeypatch.setattr(own, "FILE", own.FILE.parent / "missing" / "my_network.py")
    verdict = check("2.7", written(SOLVED["MyReLU"], "MyReLU"))
    assert verdict.passed and "could not be kept" in verdict.message


def test_the_exercises_ask_for_the_pieces_in_the_order_of_the_file():
    names = [
        node.name for node in own.ast.parse(inspect.getsource(pieces)).body if getattr(node, "name", "") in own.ASKED
    ]
    assert names == list(own.ASKED)
    assert all(EXERCISES[number].reference is getattr(pieces, name) for name, number in own.ASKED.items())


def the_page(number):
    """The inputs that are tried first, and the text of the task."""
    (text,) = [
        cell.source
        for page in EXERCISE_PAGES
        for cell in cells_of(page, "markdown")
        if f"### Exercise {number}: " in cell.source
    ]
    return copy.deepcopy(EXERCISES[number].example), text


def matrix(A, digits=1):
    """A matrix as TeX has it on a page."""
    rows = (" & ".join(f"{x:.{digits}f}".removesuffix(".0") for x in row) for row in np.round(A, digits))
    return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"


def test_the_numbers_on_the_pages_are_those_of_the_example():
    given, text = the_page("2.6")
    layer = pieces.MyLinear(2, 3, np.random.default_rng(0))
    layer.W, layer.b = given["W"], given["b"]
    Z, dX = layer.forward(given["X"]), layer.backward(given["dZ"])
    assert all(matrix(A) in text for A in (*given.values(), Z, layer.dW, layer.db, dX))
    given, text = the_page("2.7")
    layer = pieces.MyReLU()
    assert all(matrix(A) in text for A in (*given.values(), layer.forward(given["Z"]), layer.backward(given["dA"])))
    given, text = the_page("3.6")
    output = pieces.MyCrossEntropy()
    assert all(matrix(A) in text for A in given.values()) and f"L \\approx {output.loss(**given):.4f}" in text
    assert all(matrix(A, 4) in text for A in (output.forward(given["Z"]), output.backward(**given)))
    for number, make, digits in (("7.6", pieces.MyMomentum, 3), ("7.7", pieces.MyAdam, 5)):
        given, text = the_page(number)
        (p,), optimizer = given["parameters"], make(given["lr"])
        assert p == 1 and [g.item() for (g,) in given["gradients"]] == [2, -1]
        for gradients in given["gradients"]:
            optimizer.step([p], gradients)
            assert f"{round(p.item(), digits):g}" in text
    given, text = the_page("8.6")
    layer = pieces.MyBatchNorm(2)
    Y, _ = layer.forward(given["Z"]), layer.backward(given["dY"])
    assert all(matrix(A) in text for A in (given["Z"], given["dY"], np.round(Y, 1)))
    for A in (layer.running_mean, layer.running_var, layer.dgamma, layer.dbeta):
        assert f"({', '.join(f'{x:g}' for x in np.round(A, 1)[0])})" in text
    dZ = layer.backward(np.array([[0.3, -2], [1, 5]]))
    assert np.abs(dZ).max() < 1e-4  # of two samples, whatever dY is


def test_the_network_of_the_task_gives_the_numbers_of_the_task():
    layers = [
        pieces.MyLinear(1, 1, np.random.default_rng(0)),
        pieces.MyReLU(),
        pieces.MyLinear(1, 1, np.random.default_rng(0)),
    ]
    for layer, w, b in ((layers[0], 2, 1), (layers[2], 3, 0)):
        layer.W[:], layer.b[:] = w, b
    net, one = pieces.MyNetwork(layers, pieces.MyCrossEntropy()), np.ones((1, 1))
    assert (net.forward(one), net.backward(one)) == (9, 6)
    assert [g.item() for g in net.gradients()] == [3, 3, 3, 1]
    assert all(words in the_page("3.7")[1] for words in ("the logit 9", "$dX = (6)$", "3, 3, 3 and 1"))


def test_a_decorator_belongs_to_its_piece():
    decorated = "@np.errstate(all='ignore')\n" + SOLVED["my_train"]
    assert check("3.8", written(decorated, "my_train")) and own._kept() == {"my_train": decorated}


def test_a_file_that_is_no_python_is_named(capsys):
    own.FILE.write_text("x = 1\ndef broken(:\n", "utf-8")
    with pytest.raises(SyntaxError, match=r"my_network.py, line 2"):
        own.my_pieces("MyReLU")


def test_the_file_is_as_readable_as_any_other():
    solve("MyReLU")
    other = own.FILE.with_name("other")
    other.touch()
    assert own.FILE.stat().st_mode == other.stat().st_mode


def test_a_layer_that_shares_what_it_keeps_with_others_of_its_kind_is_refused_in_the_whole():
    shared = changed("MyReLU", "self.A = ", "MyReLU.A = ", "return self.A", "return MyReLU.A", "(self.A", "(MyReLU.A")
    verdict = check("2.7", shared)
    assert "With two of each layer the gradient check finds" in verdict.message and not own.FILE.exists()
    shared = changed("MyLinear", "self.X = ", "MyLinear.X = ", "self.X.T", "MyLinear.X.T")
    assert "In the whole network: " in check("2.6", shared).message


def test_the_example_of_the_page_is_tried_first():
    message = check("2.7", changed("MyReLU", "dA * (self.A > 0)", "dA")).message
    assert "Z = [[ 2. , -1. ], [-3. , 0.5]]\ndA = [[ 1., 2.], [ 3., -4.]]" in message
