"""The results as one table of text and as one file of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.results import REFERENCES, SCRATCHNET, Row

WIDTH = 48
COLUMNS = {"floor": "÷floor", "floor and evaluation": "÷f+eval", SCRATCHNET: "÷scratchnet"}


def table(results: dict[str, Any]) -> str:
    """Return the whole report, one line for each case and contender, the numbers of threads side by side."""
    lines = header(results)
    threads = results["threads"]
    last = None
    for (section, case, contender), of in grouped(results["rows"]).items():
        if section == "growth" and contender != SCRATCHNET:
            continue  # the floors are in its ratios
        heading = (section, None if section in ("growth", "slider") else case)
        if heading != last:
            title = section if heading[1] is None else f"{section}: {case}"
            lines += ["", *([title] if len(title) > WIDTH else [])]
            lines.append(f"{title if len(title) <= WIDTH else '':{WIDTH}}" + "".join(columns(t) for t in threads))
            last = heading
        name = contender if heading[1] else case
        flops = next(iter(of.values())).get("flops")
        name += f" ({flops / 1e6:.2f} Mflop)" if flops else ""
        lines.append(f"  {name:{WIDTH - 2}}" + "".join(cells(of.get(t)) for t in threads))
    lines += memory_lines(results["memory"]) + aim_lines(results["aims"])
    return "\n".join(lines)


def header(results: dict[str, Any]) -> list[str]:
    """The machine, the versions, and how to read the table."""
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return [
        f"scratchnet benchmarks of {results['date']}" + (", quick" if results["quick"] else ""),
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, load before {machine['load']}",
        f"{versions}; BLAS of NumPy: {machine['blas']}",
        *(f"OpenMP's wait policy with {n} threads: {policy}" for n, policy in results["wait_policy"].items()),
        *results["notes"],
    ]


def grouped(rows: list[Row]) -> dict[tuple[str, str, str], dict[int, Row]]:
    """The rows by section, case and contender, then by threads."""
    groups: dict[tuple[str, str, str], dict[int, Row]] = {}
    for row in rows:
        groups.setdefault((row["section"], row["case"], row["contender"]), {})[row["threads"]] = row
    return groups


def columns(threads: int) -> str:
    """The headings over the numbers of one setting."""
    name = f"{threads} thread" + ("s" if threads > 1 else "")
    return f" | {name:>10} {'median':>10} {'±':>4}" + "".join(
        f"{heading:>12}"[-len(heading) - 1 :] for heading in COLUMNS.values()
    )


def cells(row: Row | None) -> str:
    """Best, median, half the distance of the quartiles in percent of it, and the ratios."""
    blank = " | " + " " * (26 + sum(len(heading) + 1 for heading in COLUMNS.values()))
    if row is None:
        return blank
    s = row["seconds"]
    spread = 50 * (s["q3"] - s["q1"]) / s["median"]
    text = f" | {duration(s['best']):>10} {duration(s['median']):>10} {spread:3.0f}%"
    for reference in REFERENCES:
        width = len(COLUMNS[reference]) + 1
        ratio = row["ratio_to"].get(reference)
        text += " " * width if ratio is None else f"{ratio['best']:{width}.2f}"
    return text


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("s ", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds / 1e-6:.1f} µs"


def memory_lines(memory: list[dict[str, Any]]) -> list[str]:
    """Peak memory for each size, in megabytes and as a multiple."""
    if not memory:
        return []
    lines = ["", f"{'peak memory of training, float32':{WIDTH - 4}}       peak  parameters  activations  peak ÷ both"]
    for row in memory:
        both = row["parameters"] + row["activations"]
        megabytes = "".join(f"{row[name] / 1e6:9.2f} MB" for name in ("peak", "parameters", "activations"))
        lines.append(f"  {row['sweep'] + ' ' + str(row['size']):{WIDTH - 6}}{megabytes}{row['peak'] / both:12.2f}")
    return lines


def aim_lines(aims: list[dict[str, Any]]) -> list[str]:
    """One line for each aim and number of threads."""
    lines = ["", "aims"]
    for aim in aims:
        threads = "" if aim["threads"] is None else f", {aim['threads']} thread" + "s" * (aim["threads"] > 1)
        met = "met    " if aim["met"] else "NOT met"
        lines.append(f"  {met} {aim['value']:7.2f}  {aim['sense']} {aim['limit']:g}  {aim['aim']}{threads}")
    return lines


def write(results: dict[str, Any], path: Path) -> None:
    """Write the results as JSON, all of it or nothing; make the folder if there is none."""
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
