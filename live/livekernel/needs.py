"""What a cell needs of the cells above it: the imports and definitions of the names that it uses, and no more.

So an exercise can be answered without the trainings that stand above it.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Container, Iterator, Sequence


def used(node: ast.AST) -> set[str]:
    """Return the names that a statement reads from its surroundings, also from inside of its functions."""
    names = set(_read(symtable.symtable(ast.unparse(node), "<cell>", "exec")))
    if isinstance(node, ast.For):  # which gives its own names their values
        names -= stored(node.target) - used(ast.Expr(node.iter))
    return names


def stored(target: ast.expr) -> set[str]:
    """Return the names that a target of an assignment binds."""
    return {inner.id for inner in ast.walk(target) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}


def _read(table: symtable.SymbolTable) -> Iterator[str]:
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _read(child)


def bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines or changes at the top of its cell."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    names = set()
    for inner in _outside(node):
        if isinstance(inner, ast.Name | ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store | ast.Del):
            target: ast.expr = inner
            while isinstance(target, ast.Subscript | ast.Attribute):
                target = target.value
            if isinstance(target, ast.Name):
                names.add(target.id)
        if isinstance(inner, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
            names |= bound(inner)
    return names


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a statement, but for what has names of its own, as `net` in `[f(net) for net in nets]` has."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda):
            yield from _outside(child)


def replaces(node: ast.stmt) -> bool:
    """Return whether a statement gives its names a new value whatever they were before."""
    if isinstance(node, ast.Assign):
        return not any(isinstance(inner, ast.Subscript | ast.Attribute) for inner in node.targets)
    return isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.AnnAssign)


def only(node: ast.stmt, wanted: Container[str]) -> ast.stmt:
    """Return an import without the names that nobody wants, and any other statement as it is."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        kept = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in wanted]
        if isinstance(node, ast.ImportFrom):
            return ast.copy_location(ast.ImportFrom(node.module, kept, node.level), node)
        return ast.copy_location(ast.Import(kept), node)
    return node


def statements(text: str) -> list[ast.stmt]:
    """Return what a cell says; nothing if it is not Python, since its reader is still writing it."""
    try:
        return ast.parse(text).body
    except SyntaxError:
        return []


def defining(name: str, above: Sequence[str]) -> int | None:
    """Return the number of the last of the cells above that defines a name, None if none does."""
    cells = range(len(above), 0, -1)
    return next((n for n in cells if any(name in bound(node) for node in statements(above[n - 1]))), None)


def needed(code: str, above: Sequence[str], known: Container[str] = ()) -> list[tuple[int, list[ast.stmt]]]:
    """Return the statements of the cells above, by the cell's position, that `code` needs and that are not known yet.

    Cells that are not Python, since their reader is still writing them, define nothing. Raises SyntaxError if `code`
    itself is not.
    """
    wanted: set[str] = set()
    own: set[str] = set()  # what the cell has defined itself, so far
    for node in ast.parse(code).body:
        wanted |= {name for name in used(node) if name not in known and name not in own}
        own |= bound(node) if replaces(node) else set()
    found: list[tuple[int, list[ast.stmt]]] = []
    for position in reversed(range(len(above))):
        kept: list[ast.stmt] = []
        for node in reversed(statements(above[position])):
            here = bound(node) & wanted
            if not here:
                continue
            kept.append(only(node, here))
            if replaces(node):
                wanted -= here
            wanted |= {name for name in used(kept[-1]) if name not in known}
        if kept:
            found.append((position, kept[::-1]))
    return found[::-1]
