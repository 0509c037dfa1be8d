"""Rows of what the worker service told about each worker, and how they answered our offers."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.dispatch.domain.offer import OfferState
from services.dispatch.domain.places import cell_of
from services.dispatch.storage import Row
from shared.contracts.ids import WorkerId
from shared.contracts.worker import ProfileChanged
from shared.kit.session import Transaction


class KnownWorker(Row):
    """A worker's profile as last told, and counts of their answers."""

    __tablename__ = "candidates"
    __table_args__ = (
        Index("ix_candidates_base_cell", "base_cell"),
        CheckConstraint(
            "offers_accepted >= 0 AND offers_declined >= 0 AND offers_expired >= 0", name="answers"
        ),
    )

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, primary_key=True)
    approved: Mapped[bool]
    suspended: Mapped[bool]
    skills: Mapped[list[Any]]  # Code and level each.
    equipment: Mapped[list[str]]
    districts: Mapped[list[str]]
    base_lat: Mapped[float]
    base_lng: Mapped[float]
    base_cell: Mapped[int]
    radius_m: Mapped[int]
    shifts: Mapped[list[Any]]
    days_off: Mapped[list[Any]]
    travel_buffer_seconds: Mapped[int]
    credit: Mapped[float]
    jobs_done: Mapped[int]
    offers_accepted: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    offers_declined: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    offers_expired: Mapped[int] = mapped_column(default=0, server_default=text("0"))


async def keep_profile(tx: Transaction, told: ProfileChanged) -> None:
    """Keep a worker's whole state in place of what was known before."""
    known = await tx.session.get(KnownWorker, told.worker_id, with_for_update=True)
    plain = told.model_dump(mode="json")
    facts: dict[str, Any] = {
        "approved": told.approved,
        "suspended": told.suspended,
        "base_lat": told.base.lat,
        "base_lng": told.base.lng,
        "base_cell": cell_of(told.base),
        "radius_m": told.radius_m,
        "travel_buffer_seconds": told.travel_buffer_seconds,
        "credit": told.credit,
        "jobs_done": told.jobs_done,
    }
    facts |= {name: plain[name] for name in ("skills", "equipment", "districts", "shifts")}
    facts |= {"days_off": plain["days_off"]}
    if known is None:
        tx.add(KnownWorker(worker_id=told.worker_id, **facts))
        return
    for name, value in facts.items():
        setattr(known, name, value)


async def keep_credit(tx: Transaction, worker_id: WorkerId, credit: float) -> None:
    """Keep a worker's new credit score."""
    await tx.run("UPDATE candidates SET credit = $2 WHERE worker_id = $1", worker_id, credit)


_COUNTS = {
    OfferState.ACCEPTED: "offers_accepted",
    OfferState.DECLINED: "offers_declined",
    OfferState.EXPIRED: "offers_expired",
}


async def count_answer(tx: Transaction, worker_id: WorkerId, answer: OfferState) -> None:
    """Remember how a worker answered; it weighs in the cost of later offers."""
    column = _COUNTS[answer]
    await tx.run(f"UPDATE candidates SET {column} = {column} + 1 WHERE worker_id = $1", worker_id)
