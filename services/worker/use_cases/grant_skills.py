"""Change what a worker is granted."""

from collections.abc import Mapping, Sequence

from services.worker.domain.worker import (
    NoSkillGranted,
    WorkerMove,
    check_another,
    checked_codes,
)
from services.worker.storage.decisions import write_decision
from services.worker.storage.profiles import whole_state
from services.worker.storage.skills import grant_skills_to
from services.worker.storage.workers import Worker, worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def grant_skills(
    tx: Transaction,
    caller: Caller,
    worker_id: WorkerId,
    levels: Mapping[str, int],
    equipment: Sequence[str],
    reason: str,
) -> Worker:
    """Staff have tested a worker anew: exactly these skills and this equipment hold from now on.

    Raises WorkerNotFound, OwnFile, MoveRefused, MoveForbidden, CodeInvalid, CodeRepeated,
    NoSkillGranted.
    Tells worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, worker_id)

    check_another(caller.id, worker_id)
    tx.move(worker, WorkerMove.GRANT, by=caller)
    checked_codes("skills", list(levels))
    tools = checked_codes("equipment", equipment)
    if not levels:
        raise NoSkillGranted(field="skills", reason="empty; suspend the worker instead")

    await grant_skills_to(tx, worker_id, levels)
    worker.equipment = tools
    facts = {"skills": dict(levels), "equipment": tools}
    write_decision(tx, caller, worker_id, WorkerMove.GRANT, reason, **facts)

    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return worker
