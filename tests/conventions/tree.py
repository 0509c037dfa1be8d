"""The tree that the conventions speak about, read as text and as syntax."""

import ast
import functools
import importlib
import pathlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.routing import APIRoute

ROOT = pathlib.Path(__file__).parents[2]
WAYS_OUT = frozenset({"Peer", "AsyncClient", "ClientSession", "Outside"})
SERVICES = ("user", "order", "worker", "dispatch", "payment", "promotion")


@dataclass(frozen=True)
class Source:
    """One file of code: its path from the root, its text, its syntax."""

    path: str
    text: str

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))

    @property
    def stem(self) -> str:
        return self.parts[-1].removesuffix(".py")

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                yield node

    def full_calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Each call with the whole name of what is called, whatever it was imported as."""
        known: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                inside = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                known |= {one.asname: inside + one.name for one in node.names if one.asname}
                known |= {one.name: inside + one.name for one in node.names if inside}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                first, dot, rest = name_of(node.func).partition(".")
                yield known.get(first, first) + dot + rest, node

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Each call with the last name of what is called: ``tx.publish(...)`` is ``publish``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield name_of(node.func).rpartition(".")[2], node


def name_of(node: ast.AST) -> str:
    """A dotted name as written: ``datetime.now``; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{name_of(value)}.{attr}"
        case ast.Subscript(value=value):
            return name_of(value)
    return ""


@functools.cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Every Python file below these folders."""
    files = sorted(path for top in tops for path in (ROOT / top).rglob("*.py"))
    return tuple(
        Source(str(path.relative_to(ROOT)), path.read_text())
        for path in files
        if "__pycache__" not in path.parts
    )


def code() -> tuple[Source, ...]:
    """What runs in production."""
    return sources("services", "gateway", "shared")


def use_cases() -> list[Source]:
    return [s for s in sources("services") if "use_cases" in s.parts and s.stem != "__init__"]


@functools.cache
def ports() -> frozenset[str]:
    """The ways out of a service: protocols of its domain that are waited for."""
    return frozenset(
        node.name
        for source in sources("services")
        if source.parts[-2:] == ("domain", "ports.py")
        for node in source.classes()
        if any(isinstance(item, ast.AsyncFunctionDef) for item in node.body)
    )


@functools.cache
def event_types() -> dict[str, str]:
    """The type of each event that the contracts declare, by the name of its class."""
    return {
        node.name: item.value.value
        for source in sources("shared/contracts")
        for node in source.classes()
        for item in node.body
        if isinstance(item, ast.AnnAssign) and name_of(item.target) == "type"
        if isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
    }


@functools.cache
def tracked() -> tuple[str, ...]:
    """Every file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def routes(service: str) -> Iterator[APIRoute]:
    """Every route of a service's ``api`` folder."""
    for source in sources(f"services/{service}/api"):
        module = importlib.import_module(source.module)
        for value in vars(module).values():
            if isinstance(value, APIRouter) and value.routes:
                yield from (route for route in value.routes if isinstance(route, APIRoute))
