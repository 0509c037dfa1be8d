"""Let an applicant work."""

from collections.abc import Mapping, Sequence

from services.worker.domain.worker import (
    NoSkillGranted,
    WorkerMove,
    check_another,
    check_grants,
    checked_codes,
)
from services.worker.storage.decisions import write_decision
from services.worker.storage.profiles import whole_state
from services.worker.storage.skills import grant_skills_to, skills_of
from services.worker.storage.workers import Worker, worker_for_update
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged, WorkerApproved
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def approve_worker(
    tx: Transaction,
    caller: Caller,
    worker_id: WorkerId,
    levels: Mapping[str, int],
    equipment: Sequence[str],
    reason: str,
) -> Worker:
    """Staff have seen the person: they may work, with these skills and this equipment.

    Raises WorkerNotFound, OwnFile, MoveRefused, MoveForbidden, CodeInvalid, CodeRepeated,
    NoSkillGranted, SkillNotAsked. Tells worker.approved.v1, worker.profile_changed.v1.
    """
    worker = await worker_for_update(tx, caller, worker_id)
    asked = {skill.code: skill.level_asked for skill in await skills_of(tx, worker_id)}

    check_another(caller.id, worker_id)
    tx.move(worker, WorkerMove.APPROVE, by=caller)
    tools = checked_codes("equipment", equipment)
    check_grants(asked, levels)
    if not levels:
        raise NoSkillGranted(field="skills", reason="empty")

    await grant_skills_to(tx, worker_id, levels)
    worker.equipment, worker.approved_at, worker.refusal = tools, tx.now, None
    facts = {"skills": dict(levels), "equipment": tools}
    write_decision(tx, caller, worker_id, WorkerMove.APPROVE, reason, **facts)

    tx.publish(WorkerApproved(worker_id=worker_id))
    tx.publish(ProfileChanged(**await whole_state(tx, worker)))
    return worker
