"""The pages of the docs portal."""

import asyncio
import json
import re

import orjson
import pytest

from gateway import asyncapi
from shared.kit.events import EVENTS
from tests.conventions.tree import SERVICES
from tests.gateway.conftest import OpenDoor
from tests.gateway.toys import Door, Heard, answer, code_of

OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "toy", "version": "1"},
    "paths": {
        "/orders/{order_id}": {"get": {}},
        "/staff/order/offerings": {"put": {}},
        "/internal/orders/{order_id}/payable": {"get": {}},
        "/.well-known/jwks.json": {"get": {}},
    },
}


@pytest.fixture
async def portal(door: Door) -> Door:
    """A gateway whose services describe themselves."""

    async def behave(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await answer(writer, json.dumps(OPENAPI).encode())

    door.toy.behave = behave
    return door


async def test_a_services_document_shows_what_can_be_reached_from_outside(portal: Door) -> None:
    at = f"http://127.0.0.1:{portal.port}/docs/openapi/order.json"
    for _ in range(3):
        async with portal.http.get(at) as got:
            document = await got.json()
    assert document["servers"] == [{"url": "/api/v1"}]
    assert sorted(document["paths"]) == [
        "/.well-known/jwks.json", "/orders/{order_id}", "/staff/order/offerings",
    ]  # fmt: skip
    assert document["paths"]["/.well-known/jwks.json"]["servers"] == [{"url": "/"}]
    assert len(portal.toy.heard) == 1  # Kept for ten seconds.


async def test_every_page_is_there_and_loads_nothing_from_outside(portal: Door) -> None:
    at = f"http://127.0.0.1:{portal.port}"
    seen, todo = set(), ["/docs", "/"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        async with portal.http.get(at + path) as got:
            assert got.status == 200, path
            assert "default-src 'self'" in got.headers["content-security-policy"]
            body = await got.read()
        if got.content_type == "text/html":
            links = re.findall(r'(?:href|src|url:)\s*=?\s*"([^"]+)"', body.decode())
            assert all(link.startswith("/") and not link.startswith("//") for link in links)
            todo += links
    assert {f"/docs/{name}" for name in SERVICES} < seen
    assert {"/docs/asyncapi.json", "/docs/assets/swagger-ui-bundle.js"} < seen


@pytest.mark.parametrize(
    "path", ["/docs/nobody", "/docs/openapi/nobody.json", "/docs/openapi/order", "/docs/assets/x",
             "/docs/assets/../__init__.py", "/docsx"],
)  # fmt: skip
async def test_other_pages_are_not_there(portal: Door, path: str) -> None:
    said = await portal.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 404 ")


async def test_a_service_that_is_down_is_said_so(open_door: OpenDoor) -> None:
    door = await open_door(order_url="http://127.0.0.1:1")
    async with door.http.get(f"http://127.0.0.1:{door.port}/docs/openapi/order.json") as got:
        assert (got.status, code_of(await got.json())) == (503, "service-unreachable")


def test_the_asyncapi_document_tells_every_event_of_every_service() -> None:
    document = asyncapi.document()
    told = {
        type for type, event in EVENTS.items() if event.__module__.startswith("shared.contracts.")
    }
    assert set(document["components"]["messages"]) == told
    assert set(SERVICES) <= set(document["channels"])
    assert document["channels"]["order"]["address"] == "jajaya.order"
    for topic, channel in document["channels"].items():
        assert document["operations"][f"tell.{topic}"]["channel"] == {"$ref": f"#/channels/{topic}"}
        assert channel["messages"]


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.document()
    refs = re.findall(r'"\$ref":"#/([^"]+)"', orjson.dumps(document).decode())
    assert refs
    for ref in set(refs):
        place = document
        for step in ref.split("/"):
            place = place[step.replace("~1", "/")]


def test_no_two_shapes_share_a_name() -> None:
    asyncapi.document()
    shapes: dict[str, object] = {}
    for event in EVENTS.values():
        if event.__module__.startswith("shared.contracts."):
            for name, shape in event.model_json_schema().get("$defs", {}).items():
                assert shapes.setdefault(name, shape) == shape, name
