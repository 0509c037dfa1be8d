"""What is told: declared once, listened to, free of personal data, only ever added to."""

import importlib
import json
import re
from collections.abc import Mapping

from pydantic import BaseModel

from shared.kit.errors import Problem, Refused
from shared.kit.events import EVENTS, Event
from shared.kit.inbox import handlers_of
from shared.kit.states import Move
from tests.conventions import borders
from tests.conventions.tree import ROOT, SERVICES, sources

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


def misnamed(events: Mapping[str, type[Event]]) -> list[str]:
    return [
        f"{event.__module__}.{event.__name__}: {type}"
        for type, event in events.items()
        if not re.fullmatch(r"[a-z]+\.[a-z_]+\.v\d+", type)
        or event.__module__ != f"shared.contracts.{event.publisher()}"
    ]


def test_events_are_named_by_their_publisher() -> None:
    assert misnamed(contracts()) == []


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


def personal_fields(events: Mapping[str, type[Event]]) -> list[str]:
    return [
        f"{type}.{field}"
        for type, event in events.items()
        for field in _fields(event, set())
        if PERSONAL.search(field)
    ]


def test_no_event_carries_personal_fields() -> None:
    assert personal_fields(contracts()) == []


def changed(events: Mapping[str, type[Event]]) -> list[str]:
    wrong = []
    for type, event in events.items():
        golden = GOLDEN / "events" / f"{type}.json"
        now = event.model_json_schema()
        if not golden.exists() or json.loads(golden.read_text()) != now:
            wrong.append(f"{type}: `python -m tests.contracts` writes it; is it additive?")
    return wrong


def test_no_contract_has_lost_or_narrowed_a_field() -> None:
    """The golden schema of each event is what is told now; a break needs a ``v2`` beside it."""
    there = {path.stem for path in (GOLDEN / "events").glob("*.json")}
    assert changed(contracts()) == []
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


def test_every_state_table_is_tested_exhaustively() -> None:
    """Each ``Move`` table stands in a test that goes through moves, states and roles."""
    tests = "\n".join(source.text for source in sources("tests/services"))
    load()
    tables = [
        kind.__name__ for kind in Move.__subclasses__() if kind.__module__.startswith("services.")
    ]
    assert len(tables) >= 8
    assert [name for name in tables if not re.search(rf"product\(\s*{name}\b", tests)] == []


# Locks whose proof is no test of their own name, but one that goes through them.
RACED_ELSEWHERE = {
    ("order", "quote_to_order"): (
        "tests/services/order/api/test_orders.py",
        "test_ten_rivals_place_one_order_by_one_quote",
    ),
    ("payment", "lock_payable"): (
        "tests/services/payment/use_cases/test_request_refund.py",
        "test_a_refund_and_an_assignment_at_once_keep_both",
    ),
    ("promotion", "note_paid"): (
        "tests/services/promotion/use_cases/test_redeem_benefits.py",
        "test_paid_and_refunded_at_once_end_returned",
    ),
    ("worker", "worker_for_booking"): (
        "tests/services/worker/use_cases/test_take_time_off.py",
        "test_of_a_booking_and_a_day_off_at_once_one_wins",
    ),
}


def test_every_lock_has_a_race_test() -> None:
    """A fetch that locks is named by its service's test that is marked as its race."""
    raced = {
        (source.parts[2] if source.parts[1] == "services" else service, name)
        for source in sources("tests/services", "tests/races")
        for name in re.findall(r'race\(\s*"([a-z_]+)"', source.text)
        for service in SERVICES
    }
    held = {
        (source.parts[1], name) for source in sources("services") for name in borders.locks(source)
    }
    assert len(held) > 30
    assert held - raced == set(RACED_ELSEWHERE)
    for file, test in RACED_ELSEWHERE.values():
        assert f"async def {test}(" in (ROOT / file).read_text()


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
