import ast
import graphlib
import importlib
import inspect
import os
import shutil
import subprocess
import sys
import tarfile
import tokenize
from pathlib import Path

import pytest
from pages import ROOT

import scratchnet
from scratchnet import book

FILES = sorted(path for folder in ("scratchnet", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
CORE = [ROOT / "scratchnet" / f"{name}.py" for name in ("__init__", *scratchnet.MODULES)]
# What the chapter promises, and what the book adds to it, from the library or from what makes a page.
NAMES = (
    "relu relu_grad sigmoid sigmoid_grad Layer LinearLayer numerical_gradient mse_loss mse_grad NeuralNetwork "
    "binary_cross_entropy make_spirals make_circles make_moons standardize tanh tanh_grad softmax zeros "
    "small large xavier he ReLU Sigmoid Tanh SigmoidCrossEntropy SoftmaxCrossEntropy IdentitySquaredError SGD Momentum "
    "Adam BatchNorm Dropout Nesterov RMSProp AdamW step_decay cosine_decay warm_up follow "
    "TrainingDiverged central_difference check_layer check_network load"
).split()
BOOK_NAMES = "plot_decision_boundary show plot_points live progress_bar show_source Explorer check".split()

every_module = pytest.mark.parametrize("module", scratchnet.MODULES)


def name_of(path):
    """The dotted name by which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


KNOWN = {name_of(path): path for path in FILES}


def imports_of(path):
    """Every module that a file imports, wherever it does: in a function, for type checkers, lazily by its stub."""
    text = "\n".join(part.read_text(encoding="utf-8") for part in (path, path.with_suffix(".pyi")) if part.exists())
    package = name_of(path) if path.stem == "__init__" else name_of(path).rpartition(".")[0]
    if "__path__" in text:  # a package that looks for the files in its folder
        yield from (name_of(other) for other in path.parent.glob("[!_]*.py"))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found = [f"{source}.{alias.name}" for alias in node.names]
            yield from (name if name in KNOWN else source for name in found)


def own_names(module):
    """Classes and functions without underscore that are defined in the module."""
    namespace = vars(importlib.import_module(module))
    return {
        name
        for name, value in namespace.items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(inspect.unwrap(value)))
        and value.__module__ == module
    }


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


def run_python(code, without=()):
    """Run `code` in a new interpreter, without the environment variables that begin with one of `without`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(tuple(without))}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)


# Names


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_chapter_imports_from_scratchnet(name):
    assert callable(getattr(scratchnet, name)) and name in scratchnet.__all__


@pytest.mark.parametrize("name", BOOK_NAMES)
def test_what_makes_a_page_imports_from_scratchnet_book(name):
    assert callable(getattr(book, name))


def test_every_name_that_the_book_imports_when_asked_is_there():
    assert set(book.__all__) <= set(dir(book))
    for name in book.__all__:
        assert inspect.ismodule(getattr(book, name)) or callable(getattr(book, name)), name
    for name in book.explorers.NAMES:
        assert callable(getattr(book.explorers, name)), name


def test_the_list_of_modules_is_that_of_the_files_and_of_the_star_imports():
    folder = Path(scratchnet.__file__).parent
    assert sorted(path.stem for path in folder.glob("*.py")) == sorted(["__init__", *scratchnet.MODULES])
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    imported = [
        node.module.removeprefix("scratchnet.")
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]
    exporting = [name for name in scratchnet.MODULES if importlib.import_module(f"scratchnet.{name}").__all__]
    assert set(exporting) <= set(imported) <= set(scratchnet.MODULES)
    assert len(set(scratchnet.__all__)) == len(scratchnet.__all__)


@every_module
def test_what_a_module_exports_is_its_own_and_sorted(module):
    exported = importlib.import_module(f"scratchnet.{module}").__all__
    assert set(exported) <= own_names(f"scratchnet.{module}") | {"load"}  # a method of NeuralNetwork

    def constants_classes_functions(name):
        return (0 if name.isupper() else 1 if name[0].isupper() else 2), name

    assert exported == sorted(exported, key=constants_classes_functions)


def test_a_public_name_that_is_not_exported_is_used_in_the_package():
    """So a class that somebody adds and forgets to export is found."""
    exported, used = {*book.__all__, *book.explorers.NAMES}, set()
    for path in [*(ROOT / "scratchnet").rglob("*.py"), *(ROOT / "live").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name | ast.Attribute):
                used.add(node.id if isinstance(node, ast.Name) else node.attr)
    for module in KNOWN:
        if module.startswith("scratchnet.") and module.rpartition(".")[2] not in book.__all__:  # whole modules
            known = exported | used | {*getattr(importlib.import_module(module), "__all__", ())}
            assert own_names(module) <= known, module


