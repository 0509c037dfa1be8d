"""What others may see of a worker."""

from collections.abc import Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ConfigDict

from services.worker.api.shapes import PAGE_MAX, Code, View
from services.worker.domain.area import LAT_MAX, LAT_MIN, LNG_MAX, LNG_MIN
from services.worker.domain.worker import LEVEL_MAX, LEVEL_MIN, WorkerNotFound
from services.worker.storage.skills import WorkerSkill, skills_of
from services.worker.storage.workers import (
    PublicWorker,
    Worker,
    public_worker,
    workers_serving,
)
from shared.contracts.ids import WorkerId
from shared.contracts.worker import Skill
from shared.kit.web import ReadDep, UserCaller, problems

router = APIRouter(prefix="/workers", tags=["profile"])


_EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "worker_id": "0199c1f2-7d3a-7bb1-9f1e-0242ac120005",
            "display_name": "陳**",
            "skills": [{"code": "towing", "level": 3}],
            "credit": 89.75,
            "jobs_done": 41,
        }
    ],
    "next_cursor": None,
}


class ProfileView(View):
    """A worker whom a user may get: the name is masked."""

    worker_id: UUID
    display_name: str
    skills: list[Skill]
    credit: float
    jobs_done: int

    @classmethod
    def of(cls, worker: Worker | PublicWorker, skills: Sequence[WorkerSkill]) -> Self:
        return cls(
            worker_id=worker.id,
            display_name=worker.display_name_shown,
            skills=[
                Skill(code=skill.code, level=skill.level_granted)
                for skill in skills
                if skill.worker_id == worker.id and skill.level_granted
            ],
            credit=worker.credit_points / 100,
            jobs_done=worker.jobs_done,
        )


class ProfilePage(View):
    """Some of the workers; ``next_cursor`` asks for those after them."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    items: list[ProfileView]
    next_cursor: UUID | None


@router.get("")
async def get_workers(
    caller: UserCaller,
    read: ReadDep,
    skill: Annotated[Code, Query(description="As the offering's positions name it.")],
    lat: Annotated[float, Query(ge=LAT_MIN, le=LAT_MAX, allow_inf_nan=False)],
    lng: Annotated[float, Query(ge=LNG_MIN, le=LNG_MAX, allow_inf_nan=False)],
    district: Annotated[str | None, Query(pattern="^[A-Z]{2}$")] = None,
    level: Annotated[int, Query(ge=LEVEL_MIN, le=LEVEL_MAX)] = LEVEL_MIN,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
) -> ProfilePage:
    """Workers with a skill who take jobs at a place, the best credit first.

    `level` is the least that counts; with `district` those who chose other districts are left out.
    Whether they are free at a given time is not looked at.
    """
    async with read() as tx:
        found = await workers_serving(tx, skill, level, (lat, lng), district, cursor, limit + 1)
        shown = found[:limit]
        skills = await skills_of(tx, *(worker.id for worker in shown))
    items = [ProfileView.of(worker, skills) for worker in shown]
    return ProfilePage(items=items, next_cursor=shown[-1].id if len(found) > limit else None)


@router.get("/{worker_id}", responses=problems(WorkerNotFound))
async def get_worker(worker_id: UUID, read: ReadDep) -> ProfileView:
    """A worker who takes jobs: what they can do and how well it went so far. Public."""
    async with read() as tx:
        worker = await public_worker(tx, WorkerId(worker_id))
        skills = await skills_of(tx, worker.id)
    return ProfileView.of(worker, skills)
