"""Routes, events and folders that break a convention are found; those that keep it are not."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from fastapi import APIRouter, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.kit.events import EVENTS, Event
from shared.kit.web import OnceDep, ReadDep, StaffCaller, UserCaller
from tests.conventions import test_events as events
from tests.conventions import test_layout as layout
from tests.conventions import test_routes as rules
from tests.conventions.tree import Source

Found = Callable[[rules.Cases], object]
Limit = Annotated[int, Query(le=100)]
broken, kept = APIRouter(), APIRouter()


class Thing(BaseModel):
    """One of many."""

    name: str


class Things(BaseModel):
    """Many, under whatever name."""

    things: list[Thing] | None


@broken.get("/things")
async def get_things(limit: Limit = 20) -> Things:
    raise NotImplementedError


@broken.get("/things/most")
async def get_most_things(
    begin: ReadDep, cursor: str = "", limit: Annotated[int, Query(le=1_000)] = 20
) -> Things:
    raise NotImplementedError


@broken.get("/things/bare")
async def get_bare_things() -> list[Thing]:
    raise NotImplementedError


@broken.post("/things")
async def post_thing(caller: UserCaller) -> Thing:
    raise NotImplementedError


@broken.post("/internal/things")
async def post_thing_inside(caller: UserCaller) -> Thing:
    raise NotImplementedError


@broken.get("/staff/order/things")
async def get_things_of_staff(caller: UserCaller) -> Thing:
    raise NotImplementedError


@broken.get("/things/all")
async def get_everything(caller: StaffCaller) -> Thing:
    raise NotImplementedError


@kept.get("/things")
async def get_page(caller: UserCaller, cursor: str = "", limit: Limit = 20) -> Things:
    """Things of yours."""
    raise NotImplementedError


@kept.post("/things")
async def post_once(caller: UserCaller, once: OnceDep) -> Thing:
    """Make a thing."""
    raise NotImplementedError


@kept.get("/staff/order/things")
async def get_page_of_staff(caller: StaffCaller) -> Thing:
    """A thing of anybody's."""
    raise NotImplementedError


RED: dict[Found, set[str]] = {
    rules.without_caller: {
        "/things", "/things/most", "/things/bare", "/internal/things",
    },
    rules.not_for_staff: {"/staff/order/things", "/things/all"},
    rules.not_idempotent: {"/things"},
    rules.unpaged: {"/things", "/things/most"},
    rules.bare_lists: {"/things/bare"},
    rules.silent: {
        "/things", "/things/most", "/things/bare", "/internal/things",
        "/staff/order/things", "/things/all",
    },
}  # fmt: skip


def _cases(router: APIRouter) -> rules.Cases:
    return [("order", route) for route in router.routes if isinstance(route, APIRoute)]


@pytest.mark.parametrize("find", RED, ids=lambda find: find.__name__)
def test_a_route_that_breaks_it_is_found(find: Found) -> None:
    found = find(_cases(broken))
    assert isinstance(found, list | set)
    texts = {one[-1] if isinstance(one, tuple) else one for one in found}
    paths = {text.removeprefix("order ").partition(":")[0] for text in texts}
    assert paths == RED[find]


@pytest.mark.parametrize("find", RED, ids=lambda find: find.__name__)
def test_routes_that_keep_it_are_not(find: Found) -> None:
    assert not find(_cases(kept))


class Person(BaseModel):
    """Whom it is about."""

    phone: str


class Greeted(Event):
    """Told by somebody who should not."""

    type: ClassVar[str] = "order.greeted.v1"
    people: list[Person]


del EVENTS[Greeted.type]  # It is told to nobody.


def test_an_event_that_breaks_it_is_found() -> None:
    told: dict[str, type[Event]] = {Greeted.type: Greeted}
    assert events.personal_fields(told) == ["order.greeted.v1.phone"]
    assert len(events.misnamed(told)) == 1
    assert len(events.changed(told)) == 1


def test_an_event_whose_schema_changed_is_found() -> None:
    [(type, event), *_] = events.contracts().items()
    grown = type_with_one_more_field(event)
    assert events.changed({type: event}) == []
    assert events.changed({type: grown}) != []


def type_with_one_more_field(event: type[Event]) -> type[Event]:
    """The same event, of which somebody wants to tell more."""
    return type(event.__name__, (event,), {"__annotations__": {"more": int}})


def test_a_service_without_its_files_or_words_is_found(tmp_path: Path) -> None:
    assert layout.missing_files(tmp_path) == list(layout.SAME)
    assert layout.missing_parts("# user\n## Owns\n") == list(layout.README_PARTS[1:])


def test_code_without_its_test_is_found() -> None:
    untested = Source("services/order/use_cases/not_there.py", "")
    ports = Source("services/order/domain/ports.py", "")
    assert layout.unmirrored([untested, ports]) == [
        "tests/services/order/use_cases/test_not_there.py"
    ]


def test_a_machine_a_registry_and_a_library_too_many_are_found() -> None:
    machine, registry = "/" + "work/main", "pypi" + ".org"
    assert layout.machines_in(f"cd {machine}; pip install -i https://{registry}/simple") != []
    assert len(layout.machines_in(f"{machine} {registry}")) == 2
    assert layout.unused("orjson==3\nhttpx==1", {}, "import orjson\n") == ["httpx"]
