"""Change the core in every small way that mutmut knows, and see whether the unit tests notice.

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
# A tracer at every opcode takes as long, and mutmut stands between a warning and the line that it points at.
WITHOUT = ("-m", "not long", "-k", "not opcode and not line_of_the_reader")
ORDER = """

def pytest_collection_modifyitems(items):
    own = "test_" + (os.environ.get("MUTANT_UNDER_TEST", "") + ".").split(".")[1]
    files = {files}
    items.sort(key=lambda item: (item.path.stem != own, files.index("tests/library/" + item.path.name)))
"""


class Mutant(NamedTuple):
    """A change: the function it is in, and what leaves and enters it, one line each, - or + first."""

    function: str
    change: str

    def __str__(self) -> str:
        return f"## `{self.function}`\n\n```diff\n{self.change}\n```\n"


def prepare() -> None:
    """Copy the library and its tests to an empty folder, with mutmut's settings beside pytest's."""
    tests = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "library").glob("test_*.py"))
    tests.remove("tests/library/test_package.py")  # which reads the files that mutmut writes anew
    shutil.rmtree(WORK, ignore_errors=True)
    for folder in ("scratchnet", "tests"):
        shutil.copytree(ROOT / folder, WORK / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (WORK / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(ORDER.format(files=tests))
    settings = {
        "source_paths": ["scratchnet"],
        "only_mutate": [f"scratchnet/{module}.py" for module in MODULES],
        "pytest_add_cli_args_test_selection": tests,
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
    module, mangled = name.rpartition("__mutmut_")[0].split(".")[1:]
    return ".".join([module, *(mangled.split("ǁ")[1:] if "ǁ" in mangled else [mangled.removeprefix("x_")])])


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
    killed = Counter(qualified(name).split(".")[0] for name, status in statuses.items() if status in KILLED)
    made = Counter(qualified(name).split(".")[0] for name in statuses)
    lines = [f"{module}: {killed[module]} of {made[module]} killed" for module in MODULES if made[module]]
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
    parser = argparse.ArgumentParser(description="See whether the unit tests notice small changes of the core.")
    parser.add_argument(
        "--only", nargs="+", choices=MODULES, default=MODULES, metavar="MODULE", help="default: all of the core"
    )
    options = parser.parse_args()
    prepare()
    mutmut("run", *(f"scratchnet.{module}.*" for module in options.only), show=sys.stdout.isatty())
    results = dict(re.findall(r"^ +(\S+): (.+)$", mutmut("results", "--all", "true"), re.MULTILINE))
    statuses = {name: status for name, status in results.items() if name.split(".")[1] in options.only}
    alive = [name for name, status in statuses.items() if status not in KILLED]
    survivors = Counter(Mutant(qualified(name), changed_lines(mutmut("show", name))) for name in alive)
    reasons = explained(EXPLAINED.read_text(encoding="utf-8"))
    wanted = Counter({mutant: n for mutant, n in reasons.items() if mutant.function.split(".")[0] in options.only})
    report, well = verdict(statuses, survivors, wanted)
    print(report)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
