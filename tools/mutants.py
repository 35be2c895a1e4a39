"""Change the core and what makes pages in every small way that mutmut knows, and see whether the unit tests notice.

    python tools/mutants.py [--only MODULE ...]

mutmut works on copies in .venv/mutants/ and runs, for every mutant, the tests that reach the changed function until one
fails: those of its module first, the others in the order of the files. This prints the share of the mutants that the
tests kill, module by module. It fails where the share is below 95 %, where a mutant survives that tests/mutants.md does
not explain, and where tests/mutants.md explains one that does not survive.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from scratchnet import MODULES

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".venv" / "mutants"  # where no other tool looks
EXPLAINED = ROOT / "tests" / "mutants.md"
BOUND = 0.95
KILLED = ("killed", "timeout")
# What is changed together, and the tests of it, without test_package.py, which reads the files that mutmut writes anew.
PAGES = ("book.frames", "book.widgets", "book.plotting", "book.exercises.judge")
SUITES = {
    MODULES: sorted({*(ROOT / "tests" / "library").glob("test_*.py")} - {ROOT / "tests/library/test_package.py"}),
    PAGES: [
        ROOT / "tests" / "book" / f"test_{name}.py"
        for name in "frames widgets judge looks plotting plots_04_05 plots_06 plots_08_09 extreme_figures".split()
    ],
}
# A tracer at every opcode takes as long, and mutmut stands between a warning and the line that it points at.
WITHOUT = ("-m", "not long", "-k", "not opcode and not line_of_the_reader")
ORDER = """

def pytest_collection_modifyitems(items):
    own = "test_" + ("." + os.environ.get("MUTANT_UNDER_TEST", "") + ".").rsplit(".", 2)[-2].rpartition(".")[2]
    files = {files}
    items.sort(key=lambda item: (item.path.stem != own, files.index(item.path.name)))
"""


class Mutant(NamedTuple):
    """A change: the function it is in, and what leaves and enters it, one line each, - or + first."""

    function: str
    change: str

    def __str__(self) -> str:
        return f"## `{self.function}`\n\n```diff\n{self.change}\n```\n"


def prepare(modules: tuple[str, ...]) -> None:
    """Copy the library and its tests to an empty folder, with mutmut's settings for a suite beside pytest's."""
    tests = SUITES[modules]
    shutil.rmtree(WORK, ignore_errors=True)
    for folder in ("scratchnet", "tests"):
        shutil.copytree(ROOT / folder, WORK / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (WORK / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(ORDER.format(files=[path.name for path in tests]))
    settings = {
        "source_paths": ["scratchnet"],
        "only_mutate": [f"scratchnet/{module.replace('.', '/')}.py" for module in modules],
        "pytest_add_cli_args_test_selection": [path.relative_to(ROOT).as_posix() for path in tests],
        "timeout_constant": 4.0,  # seconds, times fifteen: a busy machine is no endless loop
        "pytest_add_cli_args": ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", *WITHOUT],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (WORK / "pyproject.toml").write_text("\n".join([text, "[tool.mutmut]", *lines, ""]), encoding="utf-8")


def mutmut(*arguments: str, show: bool = False) -> str:
    """Run mutmut in the folder of copies and return what it prints; exit where it fails."""
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    result = subprocess.run(command, cwd=WORK, stdout=None if show else subprocess.PIPE, text=True, encoding="utf-8")
    if result.returncode != 0:
        sys.exit(f"{result.stdout or ''}\nmutmut {arguments[0]} failed, see above")
    return result.stdout or ""


def qualified(name: str) -> str:
    """Return the function that mutmut means by scratchnet.losses.x_mse_loss__mutmut_3, or by a method's name."""
    module, mangled = name.rpartition("__mutmut_")[0].removeprefix("scratchnet.").rsplit(".", 1)
    return ".".join([module, *(mangled.split("ǁ")[1:] if "ǁ" in mangled else [mangled.removeprefix("x_")])])


def module_of(name: str) -> str:
    """Return the module of what mutmut calls by this name, below scratchnet."""
    return name.removeprefix("scratchnet.").rsplit(".", 1)[0]


def changed_lines(diff: str) -> str:
    """Return the lines of a diff that start with - or +, without its header and without indentation."""
    lines = [line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2} )", line)]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)


def explained(text: str) -> Counter[Mutant]:
    """Read the list of survivors. Raises ValueError for a section that does not end in a reason."""
    _, *sections = re.split(r"^## `(.+)`\n", text, flags=re.MULTILINE)
    found: Counter[Mutant] = Counter()
    for function, section in zip(sections[::2], sections[1::2], strict=True):
        *changes, reason = re.split(r"^```(?:diff\n)?", section, flags=re.MULTILINE)
        if not changes or not reason.strip():
            raise ValueError(f"tests/mutants.md must give a change of {function}, and then the reason why it survives")
        found.update(Mutant(function, change.strip()) for change in changes[1::2])
    return found


def verdict(statuses: dict[str, str], survivors: Counter[Mutant], reasons: Counter[Mutant]) -> tuple[str, bool]:
    """Return the report, and whether all is well."""
    killed = Counter(module_of(name) for name, status in statuses.items() if status in KILLED)
    made = Counter(map(module_of, statuses))
    lines = [f"{module}: {killed[module]} of {made[module]} killed" for module in MODULES + PAGES if made[module]]
    lines.append(f"All: {killed.total()} of {made.total()} killed, {killed.total() / made.total():.1%}")
    new, gone, enough = survivors - reasons, reasons - survivors, killed.total() >= BOUND * made.total()
    if new:
        lines += ["\nThese survive. Write tests that kill them, or reasons into tests/mutants.md:\n"]
    lines += map(str, new.elements())
    if gone:
        lines += ["\nThese are in tests/mutants.md and do not survive. Take them out:\n"]
    lines += map(str, gone.elements())
    if not enough:
        lines.append(f"\nFewer than {BOUND:.0%} of the mutants are killed.")
    return "\n".join(lines), enough and not new and not gone


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="See whether the unit tests notice small changes.")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=MODULES + PAGES,
        default=MODULES + PAGES,
        metavar="MODULE",
        help="default: all of them",
    )
    options = parser.parse_args()
    statuses: dict[str, str] = {}
    survivors: Counter[Mutant] = Counter()
    for modules in SUITES:
        if chosen := [module for module in modules if module in options.only]:
            prepare(modules)
            mutmut("run", *(f"scratchnet.{module}.*" for module in chosen), show=sys.stdout.isatty())
            results = re.findall(r"^ +(\S+): (.+)$", mutmut("results", "--all", "true"), re.MULTILINE)
            found = {name: status for name, status in results if module_of(name) in chosen}
            alive = [name for name, status in found.items() if status not in KILLED]
            survivors.update(Mutant(qualified(name), changed_lines(mutmut("show", name))) for name in alive)
            statuses |= found
    reasons = explained(EXPLAINED.read_text(encoding="utf-8"))
    wanted = Counter(
        {
            mutant: n
            for mutant, n in reasons.items()
            if mutant.function.startswith(tuple(f"{module}." for module in options.only))
        }
    )
    report, well = verdict(statuses, survivors, wanted)
    print(report)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
