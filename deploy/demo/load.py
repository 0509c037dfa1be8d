"""Puts the demo data through the routes that staff use; loading it again changes nothing."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from deploy.demo.promotion import campaigns, packs

FOLDER = Path(__file__).parent
REASON = "demo data"
AT_ONCE_MAX = 4  # Puts wait for each other's lock anyway; this only hides the way there.
PATIENCE_SECONDS = 30
TRIES_MAX = 20  # Of a put that the gateway holds back.


class NotLoaded(Exception):
    """The fleet refused a piece of the demo data; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many things were put, and how many of them were not so already."""

    put: int
    changed: int


@dataclass(frozen=True, slots=True)
class Put:
    """One request of the staff routes."""

    path: str
    body: dict[str, Any]


async def load(base_url: str, staff_token: str, service: str = "") -> Loaded:
    """Put everything, or one service's part; ``base_url`` is where ``/staff`` begins.

    Raises NotLoaded.
    """
    headers = {"Authorization": f"Bearer {staff_token}"}
    put = changed = 0
    patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    async with aiohttp.ClientSession(headers=headers, timeout=patience) as http:
        for puts in rounds():
            wanted = [one for one in puts if one.path.startswith(f"/staff/{service}")]
            put += len(wanted)
            changed += sum(await _put_all(http, base_url, wanted))
    return Loaded(put, changed)


def rounds() -> Iterator[list[Put]]:
    """All that is put, in parts of which each may name what the parts before it made."""
    yield list(synonyms())
    yield list(categories())
    yield list(offerings())
    yield [Put(*campaign) for campaign in campaigns()]
    yield [Put(*pack) for pack in packs()]


def catalogue() -> Iterator[dict[str, Any]]:
    """The files of the catalogue: a category each, with its offerings by code."""
    for file in sorted((FOLDER / "catalogue").glob("*.json")):
        yield json.loads(file.read_text())


def synonyms() -> Iterator[Put]:
    """The words that searches take for the same."""
    for concept, words in json.loads((FOLDER / "synonyms.json").read_text()).items():
        yield Put(f"/staff/order/synonyms/{concept}", {"words": words, "reason": REASON})


def categories() -> Iterator[Put]:
    """The ten categories."""
    for file in catalogue():
        body = {**file["category"], "demo": file["demo"], "reason": REASON}
        yield Put(f"/staff/order/categories/{file['code']}", body)


def offerings() -> Iterator[Put]:
    """The offerings of every category, with their price books."""
    for file in catalogue():
        for code, terms in file["offerings"].items():
            known = {"category": file["code"], "demo": file["demo"], "reason": REASON}
            yield Put(f"/staff/order/offerings/{code}", {**terms, **known})


async def _put_all(http: aiohttp.ClientSession, base_url: str, puts: list[Put]) -> list[bool]:
    """Whether each changed anything."""
    turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def one(put: Put) -> bool:
        async with turns:
            return await _changed(http, base_url, put)

    return await asyncio.gather(*(one(put) for put in puts))


async def _changed(http: aiohttp.ClientSession, base_url: str, put: Put) -> bool:
    """Whether one request changed anything; sent again when told to come back."""
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            async with http.put(base_url + put.path, json=put.body) as answer:
                if answer.ok:
                    return bool((await answer.json())["changed"])
                if answer.status not in {429, 503} or not tries_left:
                    raise NotLoaded(f"{put.path}: {answer.status} {await answer.text()}")
                pause = float(answer.headers.get("Retry-After", 1))
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise NotLoaded(f"{put.path}: {type(fault).__name__} {fault}") from fault
        await asyncio.sleep(pause)
    raise AssertionError("the last try answers or raises")
