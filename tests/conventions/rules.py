"""Conventions as functions over one file: each answers the places that break it.

``test_seen_red.py`` feeds each of them a file that does.
"""

import ast
import re

from tests.conventions.tree import WAYS_OUT, Source, name_of, ports

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
KIT = "shared/kit/"
_STATE_SQL = re.compile(r"\bset\s+(?:\w+\s*=[^;]*,\s*)?state\s*=", re.IGNORECASE)
_NOW = re.compile(
    r"(datetime\.)?(datetime|date)\.(now|utcnow|today)|time\.time(_ns)?|(uuid\.)?uuid[14]|random\..*"
)
_DRAWN = re.compile(r"secrets\..*|(os\.)?(urandom|getrandom)")
_SLEEPS = {"asyncio.sleep", "time.sleep"}
_SUFFIXES = ("Service", "Manager", "Helper", "Impl")
_WORDS = re.compile(
    r"\b(customers?|trainers?|trainees?|technicians?|masters?|emit(?:s|ted)?|fired?|mediator)\b",
    re.IGNORECASE,
)
_SHARDED = r"orders|visits|stops|positions|order_history|evidence|reviews|price_quotes"
_SHARDED_SQL = re.compile(rf"\b(?:FROM|JOIN|UPDATE)\s+(?:{_SHARDED})\s", re.IGNORECASE)
_SHARDED_ROWS = {"Order", "Visit", "Stop", "Position", "OrderHistory", "Evidence", "Review"}
_FILES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "constants"}


def long_file(source: Source) -> list[str]:
    lines = source.text.count("\n")
    return [f"{source.path}: {lines} lines"] if lines > FILE_LINES_MAX else []


def long_functions(source: Source) -> list[str]:
    return [
        f"{source.path}:{f.lineno} {f.name}"
        for f in source.functions()
        if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES_MAX
    ]


def assigned_states(source: Source) -> list[str]:
    """Only the kit changes a state: no ``x.state =``, ``values(state=...)``, ``SET state =``."""
    if source.path.startswith(KIT):
        return []
    found = []
    for node in ast.walk(source.tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Attribute(attr="state", ctx=ast.Store(), value=value):
                if not name_of(value).endswith("app"):
                    found.append(f"{source.path}:{line}")
            case ast.Call(func=func, keywords=keywords):
                called = name_of(func).rpartition(".")[2] or getattr(func, "attr", "")
                named = {keyword.arg for keyword in keywords} | set(_keys(node))
                if called in {"values", "insert", "update"} and "state" in named:
                    found.append(f"{source.path}:{line}")
            case ast.Constant(value=str(text)) if _STATE_SQL.search(text):
                found.append(f"{source.path}:{line}")
    return found


def _keys(call: ast.Call) -> list[object]:
    """The keys of dicts written out in a call."""
    dicts = [arg for arg in call.args if isinstance(arg, ast.Dict)]
    return [key.value for one in dicts for key in one.keys if isinstance(key, ast.Constant)]


def commits(source: Source) -> list[str]:
    if source.path in {"shared/run/migrate.py", "shared/kit/inbox.py", "shared/kit/session.py"}:
        return []  # Migrations are their own transaction; Kafka offsets; and the one place.
    return [
        f"{source.path}:{call.lineno}"
        for name, call in source.calls()
        if name in {"commit", "rollback"}
    ]


def impure_time(source: Source) -> list[str]:
    """Instants come from ``tx.now`` and ids from the kit; only who speaks to the outside draws."""
    if source.path.startswith(KIT):
        return []
    # Seals draw their keys and nonces, which decide nothing of the business.
    may_draw = "clients" in source.parts or source.path.startswith(
        ("gateway/", "shared/privacy/sealing.py")
    )
    return [
        f"{source.path}:{node.lineno} {name}"
        for name, node in source.full_calls()
        if _NOW.fullmatch(name) or (_DRAWN.fullmatch(name) and not may_draw)
    ]


def sleeps(source: Source) -> list[str]:
    """Waiting is for the kit's loops; a business time-out is a row in ``timers``."""
    if source.path.startswith((KIT, "shared/run/", "shared/tokens.py", "gateway/")):
        return []
    return [f"{source.path}:{node.lineno}" for name, node in source.full_calls() if name in _SLEEPS]


def use_case_shape(source: Source) -> list[str]:
    """One public async function, named like its file."""
    public = [
        node.name
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
    ]
    return [] if public == [source.stem] else [f"{source.path}: {public}"]


def transaction_and_port(source: Source) -> list[str]:
    """A function has a transaction or a way outside, never both."""
    found = []
    for function in source.functions():
        every = [*function.args.args, *function.args.kwonlyargs]
        kinds = {
            name_of(part).rpartition(".")[2]
            for arg in every
            if arg.annotation
            for part in ast.walk(arg.annotation)
        }
        if "Transaction" in kinds and kinds & (ports() | WAYS_OUT):
            found.append(f"{source.path}:{function.lineno} {function.name}")
    return found


def relative_imports(source: Source) -> list[str]:
    return [
        f"{source.path}:{node.lineno}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def banned_names(source: Source) -> list[str]:
    found = [f"{source.path}: file name"] if source.stem in _FILES else []
    found += [
        f"{source.path}:{node.lineno} {node.name}"
        for node in source.classes()
        if node.name.endswith(_SUFFIXES) and node.name != "ServiceTokens"
    ]
    for number, line in enumerate(source.text.splitlines(), 1):
        if match := _WORDS.search(line.partition("http")[0]):
            found.append(f"{source.path}:{number} {match.group()}")
    return found


def loose_requests(source: Source) -> list[str]:
    """What comes in names its fields: extra ones are refused, integers and booleans are strict."""
    if "api" not in source.parts:
        return []
    found = []
    for node in source.classes():
        if not node.name.endswith(("Request", "Body")) or not node.bases:
            continue
        for item in node.body:
            if isinstance(item, ast.AnnAssign):
                names = {n.id for n in ast.walk(item.annotation) if isinstance(n, ast.Name)}
                if names & {"int", "bool"}:
                    found.append(f"{source.path}:{item.lineno} {ast.unparse(item.target)}")
        if 'extra="forbid"' not in ast.unparse(node).replace("'", '"') and [
            name_of(base) for base in node.bases
        ] == ["BaseModel"]:
            found.append(f"{source.path}:{node.lineno} {node.name} takes extra fields")
    return found


def mocks(source: Source) -> list[str]:
    """No mock of our own code: the border is the sandbox."""
    found = re.findall(r"mock\.patch|mocker\.|MagicMock|AsyncMock", source.text)
    return [f"{source.path}: {sorted(set(found))}"] if found else []


def shardless(source: Source) -> list[str]:
    """Every query of an order's tables names its shard, so that the tables can be distributed.

    Read by function, since a statement is put together there; module constants by themselves.
    """
    functions = list(source.functions())
    inside = {id(node) for function in functions for node in ast.walk(function)}
    top = [node for node in source.tree.body if id(node) not in inside]
    found = []
    for part in [*functions, *top]:
        if "shard" not in ast.unparse(part) and any(map(_asks_orders, ast.walk(part))):
            found.append(f"{source.path}:{getattr(part, 'name', part.lineno)}")
    return found


def _asks_orders(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return bool(_SHARDED_SQL.search(text))
        case ast.Call(func=func, args=args) if name_of(func) in {"select", "update", "delete"}:
            names = {name_of(arg).partition(".")[0] for arg in args}
            return bool(names & _SHARDED_ROWS)
    return False
