"""What is told: declared once, listened to, free of personal data, only ever added to."""

import importlib
import inspect
import json
import re

import pytest
from pydantic import BaseModel

from shared.kit.errors import Problem, Refused
from shared.kit.events import EVENTS, Event
from shared.kit.inbox import handlers_of
from shared.kit.states import Move
from tests.conventions.tree import ROOT, SERVICES, name_of, sources, use_cases

GOLDEN = ROOT / "tests" / "contracts"
# Told for people, reports or parts of the platform that stand outside the fleet.
EXTERNAL = {
    "user.role_granted.v1", "user.address_changed.v1", "worker.applied.v1",
    "worker.suspended.v1", "worker.credit_changed.v1", "dispatch.offered.v1",
    "promotion.locked.v1", "promotion.redeemed.v1", "promotion.released.v1",
    "promotion.returned.v1", "payment.late_captured.v1", "payment.refund_failed.v1",
}  # fmt: skip
PERSONAL = re.compile(
    r"phone|hkid|passport|plate|card|bank_account|lines|flat|building|street|legal_name|text|chat"
)


def load() -> None:
    for service in SERVICES:
        importlib.import_module(f"shared.contracts.{service}")
        importlib.import_module(f"services.{service}.events.handlers")


def contracts() -> dict[str, type[Event]]:
    load()
    return {type: event for type, event in EVENTS.items() if event.publisher() in SERVICES}


def test_events_are_named_by_their_publisher() -> None:
    wrong = [
        f"{event.__module__}.{event.__name__}: {type}"
        for type, event in contracts().items()
        if not re.fullmatch(r"[a-z]+\.[a-z_]+\.v\d+", type)
        or event.__module__ != f"shared.contracts.{event.publisher()}"
    ]
    assert wrong == []


def test_every_event_is_told_by_its_publisher() -> None:
    untold = []
    for type, event in contracts().items():
        text = "\n".join(source.text for source in sources(f"services/{event.publisher()}"))
        if not re.search(rf"\b{event.__name__}\(", text):
            untold.append(type)
    assert untold == []


def test_every_event_is_listened_to_or_listed_as_external() -> None:
    load()
    heard = {type for service in SERVICES for type in handlers_of(service)}
    assert set(contracts()) - heard - EXTERNAL == set()
    assert EXTERNAL - set(contracts()) == set()


def _fields(model: type[BaseModel], seen: set[type]) -> list[str]:
    seen.add(model)
    names = list(model.model_fields)
    for field in model.model_fields.values():
        for kind in _models(field.annotation):
            if kind not in seen:
                names += _fields(kind, seen)
    return names


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for inner in getattr(annotation, "__args__", ()) for kind in _models(inner)]


def test_no_event_carries_personal_fields() -> None:
    found = [
        f"{type}.{field}"
        for type, event in contracts().items()
        for field in _fields(event, set())
        if PERSONAL.search(field)
    ]
    assert found == []


def test_no_contract_has_lost_or_narrowed_a_field() -> None:
    """The golden schema of each event is what is told now; a break needs a ``v2`` beside it."""
    wrong = []
    for type, event in contracts().items():
        golden = GOLDEN / "events" / f"{type}.json"
        now = event.model_json_schema()
        if not golden.exists() or json.loads(golden.read_text()) != now:
            wrong.append(f"{type}: `python -m tests.contracts` writes it; is it additive?")
    there = {path.stem for path in (GOLDEN / "events").glob("*.json")}
    assert wrong == []
    assert there == set(contracts())


def _all_problems(kind: type[Problem]) -> set[type[Problem]]:
    return {kind}.union(*(_all_problems(inner) for inner in kind.__subclasses__()))


def test_problem_codes_are_unique_and_golden() -> None:
    for source in sources("services", "shared", "gateway"):
        if source.stem != "__main__" and "migrations" not in source.parts:
            importlib.import_module(source.module)
    mine = [
        kind
        for kind in _all_problems(Problem) - {Problem, Refused}
        if kind.__module__.startswith(("services.", "shared.", "gateway"))
    ]
    by_code: dict[str, set[tuple[int, str]]] = {}
    for kind in mine:
        by_code.setdefault(kind.code(), set()).add((kind.status, kind.title()))
    told_differently = {code for code, told in by_code.items() if len(told) > 1}
    lines = sorted(f"{code} {s} {title}" for code, told in by_code.items() for s, title in told)
    golden = (GOLDEN / "problems.txt").read_text().splitlines()

    assert told_differently == set()
    assert lines == golden


@pytest.mark.parametrize("source", use_cases(), ids=lambda source: source.path)
def test_a_use_case_says_just_what_it_tells(source: object) -> None:
    assert not isinstance(source, str)
    module = importlib.import_module(source.module)  # type: ignore[attr-defined]
    published = {
        getattr(module, name_of(call.args[0].func)).type
        for name, call in source.calls()  # type: ignore[attr-defined]
        if name == "publish" and call.args and hasattr(call.args[0], "func")
        if hasattr(getattr(module, name_of(call.args[0].func), None), "type")
    }
    function = getattr(module, source.stem)  # type: ignore[attr-defined]
    said = set(re.findall(r"\b[a-z]+\.[a-z_]+\.v\d+\b", inspect.getdoc(function) or ""))
    assert published <= said
    assert said <= set(contracts())


def test_every_state_table_is_tested_exhaustively() -> None:
    """Each ``Move`` table stands in a test that goes through moves, states and roles."""
    tests = "\n".join(source.text for source in sources("tests/services"))
    load()
    tables = [
        kind.__name__ for kind in Move.__subclasses__() if kind.__module__.startswith("services.")
    ]
    assert len(tables) >= 8
    assert [name for name in tables if not re.search(rf"product\(\s*{name}\b", tests)] == []


def test_every_lock_has_a_race_test() -> None:
    """A fetch ``for_update`` is named by a test that is marked as its race."""
    tests = "\n".join(source.text for source in sources("tests/services", "tests/races"))
    raced = set(re.findall(r'race\(\s*"([a-z_]+)"', tests))
    locks = {
        function.name
        for source in sources("services")
        for function in source.functions()
        if function.name.endswith("_for_update")
    }
    assert locks - raced == set()


def test_every_handler_is_told_everything_twice() -> None:
    missing = []
    load()
    for service in SERVICES:
        folder = sources(f"tests/services/{service}/events")
        text = "\n".join(source.text for source in folder if "tell_twice" in source.text)
        for handlers in handlers_of(service).values():
            missing += [
                f"{service}: {handler.event.__name__}"
                for handler in handlers
                if not re.search(rf"\b{handler.event.__name__}\b", text)
            ]
    assert sorted(set(missing)) == []
