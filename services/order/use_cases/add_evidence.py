"""Add a photo to a job."""

from datetime import timedelta

from services.order.domain.evidence import (
    PhotoKnown,
    Shot,
    check_room,
    check_stage,
    object_name,
)
from services.order.domain.job import held_by
from services.order.domain.ports import PhotoStore
from services.order.storage.evidence import (
    StoredPhoto,
    begin_evidence,
    forget_evidence,
    note_stored,
    photos_sent,
)
from services.order.storage.locking import order_with_crew_for_update
from shared.contracts.ids import OrderId
from shared.kit.caller import Caller
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id_in, shard_of
from shared.kit.once import RequestUndone, Steps

CUT_SECONDS = 60  # An upload that has not ended by then was cut.


async def add_evidence(
    steps: Steps, store: PhotoStore, caller: Caller, order_id: OrderId, shot: Shot
) -> StoredPhoto:
    """A worker of the visit shows how things are; the picture is sealed before it leaves us.

    Raises OrderNotFound, NotInCrew, StageNotNow, PhotoKnown, PhotosTooMany, RequestUndone,
    Unavailable.
    """
    evidence_id = new_id_in(shard_of(order_id))
    name = object_name(order_id, evidence_id)
    async with steps.claim(evidence_id) as tx:
        order, crew = await order_with_crew_for_update(tx, caller, order_id)
        own = held_by(caller, crew.seats, order.visit_number)
        check_stage(shot.stage, order.state)
        sent = await photos_sent(tx, order, shot)
        if sent.is_known:
            raise PhotoKnown("This picture was sent before.")
        check_room(shot, order.checklist, sent)
        sealed = await begin_evidence(tx, order, own, evidence_id, shot)
        due_at = tx.now + timedelta(seconds=CUT_SECONDS)
        await tx.schedule("evidence_cut", evidence_id, due_at, name=name)

    try:
        await store.put(name, sealed)
    except Unavailable:
        async with steps.undo() as tx:  # The timer clears up what may have reached the store.
            await forget_evidence(tx, evidence_id)
        raise

    async with steps.finish() as tx:
        await tx.cancel_timer("evidence_cut", evidence_id)
        stored = await note_stored(tx, evidence_id)
        if stored is None:
            raise RequestUndone("The upload took too long and was cleared; send it again.")
        steps.answer(stored)
    return stored
