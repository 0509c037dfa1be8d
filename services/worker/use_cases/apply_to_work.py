"""Apply to work on the platform."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.worker.domain import identity
from services.worker.domain.area import Area
from services.worker.domain.worker import (
    AlreadyApplied,
    IdentityAlreadyUsed,
    WorkerMove,
    WorkerState,
    checked_codes,
)
from services.worker.storage.skills import ask_for_skills
from services.worker.storage.workers import (
    Person,
    Worker,
    has_document,
    identity_index,
    new_worker,
    own_worker_for_update,
    set_person,
)
from shared.contracts.ids import AccountId
from shared.contracts.worker import WorkerApplied
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def apply_to_work(
    tx: Transaction,
    caller: Caller,
    person: Person,
    levels: Mapping[str, int],
    equipment: Sequence[str],
    area: Area,
    travel_buffer_seconds: int,
) -> Worker:
    """A person applies with identity, skills and area; a rejected one may apply again.

    Raises IdNumberInvalid, CodeInvalid, CodeRepeated, AlreadyApplied, IdentityAlreadyUsed.
    Tells worker.applied.v1.
    """
    worker = await own_worker_for_update(tx, caller)

    number = identity.normalised(person.id_kind, person.id_number)
    person = replace(person, id_number=number)
    checked_codes("skills", list(levels))
    tools = checked_codes("equipment", equipment)
    if worker is not None and worker.state is not WorkerState.REJECTED:
        raise AlreadyApplied(f"The application is {worker.state}.", state=worker.state)
    account = AccountId(caller.id)
    if await has_document(tx, identity_index(tx, person.id_kind, number), account):
        raise IdentityAlreadyUsed(field="id_document.number", reason="used by another account")

    if worker is None:
        worker = await new_worker(tx, account, person, area, tools, travel_buffer_seconds)
        tx.add(worker)
    else:
        tx.move(worker, WorkerMove.REAPPLY, by=caller)
        await set_person(tx, worker, person)
        worker.equipment_asked, worker.applied_at = tools, tx.now
        worker.refusal = None  # It was said of the application before.
        worker.base_lat, worker.base_lng = area.lat, area.lng
        worker.radius_m, worker.districts = area.radius_m, area.districts
    await ask_for_skills(tx, worker.id, levels)

    tx.publish(WorkerApplied(worker_id=worker.id))
    return worker
