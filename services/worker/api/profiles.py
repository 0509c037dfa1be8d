"""What others may see of a worker."""

from uuid import UUID

from fastapi import APIRouter

from services.worker.api.shapes import View
from services.worker.domain.worker import WorkerNotFound
from services.worker.storage.skills import skills_of
from services.worker.storage.workers import public_worker
from shared.contracts.ids import WorkerId
from shared.contracts.worker import Skill
from shared.kit.web import BeginDep, problems

router = APIRouter(prefix="/workers", tags=["profile"])


class ProfileView(View):
    """A worker whom a user may get: the name is masked."""

    worker_id: UUID
    display_name: str
    skills: list[Skill]
    credit: float
    jobs_done: int


@router.get("/{worker_id}", responses=problems(WorkerNotFound))
async def get_worker(worker_id: UUID, begin: BeginDep) -> ProfileView:
    """A worker who takes jobs: what they can do and how well it went so far. Public."""
    async with begin() as tx:
        worker = await public_worker(tx, WorkerId(worker_id))
        skills = await skills_of(tx, worker.id)
    return ProfileView(
        worker_id=worker.id,
        display_name=worker.display_name_shown,
        skills=[Skill(code=s.code, level=s.level_granted) for s in skills if s.level_granted],
        credit=worker.credit_points / 100,
        jobs_done=worker.jobs_done,
    )
