import importlib.util
from collections import Counter

import pytest
from pages import ROOT

spec = importlib.util.spec_from_file_location("mutants", ROOT / "tools" / "mutants.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

LISTED = tool.explained((ROOT / "tests" / "mutants.md").read_text(encoding="utf-8"))
MUTANT = tool.Mutant("losses.mse_loss", "- x = 1\n+ x = 2")
NAME = "scratchnet.losses.x_mse_loss__mutmut_1"


@pytest.mark.parametrize("mutant", LISTED, ids=lambda mutant: mutant.function)
def test_a_listed_survivor_is_a_change_of_a_line_that_is_there(mutant):
    (module,) = (module for module in tool.MODULES + tool.PAGES if mutant.function.startswith(f"{module}."))
    path = ROOT / "scratchnet" / f"{module.replace('.', '/')}.py"
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    removed = [line[2:] for line in mutant.change.splitlines() if line.startswith("- ")]
    assert removed and all(line in lines for line in removed)


def test_every_change_needs_a_reason_after_it():
    with_reason = f"# Title\n\n{MUTANT}\nBecause.\n"
    assert tool.explained(with_reason + str(MUTANT) + f"\nBecause.\n\n{MUTANT}\n\nFor that.\n") == Counter({MUTANT: 3})
    for text in (with_reason + str(MUTANT), "## `losses.mse_loss`\n\nBecause.\n"):
        with pytest.raises(ValueError, match="losses.mse_loss, and then the reason"):
            tool.explained(text)


def test_what_is_changed_and_its_tests_are_there():
    for modules, tests in tool.SUITES.items():
        assert all((ROOT / "scratchnet" / f"{module.replace('.', '/')}.py").exists() for module in modules)
        assert len(tests) > len(modules) / 2 and all(path.exists() for path in tests)


def test_names_and_diffs_are_read_as_mutmut_prints_them():
    assert tool.qualified("scratchnet.network.xǁNeuralNetworkǁ__init____mutmut_12") == "network.NeuralNetwork.__init__"
    assert tool.qualified(NAME) == "losses.mse_loss"
    method = "scratchnet.book.exercises.judge.xǁJudgeǁrun__mutmut_3"
    assert (tool.qualified(method), tool.module_of(method)) == ("book.exercises.judge.Judge.run", tool.PAGES[-1])
    diff = "--- a/losses.py\n+++ b/losses.py\n@@ -1,3 +1,3 @@\n def f():\n-    x = 1\n+    x = 2\n     return -x\n"
    assert tool.changed_lines(f"# {NAME}: survived\n{diff}") == MUTANT.change


@pytest.mark.parametrize(
    ("alive", "listed", "well", "part"),
    [
        (0, [], True, "All: 100 of 100 killed, 100.0%"),
        (1, [MUTANT], True, "All: 99 of 100 killed, 99.0%"),
        (1, [], False, f"Write tests that kill them, or reasons into tests/mutants.md:\n\n{MUTANT}"),
        (0, [MUTANT], False, f"Take them out:\n\n{MUTANT}"),
        (2, [MUTANT], False, "Write tests"),
        (6, [MUTANT] * 6, False, "Fewer than 95% of the mutants are killed."),
    ],
)
def test_the_verdict(alive, listed, well, part):
    statuses = {f"scratchnet.losses.x_mse_loss__mutmut_{n}": "survived" if n < alive else "killed" for n in range(100)}
    report, is_well = tool.verdict(statuses, Counter({MUTANT: alive}), Counter(listed))
    assert is_well is well and part in report and report.startswith(f"losses: {100 - alive} of 100 killed\n")


def test_an_endless_loop_counts_as_killed_and_a_function_without_tests_as_alive():
    assert tool.verdict({NAME: "timeout"}, Counter(), Counter())[1]
    assert not tool.verdict({NAME: "no tests"}, Counter([MUTANT]), Counter([MUTANT]))[1]
