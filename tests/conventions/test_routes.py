"""Every route has a caller or is public by name; every POST that matters is idempotent."""

import importlib
import json
import types
import typing
from collections.abc import Sequence

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.kit import web
from tests.contracts.shapes import shape_of
from tests.conventions.tree import ROOT, SERVICES, name_of, routes, sources

GOLDEN = ROOT / "tests/contracts/openapi"
PUBLIC = {
    ("user", "POST", "/auth/otp"),
    ("user", "POST", "/auth/login/phone"),
    ("user", "POST", "/auth/login/wechat"),
    ("user", "POST", "/auth/refresh"),
    ("user", "POST", "/auth/logout"),
    ("user", "GET", "/.well-known/jwks.json"),
    ("order", "GET", "/catalog/categories"),
    ("order", "GET", "/catalog/offerings"),
    ("order", "GET", "/catalog/offerings/{offering_id}"),
    ("order", "GET", "/catalog/offerings/{offering_id}/reviews"),
    ("order", "GET", "/orders/state-machine"),
    ("payment", "POST", "/payments/notify/wechat"),
    ("worker", "GET", "/workers/{worker_id}"),
}
# Architecture 5.3: what may be told twice by its nature.
EXEMPT = {
    ("dispatch", "/workers/me/positions"),
    ("user", "/me/messages/{message_id}/read"),
    ("user", "/me/messages/read-all"),
    ("order", "/price-quotes"),
    ("order", "/staff/order/price-quotes"),
}
# Lists that end by themselves: what one thing is made of, or a table of the platform's own.
BOUNDED = {
    # Of one account: its roles; the keys in rotation.
    "ProfileView.roles", "JwksView.keys",
    # Of the catalogue, as staff write it; a price version an edit.
    "CategoryList.categories", "OfferingDetail.checklist", "OfferingDetail.districts",
    "OfferingDetail.extras", "OfferingDetail.stops", "OfferingDetail.surcharges",
    "StaffOffering.prices", "PackView.campaigns",
    # Of one order: what its quote, its crew, its moves and its photos (PHOTOS_EVER_MAX) allow.
    "EvidenceList.photos", "EvidenceList.comparisons", "OrderPlaced.crew", "OrderPlaced.discounts",
    "OrderPlaced.visits", "JobDetail.allowed_moves", "JobDetail.checklist", "JobDetail.crew",
    "JobDetail.stops", "OrderDetail.allowed_moves", "OrderDetail.discounts", "OrderDetail.lines",
    "OrderDetail.visits", "StopLinesList.stops", "Timeline.entries", "StaffTimeline.entries",
    "StateMachineView.moves", "StateMachineView.states",
    # Of one worker: what the form allows, and the latest 50 decisions.
    "OnboardingView.steps", "ProfileView.skills", "ScheduleView.shifts", "AreaView.districts",
    "WholeFileView.decisions", "WholeFileView.districts", "WholeFileView.equipment",
    "WholeFileView.equipment_asked", "WholeFileView.skills",
    # Of one order's money, of the groups of accounts, and the first COMING_SHOWN_MAX.
    "OrderMoneyView.attempts", "OrderMoneyView.ledger", "OrderMoneyView.refunds",
    "TrialBalance.lines", "WalletView.available", "WalletView.coming", "WalletView.coming_total",
}  # fmt: skip
CALLERS = {web.USER, web.WORKER, web.STAFF, web.ANY_ACCOUNT}
# Architecture 3: all calls between services there are.
CALLS = {
    "user": set(),
    "order": {"user", "promotion", "worker", "dispatch"},
    "worker": set(),
    "dispatch": {"worker", "order"},
    "payment": {"order"},
    "promotion": set(),
}


Cases = list[tuple[str, APIRoute]]


def calls_of(dependant: Dependant) -> set[object]:
    """Every dependency function below a route."""
    found: set[object] = {dependant.call}
    for inner in dependant.dependencies:
        found |= calls_of(inner)
    return found


def methods_of(route: APIRoute) -> set[str]:
    return route.methods or set()


def is_internal(route: APIRoute) -> bool:
    return route.path.startswith("/internal/")


def cases() -> Cases:
    return [(service, route) for service in SERVICES for route in routes(service)]


@pytest.mark.parametrize("service", SERVICES)
def test_what_routes_take_and_answer_is_golden(service: str) -> None:
    """Clients are built on it: `python -m tests.contracts` writes it anew; is it additive?"""
    golden = json.loads((GOLDEN / f"{service}.json").read_text())
    assert shape_of(service, routes(service)) == golden


