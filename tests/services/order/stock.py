"""The catalogue of the demo data, put into a running order service by its staff routes."""

from copy import deepcopy
from typing import Any

import httpx

from deploy.demo.load import Put, categories, offerings, synonyms
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.support.service import Running, as_json

STAFF = new_id()


async def put(running: Running, path: str, body: dict[str, Any]) -> httpx.Response:
    """What the routes of staff answer to a thing that is put."""
    return await running.http.put(path, json=body, headers=running.bearer(STAFF, Role.STAFF))


async def stock(running: Running, *wanted: str) -> None:
    """Put the demo data; only these categories, if any are named."""
    for piece in synonyms():
        as_json(await put(running, piece.path, piece.body))
    for piece in categories():
        if not wanted or piece.path.rpartition("/")[2] in wanted:
            as_json(await put(running, piece.path, piece.body))
    for piece in offerings():
        if not wanted or piece.body["category"] in wanted:
            as_json(await put(running, piece.path, piece.body))


def demo_offering(code: str) -> dict[str, Any]:
    """The body by which the demo data puts one offering."""
    found: Put = next(piece for piece in offerings() if piece.path.endswith(f"/{code}"))
    return deepcopy(found.body)
