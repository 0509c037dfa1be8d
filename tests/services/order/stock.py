"""The catalogue of the demo data, put into a running order service by its staff routes."""

from copy import deepcopy
from typing import Any

import httpx

from deploy.demo.load import Put, categories, offerings, synonyms
from services.order.domain.catalogue import CategoryTerms, OfferingTerms
from services.order.use_cases.put_category import put_category
from services.order.use_cases.put_offering import put_offering
from services.order.use_cases.put_synonyms import put_synonyms
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.support.service import Running

STAFF = new_id()


async def put(running: Running, path: str, body: dict[str, Any]) -> httpx.Response:
    """What the routes of staff answer to a thing that is put."""
    return await running.http.put(path, json=body, headers=running.bearer(STAFF, Role.STAFF))


async def stock(running: Running, *wanted: str) -> None:
    """Put the demo data in one transaction; only these categories, if any are named."""
    caller = Caller(STAFF, Role.STAFF)
    async with running.begin() as tx:
        for piece in synonyms():
            await put_synonyms(tx, caller, _code(piece), piece.body["words"], "demo data")
        for piece in categories():
            if not wanted or _code(piece) in wanted:
                category = CategoryTerms.model_validate(_terms(piece))
                await put_category(tx, caller, _code(piece), category, "demo data")
        for piece in offerings():
            if not wanted or piece.body["category"] in wanted:
                offering = OfferingTerms.model_validate(_terms(piece))
                await put_offering(tx, caller, _code(piece), offering, "demo data", None)
    running.kit.ports["catalogue"].expire()


def _code(piece: Put) -> str:
    return piece.path.rpartition("/")[2]


def _terms(piece: Put) -> dict[str, Any]:
    return {name: value for name, value in piece.body.items() if name != "reason"}


def demo_offering(code: str) -> dict[str, Any]:
    """The body by which the demo data puts one offering."""
    found: Put = next(piece for piece in offerings() if piece.path.endswith(f"/{code}"))
    return deepcopy(found.body)
