"""Rows of workers' skills, and the few queries we ask of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, Text, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.storage import Row
from shared.contracts.ids import WorkerId
from shared.kit.session import Transaction

_ASK = """
INSERT INTO worker_skills (worker_id, code, level_asked) VALUES ($1, $2, $3)
ON CONFLICT (worker_id, code) DO UPDATE SET level_asked = excluded.level_asked
"""
_FORGET = "DELETE FROM worker_skills WHERE worker_id = $1 AND level_granted IS NULL"


class WorkerSkill(Row):
    """A skill a worker asks to be known for, and the level staff found."""

    __tablename__ = "worker_skills"
    __table_args__ = (
        CheckConstraint("level_asked BETWEEN 1 AND 5", name="level_asked"),
        CheckConstraint("level_granted BETWEEN 1 AND 5", name="level_granted"),
    )

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, ForeignKey("workers.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    level_asked: Mapped[int] = mapped_column(SmallInteger)
    level_granted: Mapped[int | None] = mapped_column(SmallInteger, default=None)
    granted_at: Mapped[datetime | None] = mapped_column(default=None)


async def skills_of(tx: Transaction, *worker_ids: WorkerId) -> Sequence[WorkerSkill]:
    """The skills these workers asked for, granted or not, by code."""
    asked = select(WorkerSkill).where(WorkerSkill.worker_id.in_(worker_ids))
    asked = asked.order_by(WorkerSkill.worker_id, WorkerSkill.code)
    return (await tx.session.scalars(asked.execution_options(populate_existing=True))).all()


async def ask_for_skills(tx: Transaction, worker_id: WorkerId, levels: Mapping[str, int]) -> None:
    """Put skills before staff, in place of those not granted yet; what is granted stays so."""
    await tx.session.flush()  # The worker's own row may be new.
    await tx.run(_FORGET, worker_id)
    for code, level in levels.items():
        await tx.run(_ASK, worker_id, code, level)


async def grant_skills_to(tx: Transaction, worker_id: WorkerId, levels: Mapping[str, int]) -> None:
    """Make exactly these skills granted, at these levels, and no others."""
    known = await skills_of(tx, worker_id)
    for skill in known:
        level = levels.get(skill.code)
        if level != skill.level_granted:
            skill.level_granted = level
            skill.granted_at = None if level is None else tx.now
    for code in levels.keys() - {skill.code for skill in known}:
        level = levels[code]
        skill = WorkerSkill(worker_id=worker_id, code=code, level_asked=level)
        skill.level_granted, skill.granted_at = level, tx.now
        tx.add(skill)
