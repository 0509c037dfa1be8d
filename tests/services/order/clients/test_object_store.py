"""The object store on S3's wire: signed as its manual says, honest about what is lost."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from services.order.clients.object_store import Access, ObjectStore, signed
from services.order.domain.evidence import PhotoNotFound
from shared.kit.clock import OffsetClock
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from tests.support.sandbox import Sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def store(http: aiohttp.ClientSession, sandbox: Sandbox) -> ObjectStore:
    return ObjectStore(http, sandbox.url, sandbox.credentials, OffsetClock())


@pytest.fixture
async def faults(sandbox: Sandbox) -> AsyncIterator[Any]:
    async with httpx.AsyncClient(base_url=sandbox.url) as http:

        async def switch(*rules: dict[str, Any]) -> None:
            (await http.put("/__sandbox/faults", json=list(rules))).raise_for_status()

        yield switch
        await http.delete("/__sandbox/faults")


def test_the_documented_example_of_the_signature_comes_out() -> None:
    """The GET Object example of the manual, with its published keys and signature."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    access = Access("AKIAIOSFODNN7EXAMPLE", secret, "examplebucket", "us-east-1")
    headers = {"Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9"}
    at = datetime(2013, 5, 24, tzinfo=UTC)
    sent = signed(access, "GET", "/test.txt", headers, b"", at)

    assert sent["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


async def test_what_is_put_is_got_until_it_is_deleted(store: ObjectStore) -> None:
    name = f"evidence/{new_id()}/{new_id()}"
    await store.put(name, b"sealed")
    await store.put(name, b"sealed")
    assert await store.get(name) == b"sealed"
    await store.delete(name)
    await store.delete(name)
    with pytest.raises(PhotoNotFound):
        await store.get(name)


async def test_the_store_refuses_another_key_and_we_say_that_it_does_not_serve_us(
    http: aiohttp.ClientSession, sandbox: Sandbox, tmp_path: Path
) -> None:
    known = json.loads((sandbox.credentials / "object_store.json").read_text())
    (tmp_path / "object_store.json").write_text(json.dumps(known | {"secret_key_file": "wrong"}))
    (tmp_path / "wrong").write_text("not the secret")
    store = ObjectStore(http, sandbox.url, tmp_path, OffsetClock())

    with pytest.raises(Unavailable):
        await store.put("evidence/x", b"sealed")


async def test_a_clock_that_runs_wrong_is_refused(
    http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    late = OffsetClock(timedelta(hours=1).total_seconds())
    with pytest.raises(Unavailable):
        await ObjectStore(http, sandbox.url, sandbox.credentials, late).put("evidence/x", b"x")


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error"])
async def test_one_loss_is_made_good_and_a_lasting_one_is_told(
    store: ObjectStore, faults: Any, kind: str
) -> None:
    name = f"evidence/{new_id()}"
    await faults({"route": "PUT /jajaya-files/", "kind": kind, "times": 1})
    await store.put(name, b"once more")
    assert await store.get(name) == b"once more"
    await faults({"route": "PUT /jajaya-files/", "kind": kind})
    with pytest.raises(Unavailable):
        await store.put(name, b"in vain")


async def test_nobody_there_is_told_too(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    nowhere = ObjectStore(http, "http://127.0.0.1:9", sandbox.credentials, OffsetClock())
    with pytest.raises(Unavailable):
        await nowhere.get("evidence/x")
