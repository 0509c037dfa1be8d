"""Photos: sealed before they leave, one picture once, finished or undone when cut."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.order.domain.evidence import PHOTOS_EVER_MAX, PHOTOS_MAX, object_name
from services.order.storage.evidence import Evidence, evidence_for_update
from shared.kit.ids import new_id, shard_of
from tests.services.order.given import MONG_KOK
from tests.services.order.works import Works, picture
from tests.support.sandbox import Sandbox
from tests.support.service import as_json


@pytest.fixture
async def faults(sandbox: Sandbox) -> AsyncIterator[Any]:
    """Switches of the object store, off again at the end."""
    async with httpx.AsyncClient(base_url=sandbox.url) as http:

        async def switch(*rules: dict[str, Any]) -> None:
            (await http.put("/__sandbox/faults", json=list(rules))).raise_for_status()

        yield switch
        await http.delete("/__sandbox/faults")


async def rows_of(works: Works, order: dict[str, Any]) -> int:
    async with works.running.begin() as tx:
        [row] = await tx.run("SELECT count(*) FROM evidence WHERE order_id = $1", UUID(order["id"]))
    return int(row[0])


async def test_a_photo_is_stored_and_only_sealed(works: Works) -> None:
    order, sent = await works.started(), picture()
    view = as_json(await works.send(order, "after", photo=sent, angle="kitchen"))
    store = works.running.kit.ports["photos"]
    kept = await store.get(object_name(UUID(order["id"]), UUID(view["id"])))

    assert (view["stage"], view["angle"], view["position"]) == ("after", "kitchen", 1)
    assert (view["width"], view["height"]) == (64, 48)
    assert b"JFIF" not in kept
    assert kept[:2] == bytes([1, 1])  # The kit's seal, format and key version.


async def test_each_of_the_crew_takes_photos_and_nobody_else(works: Works) -> None:
    order = await works.started()
    mate = as_json(await works.send(order, worker=works.mate))
    stranger = await works.send(order, worker=new_id())

    assert (mate["position"], stranger.status_code) == (2, 404)


@pytest.mark.parametrize(
    ("reached", "stage", "good"),
    [
        ("assigned", "before", False),
        ("departed", "before", False),
        ("arrived", "before", True),
        ("arrived", "after", False),
        ("started", "before", False),
        ("started", "during", True),
        ("started", "after", True),
        ("completed", "after", False),
    ],
)
async def test_a_photo_is_taken_at_its_stage(
    works: Works, reached: str, stage: str, good: bool
) -> None:
    order = await getattr(works, reached)()
    answer = await works.send(order, stage)

    assert answer.status_code == (201 if good else 409)
    if not good:
        assert answer.json()["type"].endswith("/stage-not-now")


async def test_one_picture_proves_one_thing(works: Works) -> None:
    order, sent = await works.started(), picture()
    as_json(await works.send(order, "during", photo=sent))
    again = await works.send(order, "after", photo=sent)

    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "photo-known")


async def fill(works: Works, order: dict[str, Any], stage: str, number: int = PHOTOS_MAX) -> None:
    """So many photos of a stage by the lead: one is sent, the others are its copies."""
    view = as_json(await works.send(order, stage))
    async with works.running.begin() as tx:
        await tx.run(
            "INSERT INTO evidence SELECT shard, gen_random_uuid(), order_id, visit_id, position,"
            " worker_id, stage, angle, id::text || n, width, height, taken_at, lat, lng, stored_at"
            " FROM evidence, generate_series(2, $1) AS n WHERE id = $2",
            number,
            UUID(view["id"]),
        )


async def test_a_stage_has_only_so_many_and_leaves_room_for_the_others(works: Works) -> None:
    order = await works.started()
    await fill(works, order, "during")
    refused = await works.send(order, "during")
    as_json(await works.send(order, "after"))

    assert refused.json()["type"].endswith("/photos-too-many")
    assert as_json(await works.step(order, "complete", body={}))["state"] == "pending_acceptance"


async def test_the_photos_of_who_left_take_no_room_from_the_next(works: Works) -> None:
    order = await works.checked_in_at()
    await fill(works, order, "before")
    full = await works.send(order, "before")
    as_json(await works.step(order, "cancel", body={"reason": "ill"}))
    works.lead = new_id()
    as_json(await works.shop.assign(order, works.lead))
    as_json(await works.step(order, "depart"))
    pick_up = {**MONG_KOK["point"], "accuracy_m": 5}  # type: ignore[dict-item]
    as_json(await works.step(order, "arrive", body=pick_up))
    as_json(await works.send(order, "before"))
    as_json(await works.send(order, "before", angle="front"))
    started = as_json(await works.step(order, "start", body={"answers": {"keys": True}}))

    assert full.json()["type"].endswith("/photos-too-many")
    assert started["state"] == "in_service"


async def test_whatever_is_full_takes_the_photo_that_the_job_needs(works: Works) -> None:
    order = await works.checked_in_at()
    await fill(works, order, "before", PHOTOS_EVER_MAX)
    needless = await works.send(order, "before", angle="back")
    as_json(await works.send(order, "before", angle="front"))
    twice = await works.send(order, "before", angle="front")
    as_json(await works.step(order, "start", body={"answers": {"keys": True}}))
    during = await works.send(order, "during")
    as_json(await works.send(order, "after"))
    after = await works.send(order, "after")
    done = {"answers": {"rooms": 2, "floor": "dry"}}

    for refused in (needless, twice, during, after):
        assert refused.json()["type"].endswith("/photos-too-many")
    assert as_json(await works.step(order, "complete", body=done))["state"] == "pending_acceptance"


async def test_a_retry_has_another_boundary_and_gets_the_same_answer(works: Works) -> None:
    order, sent, key = await works.started(), picture(), new_id()
    first = await works.send(order, photo=sent, key=key)
    again = await works.send(order, photo=sent, key=key)
    other = await works.send(order, photo=picture(), key=key)

    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["idempotent-replayed"] == "true"
    assert other.json()["type"].endswith("/key-used-for-another-request")
    assert await rows_of(works, order) == 1


@pytest.mark.race("evidence_for_update")
async def test_ten_uploads_of_one_picture_keep_it_once(works: Works) -> None:
    order, sent, key = await works.started(), picture(), new_id()
    answers = await asyncio.gather(
        *(works.send(order, photo=sent, key=key) for _ in range(5)),
        *(works.send(order, photo=sent) for _ in range(5)),
    )

    codes = [answer.status_code for answer in answers]
    assert set(codes) == {201, 409}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert await rows_of(works, order) == 1


async def test_a_store_that_is_away_leaves_nothing_and_frees_the_key(
    works: Works, faults: Any
) -> None:
    order, sent, key = await works.started(), picture(), new_id()
    await faults({"route": "PUT /jajaya-files/", "kind": "drop_before"})
    lost = await works.send(order, photo=sent, key=key)
    await faults()
    again = await works.send(order, photo=sent, key=key)

    assert (lost.status_code, again.status_code) == (503, 201)
    assert await rows_of(works, order) == 1


async def test_an_answer_that_is_lost_once_is_asked_for_again(works: Works, faults: Any) -> None:
    order = await works.started()
    await faults({"route": "PUT /jajaya-files/", "kind": "drop_after", "times": 1})

    assert (await works.send(order)).status_code == 201


@pytest.mark.race("evidence_for_update")
async def test_what_the_timer_cleared_meanwhile_is_not_called_stored(
    own_works: Works, faults: Any
) -> None:
    """The clock jumps while the upload is under way: the timer clears, the request says so."""
    order = await own_works.started()
    await faults({"route": "PUT /jajaya-files/", "kind": "delay", "seconds": 1.5})
    upload = asyncio.create_task(own_works.send(order))
    while await rows_of(own_works, order) == 0:  # noqa: ASYNC110 - the row is written by the request.
        await asyncio.sleep(0.02)
    await own_works.running.pass_time(minutes=2)
    answer = await upload

    assert answer.json()["type"].endswith("/request-undone")
    assert await rows_of(own_works, order) == 0
    bare = await own_works.step(order, "complete", body={})
    assert bare.json()["type"].endswith("/evidence-missing")


async def test_a_photo_on_its_way_proves_nothing_yet(works: Works) -> None:
    order = await works.started()
    view = as_json(await works.send(order))
    evidence_id = UUID(view["id"])
    async with works.running.begin() as tx:
        row = await evidence_for_update(tx, evidence_id)
        assert row is not None
        row.stored_at = None
    refused = await works.step(order, "complete", body={})

    assert refused.json()["type"].endswith("/evidence-missing")
    async with works.running.begin() as tx:
        assert await tx.session.get(Evidence, (shard_of(evidence_id), evidence_id)) is not None
