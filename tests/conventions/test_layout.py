"""The same file names in all six services, and tests that mirror them."""

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conventions.tree import ROOT, SERVICES, Source, sources, tracked

SAME = (
    "__init__.py", "__main__.py", "app.py", "settings.py", "README.md", "domain/__init__.py",
    "storage/__init__.py", "storage/migrations/__init__.py", "use_cases/__init__.py",
    "clients/__init__.py", "api/__init__.py", "events/__init__.py", "events/handlers.py",
    "events/timers.py",
)  # fmt: skip
MIRRORED = ("domain", "use_cases", "api", "events")
# Tables of words, declared shapes, and ports have nothing to run by themselves.
NOT_MIRRORED = {"__init__", "ports", "timers"}
README_PARTS = ("Owns", "Never", "States", "Tells", "Listens", "Runbook")
MACHINE = re.compile(
    r"(/w[o]rk/|/t[m]p/|/r[o]ot/)[A-Za-z0-9._-]|p[y]pi\.or[g]|python[h]osted|registry\.n[p]mjs"
    r"|repo[0-9]*\.m[a]ven|deb\.d[e]bian"
)


def missing_files(folder: Path) -> list[str]:
    return [name for name in SAME if not (folder / name).exists()]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_files(service: str) -> None:
    assert missing_files(ROOT / "services" / service) == []


def missing_parts(readme: str) -> list[str]:
    return [part for part in README_PARTS if not re.search(rf"^#+ .*{part}", readme, re.M | re.I)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_explains_itself_on_one_page(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    assert missing_parts(text) == []
    assert text.count("\n") <= 120


def unmirrored(files: Sequence[Source]) -> list[str]:
    missing = []
    for source in files:
        layer = source.parts[2]
        if layer not in MIRRORED or source.stem in NOT_MIRRORED or len(source.parts) != 4:
            continue
        test = ROOT / "tests" / "/".join(source.parts[:-1]) / f"test_{source.stem}.py"
        if not test.exists():
            missing.append(str(test.relative_to(ROOT)))
    return missing


@pytest.mark.parametrize("service", SERVICES)
def test_tests_mirror_the_code(service: str) -> None:
    assert unmirrored(sources(f"services/{service}")) == []


def machines_in(text: str) -> list[str]:
    return [match.group() for match in MACHINE.finditer(text)]


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    mine = "tests/conventions/test_layout.py"
    found = []
    for name in tracked():
        if name == mine or name.endswith((".lock", ".png")):
            continue
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        found += [f"{name}: {machine}" for machine in machines_in(text)]
    assert found == []


def test_no_tracked_file_is_large() -> None:
    assert [name for name in tracked() if (ROOT / name).stat().st_size > 500_000] == []


def test_every_runtime_library_is_used() -> None:
    """A library stands in the lock when it is used, not before."""
    called = {
        "uvicorn[standard]": "uvicorn", "sqlalchemy[asyncio]": "sqlalchemy", "pillow": "PIL",
        "python-multipart": "", "python-stdnum": "stdnum", "uuid-utils": "uuid_utils",
        "prometheus-client": "prometheus_client", "pydantic-settings": "pydantic_settings",
        "fastapi-offline": "fastapi_offline",
    }  # fmt: skip
    text = "\n".join(source.text for source in sources("services", "gateway", "shared"))
    assert unused((ROOT / "requirements/runtime.in").read_text(), called, text) == []


def unused(libraries: str, called: Mapping[str, str], text: str) -> list[str]:
    found = []
    for line in libraries.splitlines():
        library = line.partition("==")[0]
        module = called.get(library, library.replace("-", "_"))
        if module and not re.search(rf"^\s*(from|import) {module}\b", text, re.M):
            found.append(library)
    return found


def test_what_make_runs_without_the_tests_needs_only_what_it_installs() -> None:
    """`make journey` and `make invariants` work where only `make up` has been typed."""
    locks = "".join(
        (ROOT / f"requirements/{lock}.txt").read_text() for lock in ("runtime", "local")
    )
    installed = {
        name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", locks, re.M)
    }
    homes = packages_distributions()
    missing = [
        f"{source.path}: {module}"
        for source in sources("tests/journeys", "tests/invariants", "deploy")
        if not source.stem.startswith("test_")
        for module in re.findall(r"^\s*(?:from|import) (\w+)", source.text, re.M)
        if module in homes
        if not {home.lower().replace("_", "-") for home in homes[module]} & installed
    ]
    assert missing == []
