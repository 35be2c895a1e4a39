import ast
import importlib
import inspect
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import scratchnet

FOLDER = Path(scratchnet.__file__).parent
CORE = ["datasets", "activations", "initializers", "layers", "losses", "optimizers", "network", "gradcheck"]
ON_TOP = ["plotting", "frames", "widgets", "source"]
# Imported by the core, or built on it: what the chapters after it introduce.
AROUND = {"optimizers": ["normalization", "dropout", "variants", "schedules"], "gradcheck": ["storage"]}
ORDER = ["checks", "history"] + [name for module in CORE for name in (module, *AROUND.get(module, []))] + ON_TOP
PUBLISHED = (
    "relu relu_grad sigmoid sigmoid_grad Layer LinearLayer numerical_gradient mse_loss mse_grad NeuralNetwork "
    "binary_cross_entropy make_spirals plot_decision_boundary"
).split()
DECIDED = (
    "make_circles make_moons make_xor make_blobs standardize train_test_split one_hot tanh tanh_grad softmax zeros "
    "small large xavier he ReLU Sigmoid Tanh SigmoidCrossEntropy SoftmaxCrossEntropy IdentitySquaredError SGD Momentum "
    "Adam BatchNorm Dropout Nesterov RMSProp AdamW step_decay cosine_decay warm_up follow "
    "TrainingDiverged central_difference check_layer check_network show plot_points live progress_bar show_source "
    "explorer Explorer"
).split()
# Shared between modules, of no use to a reader.
INTERNAL = {"in_place", "remember", "to_png", "blocks", "round_step", "log_line", "norm", "ratio", "save"}
INTERNAL |= {"class_numbers"}

every_module = pytest.mark.parametrize("module", ORDER)


def own_names(module):
    """Classes and functions without underscore that are defined in the module."""
    namespace = vars(importlib.import_module(f"scratchnet.{module}"))
    return {
        name
        for name, value in namespace.items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == f"scratchnet.{module}"
    }


