"""An upload that a crash cut leaves neither row nor picture; a whole one stays."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.order.domain.evidence import PhotoNotFound, object_name
from services.order.storage.evidence import evidence_for_update
from services.order.use_cases.clear_cut_upload import clear_cut_upload
from tests.services.order.works import Works
from tests.support.service import as_json


async def test_what_was_cut_is_cleared_here_and_in_the_store(own_works: Works) -> None:
    """As a crash leaves it: the picture is in the store, its row says that it is not."""
    order = await own_works.started()
    evidence_id = UUID(as_json(await own_works.send(order))["id"])
    name = object_name(UUID(order["id"]), evidence_id)
    async with own_works.running.begin() as tx:
        row = await evidence_for_update(tx, evidence_id)
        assert row is not None
        row.stored_at = None
        await tx.schedule("evidence_cut", evidence_id, tx.now + timedelta(minutes=1), name=name)
    assert await own_works.running.pass_time(minutes=2) == 1

    async with own_works.running.begin() as tx:
        assert await evidence_for_update(tx, evidence_id) is None
    with pytest.raises(PhotoNotFound):
        await own_works.running.kit.ports["photos"].get(name)


async def test_a_whole_photo_stays(works: Works) -> None:
    order = await works.started()
    evidence_id = UUID(as_json(await works.send(order))["id"])
    name = object_name(UUID(order["id"]), evidence_id)
    store = works.running.kit.ports["photos"]
    await clear_cut_upload(works.running.begin, store, evidence_id, name)

    async with works.running.begin() as tx:
        assert await evidence_for_update(tx, evidence_id) is not None
    assert await store.get(name)


async def test_clearing_twice_is_clearing_once(works: Works) -> None:
    order = await works.started()
    as_json(await works.send(order))
    store, gone = works.running.kit.ports["photos"], UUID(int=7)
    for _ in range(2):
        await clear_cut_upload(works.running.begin, store, gone, "evidence/none/none")