def test_star_import_brings_exactly_the_public_names():
    namespace = {}
    exec("from scratchnet import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(scratchnet.__all__)


def test_an_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="module 'scratchnet' has no attribute 'sigmoyd'"):
        _ = scratchnet.sigmoyd
    with pytest.raises(AttributeError, match="sigmoyd"):
        _ = book.sigmoyd


# Imports


def test_no_imports_run_in_a_circle():
    graph = {name: {other for other in imports_of(path) if other in KNOWN} for name, path in KNOWN.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError with the circle
    assert "scratchnet.training" in graph["scratchnet.network"]
    assert "scratchnet.book.plotting" in graph["scratchnet.book"]
    assert "scratchnet.book.exercises.ex01" in graph["scratchnet.book.exercises"]


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_needs_numpy_and_nothing_of_the_book(path):
    imported = set(imports_of(path))
    assert {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names) <= {"scratchnet", "numpy"}
    assert not any(name.startswith("scratchnet.book") for name in imported)


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(ROOT / "scratchnet")], ids=name_of)
def test_the_package_imports_nothing_of_what_is_around_it(path):
    assert not {name.split(".")[0] for name in imports_of(path)} & {"tools", "benchmarks", "tests", "pages"}


def test_importing_and_training_and_saving_needs_numpy_alone(tmp_path):
    result = run_python(
        "import sys, scratchnet\n"
        "net = scratchnet.NeuralNetwork([1, 2, 1], seed=0)\n"
        "net.train([[0.0], [1.0]], [[0], [1]], n_epochs=1, verbose=False)\n"
        f"net.save({str(tmp_path / 'net.npz')!r})\n"
        f"scratchnet.load({str(tmp_path / 'net.npz')!r})\n"
        "import pathlib\n"
        "files = [getattr(module, '__file__', None) or '' for module in sys.modules.values()]\n"
        "ways = [pathlib.Path(file).parts for file in files if 'site-packages' in file]\n"
        "installed = {way[way.index('site-packages') + 1] for way in ways}\n"
        "print(sorted(name for name in installed - {'numpy'} if not name.startswith('_')))\n",
        without=["COVERAGE_"],  # `make coverage` has every interpreter import coverage
    )
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_every_module_can_be_imported_first():
    """One process for all: each is imported after all of the package has been forgotten."""
    result = run_python(
        "import importlib, sys\n"
        f"for module in {scratchnet.MODULES!r}:\n"
        "    for name in [name for name in sys.modules if name.split('.')[0] == 'scratchnet']:\n"
        "        del sys.modules[name]\n"
        "    importlib.import_module(f'scratchnet.{module}')\n"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


# How it reads


def test_the_core_has_fewer_than_1500_lines_of_code():
    counts = {path.stem: len(code_lines(path)) for path in CORE}
    assert sum(counts.values()) < 1500 and max(counts.values()) <= 190, counts


def test_code_lines_leave_out_docstrings_comments_and_blanks(tmp_path):
    path = tmp_path / "example.py"
    path.write_text(
        '"""Doc\n\nstring."""\n\n# comment\nx = 1  # counts\n\n\ndef f():\n    """Doc."""\n    return """a\nb"""\n'
    )
    assert code_lines(path) == {6, 9, 11, 12}


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in ("broken", "pieces")], ids=name_of)
def test_every_public_class_function_and_method_has_a_docstring(path):
    """But for the planted mistakes, where it would say what is to be found, and the reader's pieces: tasks say it."""
    missing, stack = [], [(path.stem, ast.parse(path.read_text(encoding="utf-8")))]
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
    for name in own_names(f"scratchnet.{module}"):
        value = inspect.unwrap(getattr(importlib.import_module(f"scratchnet.{module}"), name))
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
            if p.name not in ("self", "net")
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
    assert parameters(book.plot_decision_boundary)[:5] == [
        ("model", ..., False),
        ("X", ..., False),
        ("y", ..., False),
        ("title", "Decision Boundary", False),
        ("ax", None, False),
    ]


def test_the_source_archive_carries_the_package_whole_and_nothing_that_cannot_run(tmp_path):
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    for name in ("scratchnet", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    code = "from setuptools import build_meta; print(build_meta.build_sdist('dist'))"
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    with tarfile.open(*(tmp_path / "dist").iterdir()) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    package = {str(path.relative_to(tmp_path).as_posix()) for path in (tmp_path / "scratchnet").rglob("*.*")}
    assert package <= inside and not [name for name in inside if name.startswith(("tests", "tools", "chapters"))]


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert scratchnet.__version__ == version("scratchnet")