def test_there_are_routes() -> None:
    assert len(cases()) > 60


def without_caller(cases: Cases) -> set[tuple[str, str, str]]:
    loose = set()
    for service, route in cases:
        needed = {web.INSIDE} if is_internal(route) else CALLERS
        for method in methods_of(route):
            if needed.isdisjoint(calls_of(route.dependant)):
                loose.add((service, method, route.path))
    return loose


def test_every_route_has_a_caller_or_is_public() -> None:
    assert without_caller(cases()) - PUBLIC == set()


def test_nothing_is_called_public_that_is_not() -> None:
    there = {(s, method, route.path) for s, route in cases() for method in methods_of(route)}
    assert PUBLIC - there == set()


def not_for_staff(cases: Cases) -> list[str]:
    wrong = []
    for service, route in cases:
        asks = web.STAFF in calls_of(route.dependant)
        if asks != route.path.startswith(f"/staff/{service}/"):
            wrong.append(f"{service} {route.path}")
    return wrong


def test_staff_routes_are_for_staff() -> None:
    """A route under /staff/<service> asks for the role, and nothing else does."""
    assert not_for_staff(cases()) == []


def not_idempotent(cases: Cases) -> list[str]:
    return [
        f"{service} {route.path}"
        for service, route in cases
        if "POST" in methods_of(route)
        and not is_internal(route)
        and not route.path.startswith(("/auth/", "/payments/notify/"))
        and (service, route.path) not in EXEMPT
        and web._once not in calls_of(route.dependant)
    ]


def test_every_post_that_matters_is_idempotent() -> None:
    assert not_idempotent(cases()) == []


def test_only_methods_that_a_mini_program_can_send() -> None:
    methods = {method for _, route in cases() for method in methods_of(route)}
    assert methods <= {"GET", "POST", "PUT", "DELETE"}


def lists_of(route: APIRoute) -> set[str]:
    """The lists of what a GET answers with, as ``View.field``."""
    view = route.response_model
    if "GET" not in methods_of(route) or not isinstance(view, type):
        return set()
    if not issubclass(view, BaseModel):
        return set()
    fields = view.model_fields.items()
    return {f"{view.__name__}.{name}" for name, field in fields if _is_list(field.annotation)}


def _is_list(annotation: object) -> bool:
    """A list or another sequence, alone or as one of several kinds."""
    if typing.get_origin(annotation) in {list, tuple, set, frozenset, Sequence}:
        return True
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return any(_is_list(one) for one in typing.get_args(annotation))
    return False


def unpaged(cases: Cases) -> list[str]:
    """Lists that may grow, and are not asked for by ``cursor`` and a ``limit`` of 100 at most."""
    wrong = []
    for service, route in cases:
        growing = sorted(lists_of(route) - BOUNDED)
        if not growing:
            continue
        asked = {param.name: param for param in route.dependant.query_params}
        if "cursor" not in asked or "limit" not in asked:
            wrong.append(f"{service} {route.path}: {growing}")
            continue
        most = [getattr(rule, "le", None) for rule in asked["limit"].field_info.metadata]
        if not any(limit is not None and limit <= 100 for limit in most):
            wrong.append(f"{service} {route.path}: no limit")
    return wrong


def test_every_list_is_paged_by_key() -> None:
    assert unpaged(cases()) == []


def test_every_list_called_bounded_is_there() -> None:
    assert BOUNDED - set[str]().union(*(lists_of(route) for _, route in cases())) == set()


def bare_lists(cases: Cases) -> list[str]:
    return [f"{service} {route.path}" for service, route in cases if _is_list(route.response_model)]


def test_no_route_answers_with_a_bare_list() -> None:
    assert bare_lists(cases()) == []


def silent(cases: Cases) -> list[str]:
    return [
        f"{service} {route.path}"
        for service, route in cases
        if not (route.description or "").strip()
    ]


def test_every_route_says_what_it_does() -> None:
    assert silent(cases()) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_hears_just_those_who_may_call_it(service: str) -> None:
    settings = importlib.import_module(f"services.{service}.settings").Settings
    assert settings.callers == {caller for caller, called in CALLS.items() if service in called}


@pytest.mark.parametrize("service", SERVICES)
def test_services_call_only_whom_architecture_lets_them(service: str) -> None:
    called = set()
    for source in sources(f"services/{service}"):
        for name, call in source.calls():
            if name == "peer" and call.args:
                called.add(getattr(call.args[0], "value", name_of(call.args[0])))
    assert called <= CALLS[service]
