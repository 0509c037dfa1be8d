"""Rows of workers, and the few queries we ask of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, Index, Text, Uuid, select, text, tuple_
from sqlalchemy.orm import Mapped, mapped_column

from services.worker.domain import identity
from services.worker.domain.area import Area
from services.worker.domain.credit import FIRST_POINTS
from services.worker.domain.identity import IdKind
from services.worker.domain.worker import WorkerNotFound, WorkerState
from services.worker.storage import Row
from shared.contracts.ids import AccountId, WorkerId
from shared.kit.caller import Caller, Role
from shared.kit.rows import one_of
from shared.kit.session import Transaction
from shared.privacy import masks
from shared.privacy.sealing import reveal, seal


class Worker(Row):
    """A person who applied to work; the id is their account's."""

    __tablename__ = "workers"
    __table_args__ = (
        CheckConstraint(
            "base_lat BETWEEN 22.13 AND 22.57 AND base_lng BETWEEN 113.82 AND 114.45", name="base"
        ),
        CheckConstraint("radius_m > 0", name="radius_m"),
        CheckConstraint("travel_buffer_seconds >= 0", name="travel_buffer_seconds"),
        CheckConstraint("credit_points BETWEEN 0 AND 10000", name="credit_points"),
        CheckConstraint("jobs_done >= 0", name="jobs_done"),
        Index("uq_workers_identity_index", "identity_index", unique=True),
        Index("ix_workers_state_applied_at", "state", "applied_at", "id"),
        Index(
            "ix_workers_credit", "credit_points", "id", postgresql_where=text("state = 'approved'")
        ),
    )

    id: Mapped[WorkerId] = mapped_column(Uuid, primary_key=True)
    legal_name_sealed: Mapped[bytes]
    legal_name_shown: Mapped[str] = mapped_column(Text)  # Masked.
    display_name_sealed: Mapped[bytes]
    display_name_shown: Mapped[str] = mapped_column(Text)  # Masked: what others see.
    identity_kind: Mapped[IdKind] = mapped_column(one_of(IdKind, "identity_kind"))
    identity_sealed: Mapped[bytes]
    identity_index: Mapped[bytes]  # HMAC of kind and number: one document, one account.
    identity_shown: Mapped[str] = mapped_column(Text)  # Masked.
    base_lat: Mapped[float] = mapped_column(Double)
    base_lng: Mapped[float] = mapped_column(Double)
    radius_m: Mapped[int]
    districts: Mapped[list[str]]
    equipment_asked: Mapped[list[str]]
    travel_buffer_seconds: Mapped[int]  # Kept free before and after each job.
    applied_at: Mapped[datetime]
    equipment: Mapped[list[str]] = mapped_column(default_factory=list)  # Seen by staff.
    shifts: Mapped[list[Any]] = mapped_column(default_factory=list)
    credit_points: Mapped[int] = mapped_column(default=FIRST_POINTS)  # Hundredths of a point.
    jobs_done: Mapped[int] = mapped_column(default=0)
    approved_at: Mapped[datetime | None] = mapped_column(default=None)
    refusal: Mapped[str | None] = mapped_column(Text, default=None)  # Staff's words to the person.
    state: Mapped[WorkerState] = mapped_column(
        one_of(WorkerState, "state"), default=WorkerState.APPLIED
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Who applies, in clear, for the moment in which it is sealed."""

    legal_name: str
    display_name: str
    id_kind: IdKind
    id_number: str  # Normalised.


async def new_worker(
    tx: Transaction,
    account_id: AccountId,
    person: Person,
    area: Area,
    equipment: list[str],
    travel_buffer_seconds: int,
) -> Worker:
    """A worker's row, names and document sealed."""
    return Worker(
        id=WorkerId(account_id),
        **await _sealed(tx, account_id, person),
        base_lat=area.lat,
        base_lng=area.lng,
        radius_m=area.radius_m,
        districts=area.districts,
        equipment_asked=equipment,
        travel_buffer_seconds=travel_buffer_seconds,
        applied_at=tx.now,
    )


async def set_person(tx: Transaction, worker: Worker, person: Person) -> None:
    """Replace names and document on a row that is there, sealed."""
    for column, value in (await _sealed(tx, worker.id, person)).items():
        setattr(worker, column, value)


async def _sealed(tx: Transaction, subject: UUID, person: Person) -> dict[str, Any]:
    sealed = {
        "legal_name": person.legal_name,
        "display_name": person.display_name,
        "identity": person.id_number,
    }
    columns: dict[str, Any] = {
        f"{field}_sealed": await seal(tx, subject, f"workers.{field}", subject, clear)
        for field, clear in sealed.items()
    }
    return columns | {
        "legal_name_shown": masks.name(person.legal_name),
        "display_name_shown": masks.name(person.display_name),
        "identity_shown": identity.shown(person.id_kind, person.id_number),
        "identity_kind": person.id_kind,
        "identity_index": identity_index(tx, person.id_kind, person.id_number),
    }


def identity_index(tx: Transaction, kind: IdKind, number: str) -> bytes:
    """The blind index by which a document is found again."""
    return tx.keyring.index(f"{kind}:{number}")


async def revealed(tx: Transaction, caller: Caller, worker: Worker, purpose: str) -> Person:
    """Name and document in clear, with a record of who read them and why. Raises Erased."""
    why = masks.scrub(purpose)
    opened = {
        field: await reveal(tx, caller, why, worker.id, f"workers.{field}", worker.id, sealed)
        for field, sealed in (
            ("legal_name", worker.legal_name_sealed),
            ("display_name", worker.display_name_sealed),
            ("identity", worker.identity_sealed),
        )
    }
    return Person(
        opened["legal_name"], opened["display_name"], worker.identity_kind, opened["identity"]
    )


async def has_document(tx: Transaction, index: bytes, account_id: AccountId) -> bool:
    """Whether somebody else has applied with this document."""
    found = select(Worker.id).where(Worker.identity_index == index, Worker.id != account_id)
    return await tx.session.scalar(found) is not None


async def find_worker(tx: Transaction, worker_id: WorkerId) -> Worker | None:
    """The worker, if this account ever applied."""
    return await tx.session.get(Worker, worker_id)


async def own_worker_for_update(tx: Transaction, caller: Caller) -> Worker | None:
    """The caller's own row, locked until the transaction ends, if they ever applied."""
    own = select(Worker).where(Worker.id == caller.id).with_for_update()
    return await tx.session.scalar(own.execution_options(populate_existing=True))


async def worker_of(tx: Transaction, caller: Caller, worker_id: WorkerId) -> Worker:
    """The worker as this caller may know them. Raises WorkerNotFound."""
    worker = None if is_foreign(caller, worker_id) else await find_worker(tx, worker_id)
    if worker is None:
        raise WorkerNotFound(f"No worker {worker_id}.")
    return worker


async def worker_for_update(tx: Transaction, caller: Caller, worker_id: WorkerId) -> Worker:
    """The worker, locked until the transaction ends; only one's own. Raises WorkerNotFound."""
    worker = None
    if not is_foreign(caller, worker_id):
        found = select(Worker).where(Worker.id == worker_id).with_for_update()
        worker = await tx.session.scalar(found.execution_options(populate_existing=True))
    if worker is None:
        raise WorkerNotFound(f"No worker {worker_id}.")
    return worker


_BOOKABLE = "SELECT state, travel_buffer_seconds, shifts FROM workers WHERE id = $1 FOR SHARE"


@dataclass(frozen=True, slots=True)
class Bookable:
    """What decides whether a worker may be booked."""

    state: WorkerState
    travel_buffer_seconds: int
    shifts: list[Any]


async def worker_for_booking(tx: Transaction, caller: Caller, worker_id: WorkerId) -> Bookable:
    """The worker, whose hours and standing stay as they are until the transaction ends.

    Two bookings may do this at once: the calendar itself keeps them apart. Raises WorkerNotFound.
    """
    rows = [] if is_foreign(caller, worker_id) else await tx.run(_BOOKABLE, worker_id)
    if not rows:
        raise WorkerNotFound(f"No worker {worker_id}.")
    state, travel_buffer_seconds, shifts = rows[0]
    return Bookable(WorkerState(state), travel_buffer_seconds, shifts)


def is_foreign(caller: Caller, worker_id: WorkerId) -> bool:
    """Whether this worker is somebody else than the person who asks."""
    return caller.role in (Role.USER, Role.WORKER) and caller.id != worker_id


async def public_worker(tx: Transaction, worker_id: WorkerId) -> Worker:
    """A worker whom anyone may look at: approved and not suspended. Raises WorkerNotFound."""
    worker = await find_worker(tx, worker_id)
    if worker is None or worker.state is not WorkerState.APPROVED:
        raise WorkerNotFound(f"No worker {worker_id}.")
    return worker


_SERVING = """
SELECT id, display_name_shown, credit_points, jobs_done FROM workers w
WHERE state = 'approved'
  AND EXISTS (SELECT FROM worker_skills
      WHERE worker_id = w.id AND code = $1 AND level_granted >= $2)
  AND 2 * 6371008.8 * asin(sqrt(power(sin(radians(base_lat - $3) / 2), 2)
      + cos(radians($3)) * cos(radians(base_lat))
      * power(sin(radians(base_lng - $4) / 2), 2))) <= radius_m
  AND ($7::text IS NULL OR districts = '[]' OR districts ? $7)
  AND ($5::uuid IS NULL
      OR (credit_points, id) < (SELECT credit_points, id FROM workers WHERE id = $5))
ORDER BY credit_points DESC, id DESC LIMIT $6
"""


@dataclass(frozen=True, slots=True)
class PublicWorker:
    """What anyone may know of a worker who takes jobs."""

    id: WorkerId
    display_name_shown: str
    credit_points: int
    jobs_done: int


async def workers_serving(
    tx: Transaction,
    skill: str,
    level: int,
    place: tuple[float, float],
    district: str | None,
    after: UUID | None,
    limit: int,
) -> list[PublicWorker]:
    """Those who have a skill and take jobs at a place (lat, lng), the best credit first."""
    rows = await tx.run(_SERVING, skill, level, *place, after, limit, district)
    return [PublicWorker(**row) for row in rows]


async def workers_in(
    tx: Transaction, state: WorkerState, after: UUID | None, limit: int
) -> Sequence[Worker]:
    """Workers in a state, who applied first coming first, after the one named by the cursor."""
    page = select(Worker).where(Worker.state == state)
    if after is not None:
        last = select(Worker.applied_at, Worker.id).where(Worker.id == after).scalar_subquery()
        page = page.where(tuple_(Worker.applied_at, Worker.id) > last)
    page = page.order_by(Worker.applied_at, Worker.id).limit(limit)
    return (await tx.session.scalars(page)).all()