def imports_of(module):
    """Every module that a module imports, wherever in the file."""
    for node in ast.walk(ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "scratchnet":
                yield from (f"scratchnet.{alias.name}" for alias in node.names)
            else:
                yield node.module


def code_lines(path):
    """The numbers of the lines that hold code: no blank ones, no comments, no docstrings."""
    source = path.read_text(encoding="utf-8")
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docstrings.update(range(node.lineno, node.end_lineno + 1))
    lines = set()
    nothing = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in (*nothing, tokenize.ENCODING):
                lines.update(range(token.start[0], token.end[0] + 1))
    return lines - docstrings


def run_python(code):
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", [*PUBLISHED, *DECIDED])
def test_every_name_of_the_chapter_imports_from_scratchnet(name):
    assert callable(getattr(scratchnet, name)) and name in scratchnet.__all__


def test_every_public_class_and_function_is_exported():
    defined = set().union(*(own_names(module) for module in ORDER if module not in ("checks", "frames")))
    # frames and exercises keep their other names to themselves
    assert defined - INTERNAL | {"frames", "check"} == set(scratchnet.__all__)


def test_the_list_of_public_names_is_sorted_and_holds_each_once():
    def constants_classes_functions(name):
        return (0 if name.isupper() else 1 if name[0].isupper() else 2), name

    assert scratchnet.__all__ == sorted(set(scratchnet.__all__), key=constants_classes_functions)


def test_star_import_brings_exactly_the_public_names():
    namespace = {}
    exec("from scratchnet import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(scratchnet.__all__)


def test_an_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="module 'scratchnet' has no attribute 'sigmoyd'"):
        _ = scratchnet.sigmoyd


def test_every_module_belongs_to_the_order():
    assert {path.stem for path in FOLDER.glob("*.py")} == {*ORDER, "__init__"}


@every_module
def test_imports_go_one_way(module):
    earlier = {f"scratchnet.{name}" for name in ORDER[: ORDER.index(module)]}
    if module == "network":
        earlier.add("scratchnet.storage")  # within NeuralNetwork.save
    assert {name for name in imports_of(module) if name.startswith("scratchnet")} <= earlier


@pytest.mark.parametrize("module", ["checks", *CORE])
def test_the_core_needs_numpy_only(module):
    outside = {name.split(".")[0] for name in imports_of(module)} - set(sys.stdlib_module_names) - {"scratchnet"}
    assert outside <= {"numpy"}


def test_importing_and_training_does_not_import_matplotlib_ipython_or_ipywidgets():
    result = run_python(
        "import sys, scratchnet\n"
        "net = scratchnet.NeuralNetwork([1, 2, 1], seed=0)\n"
        "net.train([[0.0], [1.0]], [[0], [1]], n_epochs=1, verbose=False)\n"
        "print(sorted(m for m in ('matplotlib', 'IPython', 'ipywidgets', 'tqdm') if m in sys.modules))"
    )
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


@every_module
def test_every_module_can_be_imported_first(module):
    result = run_python(f"import scratchnet.{module}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_core_has_fewer_than_700_lines_of_code():
    counts = {module: len(code_lines(FOLDER / f"{module}.py")) for module in CORE}
    assert sum(counts.values()) < 700, counts


def test_code_lines_leave_out_docstrings_comments_and_blanks(tmp_path):
    path = tmp_path / "example.py"
    path.write_text(
        '"""Doc\n\nstring."""\n\n# comment\nx = 1  # counts\n\n\ndef f():\n    """Doc."""\n    return """a\nb"""\n'
    )
    assert code_lines(path) == {6, 9, 11, 12}


@every_module
def test_every_public_class_function_and_method_has_a_docstring(module):
    missing, stack = [], [(module, ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8")))]
    while stack:
        where, node = stack.pop()
        if not ast.get_docstring(node):
            missing.append(where)
        for child in [] if isinstance(node, ast.FunctionDef) else node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef) and not child.name.startswith("_"):
                stack.append((f"{where}.{child.name}", child))
    assert missing == []


@pytest.mark.parametrize("name", scratchnet.__all__)
def test_docstrings_say_more_than_the_name(name):
    assert len(inspect.getdoc(getattr(scratchnet, name)).split()) >= 5


@every_module
def test_every_public_function_has_type_hints_throughout(module):
    for name in own_names(module):
        value = getattr(importlib.import_module(f"scratchnet.{module}"), name)
        functions = (
            [value]
            if inspect.isfunction(value)
            else [f for key, f in vars(value).items() if inspect.isfunction(f) and not key.startswith("_")]
        )
        for f in functions:
            signature = inspect.signature(f)
            unhinted = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"]
            assert not unhinted and signature.return_annotation is not signature.empty, f"{module}.{f.__qualname__}"


def test_signatures_are_those_of_the_chapter():
    def parameters(f):
        return [
            (p.name, p.default if p.default is not p.empty else ..., p.kind is p.KEYWORD_ONLY)
            for p in inspect.signature(f).parameters.values()
            if p.name != "self"
        ]

    assert parameters(scratchnet.make_spirals) == [("n_points", 200, False), ("noise", 0.3, False), ("seed", 7, False)]
    assert parameters(scratchnet.LinearLayer)[:3] == [
        ("d_in", ..., False),
        ("d_out", ..., False),
        ("seed", None, False),
    ]
    assert [p[0] for p in parameters(scratchnet.numerical_gradient)] == ["layer", "X", "y_true", "loss_fn", "epsilon"]
    assert parameters(scratchnet.numerical_gradient)[-1][1] == 1e-5
    assert parameters(scratchnet.NeuralNetwork)[:2] == [("layer_dims", ..., False), ("seed", None, False)]
    assert [p[0] for p in parameters(scratchnet.NeuralNetwork) if p[2]] == [
        *("activation", "init", "output", "dtype"),
        *("batch_norm", "dropout"),
    ]
    assert parameters(scratchnet.NeuralNetwork.train) == [
        ("X", ..., False),
        ("y", ..., False),
        ("lr", 0.01, False),
        ("n_epochs", 2000, False),
        ("batch_size", None, False),
        ("verbose", True, False),
        ("optimizer", None, True),
        ("validation", None, True),
        ("on_epoch", None, True),
        ("rng", None, True),
    ]
    assert parameters(scratchnet.plot_decision_boundary)[:5] == [
        ("model", ..., False),
        ("X", ..., False),
        ("y", ..., False),
        ("title", "Decision Boundary", False),
        ("ax", None, False),
    ]


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert scratchnet.__version__ == version("scratchnet")
