"""The whole state of a worker that dispatch filters by, gathered in one place."""

from typing import Any

from services.worker.domain.schedule import hong_kong_day
from services.worker.domain.worker import WorkerState, is_approved
from services.worker.storage.skills import skills_of
from services.worker.storage.time_off import days_off_from
from services.worker.storage.workers import Worker
from shared.contracts.shapes import Point
from shared.contracts.worker import DayOff, Shift, Skill
from shared.kit.session import Transaction


async def whole_state(tx: Transaction, worker: Worker) -> dict[str, Any]:
    """The fields of ``ProfileChanged``; call it last, when every change is made."""
    await tx.session.flush()
    skills = await skills_of(tx, worker.id)
    days = await days_off_from(tx, worker.id, hong_kong_day(tx.now))
    return {
        "worker_id": worker.id,
        "approved": is_approved(worker.state),
        "suspended": worker.state is WorkerState.SUSPENDED,
        "display_name": worker.display_name_shown,
        "skills": [Skill(code=s.code, level=s.level_granted) for s in skills if s.level_granted],
        "equipment": worker.equipment,
        "districts": worker.districts,
        "base": Point(lat=worker.base_lat, lng=worker.base_lng),
        "radius_m": worker.radius_m,
        "shifts": [Shift(**shift) for shift in worker.shifts],
        "days_off": [DayOff(on=day) for day in days],
        "travel_buffer_seconds": worker.travel_buffer_seconds,
        "credit": worker.credit_points / 100,
        "jobs_done": worker.jobs_done,
    }
