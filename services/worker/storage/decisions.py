"""Staff's decisions about workers: written once, never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.domain.worker import WorkerMove
from services.worker.storage import Row
from shared.contracts.ids import WorkerId
from shared.kit.caller import Caller
from shared.kit.ids import new_id
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


class Decision(Row):
    """One decision: who made it, what about, why."""

    __tablename__ = "decisions"
    __table_args__ = (Index("ix_decisions_worker_id", "worker_id", "id"),)

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, ForeignKey("workers.id"))
    actor: Mapped[UUID]
    move: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


def write_decision(
    tx: Transaction,
    caller: Caller,
    worker_id: WorkerId,
    move: WorkerMove,
    reason: str,
    **facts: Any,
) -> str:
    """Keep what was decided, by whom and why; the reason as kept, numbers of people masked."""
    reason = scrub(reason)
    decision = Decision(
        worker_id=worker_id,
        actor=caller.id,
        move=move.label,
        reason=reason,
        facts=facts,
        at=tx.now,
    )
    tx.add(decision)
    return reason


async def decisions_about(tx: Transaction, worker_id: WorkerId) -> Sequence[Decision]:
    """The latest decisions about a worker, the newest first."""
    about = select(Decision).where(Decision.worker_id == worker_id)
    return (await tx.session.scalars(about.order_by(Decision.id.desc()).limit(50))).all()
