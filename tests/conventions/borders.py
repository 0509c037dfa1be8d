"""Conventions about what code reaches: the outside, seals, clocks, locks; each over one file.

As in ``rules.py``: each answers the places that break it, and ``test_seen_red.py`` breaks each.
"""

import ast
import re
import sys
from collections.abc import Iterator

from tests.conventions.tree import WAYS_OUT, Source, event_types, name_of, ports

_TRANSACTIONS = {"begin", "begin_read", "alone", "claim", "finish", "undo", "read"}
_TYPE = re.compile(r"\b[a-z]+\.[a-z_]+\.v\d+\b")
_SQL_NOW = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\b(current_(timestamp|time|date)|localtime(stamp)?)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b(https?|wss?)://[\w.-]|\b[\w-]+\.[\w-]+\.(com|net|org|io|cn|gov|hk)\b", re.IGNORECASE
)
_LOCKS = re.compile(r"\bFOR (NO KEY UPDATE|UPDATE|SHARE)\b(?! OF \w+ SKIP| SKIP)")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]*")
_OURS = {"services", "gateway", "shared", "deploy"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def opened_unrecorded(source: Source) -> list[str]:
    """Functions that open a sealed field by ``unseal``, which leaves no row in ``reveals``."""
    found = [
        f"{source.path}: unseal as {one.asname}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
        if one.name == "unseal" and one.asname
    ]
    inside = {id(node): f.name for f in source.functions() for node in ast.walk(f)}
    return found + [
        f"{source.path}:{inside.get(id(node), 'module')}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name | ast.Attribute)
        and name_of(node).rpartition(".")[2] == "unseal"
    ]


def port_in_transaction(source: Source) -> list[str]:
    """While a transaction is open nothing is waited for but the database."""
    found = []
    for function in source.functions():
        outside = _ways_out(function)
        for block in ast.walk(function):
            if not (isinstance(block, ast.AsyncWith) and _opens(block)):
                continue
            waits = [node for part in block.body for node in ast.walk(part) if _waits(node)]
            found += [
                f"{source.path}:{getattr(node, 'lineno', 0)} {function.name}"
                for node in waits
                if outside & _named(node)
            ]
    return found


def _ways_out(function: Function) -> set[str]:
    """Parameters that are a way outside, and what is made of them."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    outside = {
        arg.arg
        for arg in every
        if arg.annotation
        for part in ast.walk(arg.annotation)
        if name_of(part).rpartition(".")[2] in ports() | WAYS_OUT
    }
    for node in ast.walk(function):
        # ``channel = channels[name]`` is a way outside too; what a call has answered is not.
        if (
            isinstance(node, ast.Assign)
            and outside & _named(node.value)
            and not any(map(_asks, ast.walk(node.value)))
        ):
            outside |= {part.id for one in node.targets for part in _names(one)}
    return outside


def _opens(block: ast.AsyncWith) -> bool:
    """Whether a block is a transaction: it opens one, or names one ``tx``."""
    for item in block.items:
        opened = item.context_expr
        if isinstance(opened, ast.Call):
            called = getattr(opened.func, "attr", "") or name_of(opened.func)
            if called in _TRANSACTIONS:
                return True
        if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == "tx":
            return True
    return False


def _asks(node: ast.AST) -> bool:
    return isinstance(node, ast.Await | ast.Call)


def _waits(node: ast.AST) -> bool:
    match node:
        case ast.Await() | ast.AsyncWith() | ast.AsyncFor():
            return True
        case ast.Call(func=func):
            return name_of(func).rpartition(".")[2] in {"create_task", "gather", "ensure_future"}
    return False


def _names(node: ast.AST) -> Iterator[ast.Name]:
    return (part for part in ast.walk(node) if isinstance(part, ast.Name))


def _named(node: ast.AST) -> set[str]:
    return {part.id for part in _names(node)}


def transaction_round_yield(source: Source) -> list[str]:
    """What follows a ``yield`` runs after the answer has left: no transaction stands round one."""
    return [
        f"{source.path}:{block.lineno}"
        for block in ast.walk(source.tree)
        if isinstance(block, ast.AsyncWith) and _opens(block)
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(block))
    ]


def told_but_not_said(source: Source) -> list[str]:
    """The ``Tells`` of a use case's docstring names the events that it publishes, and no other."""
    function = next((f for f in source.functions() if f.name == source.stem), None)
    if function is None:
        return []
    types, answered = event_types(), {f.name: f.returns for f in source.functions()}
    told = set()
    for name, call in source.calls():
        if name == "publish" and call.args:
            made = call.args[0].value if isinstance(call.args[0], ast.Await) else call.args[0]
            maker = name_of(made.func) if isinstance(made, ast.Call) else ast.unparse(made)
            kind = name_of(answered.get(maker) or ast.Name(maker)).rpartition(".")[2]
            told.add(types.get(kind, kind))
    said = set(_TYPE.findall(ast.get_docstring(function) or ""))
    return [f"{source.path}: tells {sorted(told)}, says {sorted(said)}"] if told != said else []


def framework_refusals(source: Source) -> list[str]:
    """What is refused is a Problem with a code of its own, never the framework's exception."""
    return [
        f"{source.path}:{getattr(node, 'lineno', 0)}"
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Name | ast.Attribute) and "HTTPException" in name_of(node))
        or (isinstance(node, ast.alias) and "HTTPException" in node.name)
    ]


