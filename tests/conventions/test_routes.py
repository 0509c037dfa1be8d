"""Every route has a caller or is public by name; every POST that matters is idempotent."""

import importlib
import typing
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.kit import web
from tests.conventions.tree import SERVICES, name_of, sources

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


def routes(service: str) -> Iterator[APIRoute]:
    """Every route of a service's ``api`` folder."""
    for source in sources(f"services/{service}/api"):
        module = importlib.import_module(source.module)
        for value in vars(module).values():
            if isinstance(value, APIRouter) and value.routes:
                yield from (route for route in value.routes if isinstance(route, APIRoute))


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


def cases() -> list[tuple[str, APIRoute]]:
    return [(service, route) for service in SERVICES for route in routes(service)]


def test_there_are_routes() -> None:
    assert len(cases()) > 60


def test_every_route_has_a_caller_or_is_public() -> None:
    loose = set()
    for service, route in cases():
        needed = {web.INSIDE} if is_internal(route) else CALLERS
        for method in methods_of(route):
            if needed.isdisjoint(calls_of(route.dependant)):
                loose.add((service, method, route.path))
    assert loose - PUBLIC == set()


def test_nothing_is_called_public_that_is_not() -> None:
    there = {(s, method, route.path) for s, route in cases() for method in methods_of(route)}
    assert PUBLIC - there - {("order", "GET", "/catalog/offerings/{offering_id}/reviews")} == set()


def test_staff_routes_are_for_staff() -> None:
    """A route under /staff/<service> asks for the role, and nothing else does."""
    wrong = []
    for service, route in cases():
        asks = web.STAFF in calls_of(route.dependant)
        if asks != route.path.startswith(f"/staff/{service}/"):
            wrong.append(f"{service} {route.path}")
    assert wrong == []


def test_every_post_that_matters_is_idempotent() -> None:
    loose = [
        f"{service} {route.path}"
        for service, route in cases()
        if "POST" in methods_of(route)
        and not is_internal(route)
        and not route.path.startswith(("/auth/", "/payments/notify/"))
        and (service, route.path) not in EXEMPT
        and web._once not in calls_of(route.dependant)
    ]
    assert loose == []


def test_only_methods_that_a_mini_program_can_send() -> None:
    methods = {method for _, route in cases() for method in methods_of(route)}
    assert methods <= {"GET", "POST", "PUT", "DELETE"}


def test_every_list_is_paged_by_key() -> None:
    """A view with ``items`` is asked for with ``cursor`` and a ``limit`` of 100 at most."""
    wrong = []
    for service, route in cases():
        view = route.response_model
        if not (isinstance(view, type) and issubclass(view, BaseModel)):
            continue
        if "items" not in view.model_fields or "GET" not in methods_of(route):
            continue
        asked = {param.name: param for param in route.dependant.query_params}
        if "cursor" not in asked or "limit" not in asked:
            wrong.append(f"{service} {route.path}")
            continue
        most = [getattr(rule, "le", None) for rule in asked["limit"].field_info.metadata]
        if not any(limit is not None and limit <= 100 for limit in most):
            wrong.append(f"{service} {route.path}: no limit")
    assert wrong == []


def test_no_route_answers_with_a_bare_list() -> None:
    bare = [
        f"{service} {route.path}"
        for service, route in cases()
        if typing.get_origin(route.response_model) is list
    ]
    assert bare == []


def test_every_route_says_what_it_does_and_may_refuse() -> None:
    silent = []
    for service, route in cases():
        if not (route.description or "").strip():
            silent.append(f"{service} {route.path}: no docstring")
    assert silent == []


@pytest.mark.parametrize("service", SERVICES)
def test_services_call_only_whom_architecture_lets_them(service: str) -> None:
    called = set()
    for source in sources(f"services/{service}"):
        for name, call in source.calls():
            if name == "peer" and call.args:
                called.add(getattr(call.args[0], "value", name_of(call.args[0])))
    assert called <= CALLS[service]
