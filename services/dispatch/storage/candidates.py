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
from shared.kit.writes import as_json


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
    # Which of the worker's news told the credit: a profile that waited must not undo a later one.
    credit_version: Mapped[int] = mapped_column(default=0, server_default=text("0"))


# Counts of answers are ours and stay.
_KEEP = """
INSERT INTO candidates (worker_id, approved, suspended, skills, equipment, districts, base_lat,
    base_lng, base_cell, radius_m, shifts, days_off, travel_buffer_seconds, credit, jobs_done,
    credit_version)
VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6::jsonb, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13,
    $14, $15, $16)
ON CONFLICT (worker_id) DO UPDATE SET
    approved = excluded.approved, suspended = excluded.suspended, skills = excluded.skills,
    equipment = excluded.equipment, districts = excluded.districts, base_lat = excluded.base_lat,
    base_lng = excluded.base_lng, base_cell = excluded.base_cell, radius_m = excluded.radius_m,
    shifts = excluded.shifts, days_off = excluded.days_off,
    travel_buffer_seconds = excluded.travel_buffer_seconds, jobs_done = excluded.jobs_done,
    credit = CASE WHEN candidates.credit_version < excluded.credit_version
        THEN excluded.credit ELSE candidates.credit END,
    credit_version = greatest(candidates.credit_version, excluded.credit_version)
"""
_CREDIT = """
UPDATE candidates SET credit = $2, credit_version = $3 WHERE worker_id = $1 AND credit_version < $3
"""


async def keep_profile(tx: Transaction, told: ProfileChanged, version: int) -> None:
    """Keep a worker's whole state in place of what was known before."""
    plain = told.model_dump(mode="json")
    lists = ("skills", "equipment", "districts", "shifts", "days_off")
    skills, equipment, districts, shifts, days_off = (as_json(plain[name]) for name in lists)
    await tx.run(
        _KEEP,
        told.worker_id,
        told.approved,
        told.suspended,
        *(skills, equipment, districts),
        *(told.base.lat, told.base.lng, cell_of(told.base), told.radius_m),
        *(shifts, days_off),
        told.travel_buffer_seconds,
        told.credit,
        told.jobs_done,
        version,
    )


async def keep_credit(tx: Transaction, worker_id: WorkerId, credit: float, version: int) -> None:
    """Keep a worker's new credit score."""
    await tx.run(_CREDIT, worker_id, credit, version)


_COUNTS = {
    OfferState.ACCEPTED: "offers_accepted",
    OfferState.DECLINED: "offers_declined",
    OfferState.EXPIRED: "offers_expired",
}


def count_answer(tx: Transaction, worker_id: WorkerId, answer: OfferState) -> None:
    """Remember how a worker answered; it weighs in the cost of later offers."""
    column = _COUNTS[answer]
    tx.later(f"UPDATE candidates SET {column} = {column} + 1 WHERE worker_id = $1", worker_id)