def time_in_sql(source: Source) -> list[str]:
    """SQL is told the time: ``now()`` knows nothing of the fleet's clock."""
    return [
        *(f"{source.path}:{node.lineno}" for node in texts(source) if _SQL_NOW.search(node.value)),
        *(
            f"{source.path}:{node.lineno}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call)
            and name_of(node.func).startswith(("func.", "sqlalchemy.func."))
            and _SQL_NOW.search(name_of(node.func).rpartition(".")[2] + "()")
        ),
    ]


def addresses(source: Source) -> list[str]:
    """Where the outside is, settings say."""
    return [f"{source.path}:{node.lineno}" for node in texts(source) if _ADDRESS.search(node.value)]


class Text(ast.Constant):
    """A constant that is known to be text."""

    value: str


def texts(source: Source) -> list[Text]:
    """Every text of a file that is not a docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(source.tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node  # type: ignore[misc]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def replaced(source: Source) -> list[str]:
    """What a test puts in the place of our own code; a limit in capitals may be shortened."""
    homes: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            inside = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            homes |= {one.asname or one.name: inside + one.name for one in node.names}
    found = []
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="setattr") | ast.Name(id="setattr"), args=args):
                home, name = _replaces(args)
            case ast.Attribute(ctx=ast.Store(), value=ast.Name(id=home), attr=name):
                if homes.get(home, "").partition(".")[0] not in _OURS:
                    continue  # A value of the test's own.
            case _:
                continue
        root = homes.get(home, home).partition(".")[0]
        if root not in sys.stdlib_module_names and not _UPPER.fullmatch(name):
            found.append(f"{source.path}:{name}")
    return found


def _replaces(args: list[ast.expr]) -> tuple[str, str]:
    """Of ``setattr(...)``: whose, and which name; both in one text, or apart."""
    match args:
        case [ast.Constant(value=str(path)), _]:
            return path.partition(".")[0], path.rpartition(".")[2]
        case [owner, ast.Constant(value=str(name)), *_]:
            return name_of(owner).partition(".")[0], name
    return "", ""


def locks(source: Source) -> list[str]:
    """Functions that hold rows until their transaction ends, by themselves or by a constant."""
    made: dict[str, ast.AST] = {
        target.id: node.value
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    builders = [f for f in source.functions() if isinstance(f, ast.FunctionDef)]
    made |= {f.name: f for f in builders}
    return [
        f.name
        for f in source.functions()
        if f not in builders and (f.name.endswith("_for_update") or _locks(f, made, set()))
    ]


def _locks(node: ast.AST, constants: dict[str, ast.AST], seen: set[str]) -> bool:
    for part in ast.walk(node):
        match part:
            case ast.Constant(value=str(text)) if _LOCKS.search(text):
                return True
            case ast.Attribute(attr="with_for_update") | ast.keyword(arg="with_for_update"):
                return True
            case ast.Name(id=name) if name in constants and name not in seen:
                seen.add(name)
                if _locks(constants[name], constants, seen):
                    return True
    return False
