"""A playground in a browser, on a live page and in JupyterLab: every control moved, and what Python says to compare."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from scratchnet.book.playground.fields import Choice, Field, Number, Several, Sizes
from scratchnet.book.playground.run import Run
from scratchnet.book.playground.setting import Setting, fields

FIELDS = fields({})
PATIENCE_MS = 30_000
# What a control is moved to, one after the other, each from where the one before has left the playground.
MOVES = {
    "points": "20",
    "noise": "0.3",
    "share": "0.5",
    "draw": "11",
    "data": "blobs",
    "classes": "3",
    "features": "x1 x2 x1x2",
    "hidden": "6-16-16",
    "activation": "Tanh",
    "init": "xavier",
    "batchnorm": "on",
    "dropout": "0.2",
    "optimizer": "AdamW",
    "decay": "0.01",
    "batch": "10",
    "seed": "5",
    "rate": "0.03",
    "schedule": "cosine",
    "epochs": "7",
    "loss": "0.001",
    "accuracy": "0.999",
}


def press(root: Locator, name: str) -> None:
    root.get_by_role("button", name=name, exact=True).click()


def state(root: Locator, wanted: str, timeout: int = PATIENCE_MS) -> None:
    expect(root).to_have_attribute("data-state", re.compile(f"^({wanted})$"), timeout=timeout)


def move(root: Locator, field: Field, text: str) -> None:
    """Set a control to a text as a hand would."""
    control = root.locator(f"[data-control={field.name}]")
    if isinstance(field, Several):
        for word, label in field.options.items():
            box = control.get_by_role("checkbox", name=label, exact=True)
            if box.is_checked() != (word in text.split()):
                box.click()
    elif isinstance(field, Sizes):
        sizes = text.split("-")
        while control.get_by_role("spinbutton").count() < len(sizes):
            count = control.get_by_role("spinbutton").count()
            control.get_by_role("button", name="One hidden layer more").click()
            expect(control.get_by_role("spinbutton")).to_have_count(count + 1, timeout=PATIENCE_MS)
        for i, size in enumerate(sizes):
            box = control.get_by_role("spinbutton").nth(i)
            if box.input_value() != size:
                box.fill(size)
                box.press("Tab")
    elif isinstance(field, Choice) and field.kind == "flag":
        control.get_by_role("checkbox").set_checked(text == "on")
    elif isinstance(field, Number) and not field.steps:
        control.get_by_role("spinbutton").fill(text)
        control.get_by_role("spinbutton").press("Tab")
    else:
        control.get_by_role("combobox").select_option(text)


def every_control_does_what_the_library_does(root: Locator) -> None:
    """Move each control, train for an epoch, and compare with the same run made here."""
    texts: dict[str, Any] = {}
    for name, text in MOVES.items():
        move(root, FIELDS[name], text)
        texts[name] = text
        setting = Setting(FIELDS, texts)
        expect(root.locator("a.playground-link")).to_have_attribute(
            "href", f"#{root.get_attribute('id')}?{setting.to_address()}", timeout=PATIENCE_MS
        )
        assert root.locator(".playground-trouble").inner_text() == ""
        if not FIELDS[name].restarts:
            continue
        press(root, "One epoch")
        expect(root).to_have_attribute("data-epoch", "1", timeout=PATIENCE_MS)
        run = Run(setting, {})
        run.take_epoch()
        agrees(root, run)
    press(root, "Reset")
    expect(root).to_have_attribute("data-epoch", "0", timeout=PATIENCE_MS)
    press(root, "Play")
    expect(root.locator(".playground-said")).to_contain_text("Stopped: 7 epochs are over.", timeout=PATIENCE_MS)
    run = Run(setting, {})
    run.advance(60)
    assert run.epoch == 7
    agrees(root, run)


def agrees(root: Locator, run: Run) -> None:
    """Compare the numbers on the screen with those of a run; a processor of another kind may round otherwise."""
    for name, part in (("train", (run.X, run.y)), ("test", (run.held_X, run.held_y))):
        shown, here = float(root.get_attribute(f"data-{name}-accuracy") or "nan"), run.net.accuracy(*part)
        assert abs(shown - here) <= 1.01 / len(part[0]), (name, shown, here)
    text = root.locator(".playground-numbers").inner_text()
    loss = re.search(r"Training: loss ([-\d.e]+),", text)
    assert loss is not None, text
    here = run.net.loss(run.X, run.y)
    assert abs(float(loss[1]) - here) <= 0.01 * here, text
