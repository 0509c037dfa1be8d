"""Photos of a job: the rows, and the sealing of what goes to the object store."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.order.domain.evidence import Angles, EvidenceStage, PhotoNotFound, Sent, Shot
from services.order.storage import Row
from services.order.storage.locking import (
    SIGHT,
    CrewNow,
    Locked,
    LockedOrder,
    Seat,
    crew_in,
    lock_with_crew,
    locked_rows,
    order_in,
)
from services.order.storage.orders import Order
from shared.contracts.ids import OrderId, VisitId, WorkerId
from shared.kit.caller import Caller
from shared.kit.ids import shard_of
from shared.kit.rows import one_of
from shared.kit.session import Transaction
from shared.privacy.sealing import note_data_key, reveal, seal

_PLACE = "evidence.photo"
# What somebody saw who left since, or saw before they left and came again, proves nothing now.
_TAKEN_BY = """
positions h ON h.shard = e.shard AND h.visit_id = e.visit_id AND h.worker_id = e.worker_id
    AND e.taken_at >= h.assigned_at
"""
_SENT = f"""
SELECT count(*) AS ever,
    count(h.number) FILTER (WHERE e.stage = $6) AS of_stage,
    count(h.number) FILTER (WHERE e.stage = $6 AND e.angle = $7) AS of_angle,
    coalesce(bool_or(e.sha256 = $4), false) AS is_known,
    (SELECT wrapped FROM subject_keys WHERE subject = $5) AS wrapped
FROM evidence e LEFT JOIN {_TAKEN_BY} AND h.visit_number = $3
WHERE e.shard = $1 AND e.order_id = $2
"""
_STORED = """
UPDATE evidence SET stored_at = $3 WHERE shard = $1 AND id = $2 AND stored_at IS NULL
RETURNING id, stage, angle, position, taken_at, sha256, width, height
"""
_ANGLES = f""",
    (SELECT jsonb_agg(jsonb_build_array(e.stage, e.angle))
        FROM evidence e JOIN {_TAKEN_BY}
        WHERE e.shard = o.shard AND e.order_id = o.id AND h.visit_number = o.visit_number
            AND e.stored_at IS NOT NULL) AS angles
"""
_WITH_ANGLES = {role: lock_with_crew(sight, _ANGLES) for role, sight in SIGHT.items()}


class Evidence(Row):
    """One photo of a job; the picture itself lies sealed in the object store."""

    __tablename__ = "evidence"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    visit_id: Mapped[VisitId] = mapped_column(Uuid)
    position: Mapped[int]  # Of the worker who took it.
    worker_id: Mapped[WorkerId] = mapped_column(Uuid)
    stage: Mapped[EvidenceStage] = mapped_column(one_of(EvidenceStage, "stage"))
    angle: Mapped[str]  # Before and after of one angle are compared.
    sha256: Mapped[str]  # Of the picture as we keep it, before it is sealed.
    width: Mapped[int]
    height: Mapped[int]
    taken_at: Mapped[datetime]  # When it reached us.
    lat: Mapped[float | None] = mapped_column(default=None)
    lng: Mapped[float | None] = mapped_column(default=None)
    stored_at: Mapped[datetime | None] = mapped_column(default=None)  # None: not in the store yet.

    __table_args__ = (
        ForeignKeyConstraint(["shard", "order_id"], ["orders.shard", "orders.id"]),
        CheckConstraint("width > 0 AND height > 0", name="size"),
        Index("ix_evidence_shard_order_id_id", "shard", "order_id", "id"),
        UniqueConstraint("shard", "order_id", "sha256"),  # One picture proves one thing.
    )


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo that is in the store, as its sender is told of it."""

    id: UUID
    stage: EvidenceStage
    angle: str
    position: int
    taken_at: datetime
    sha256: str
    width: int
    height: int


async def begin_evidence(
    tx: Transaction, order: Locked, seat: Seat, evidence_id: UUID, shot: Shot
) -> bytes:
    """Note a photo that is about to be stored; its bytes as they may leave this process.

    They are sealed for the user whose home they show, so that forgetting the user blinds them.
    """
    tx.write(
        Evidence(
            shard=order.shard,
            id=evidence_id,
            order_id=order.id,
            visit_id=seat.visit_id,
            position=seat.number,
            worker_id=WorkerId(seat.worker_id or UUID(int=0)),
            stage=shot.stage,
            angle=shot.angle,
            sha256=shot.photo.sha256,
            width=shot.photo.width,
            height=shot.photo.height,
            taken_at=tx.now,
            lat=shot.lat,
            lng=shot.lng,
        )
    )
    picture = base64.b64encode(shot.photo.content).decode()
    return await seal(tx, order.user_id, _PLACE, evidence_id, picture)


async def open_photo(
    tx: Transaction, caller: Caller, order: Order, evidence: Evidence, sealed: bytes
) -> bytes:
    """The picture, for a person to look at; the reading is recorded. Raises Erased."""
    why = f"a {caller.role} looks at a photo of the job"
    picture = await reveal(tx, caller, why, order.user_id, _PLACE, evidence.id, sealed)
    return base64.b64decode(picture)


async def evidence_for_update(tx: Transaction, evidence_id: UUID) -> Evidence | None:
    """A photo's row, stored or not, locked until the transaction ends; None once it was cleared."""
    query = select(Evidence).where(
        Evidence.shard == shard_of(evidence_id), Evidence.id == evidence_id
    )
    return (await tx.session.scalars(query.with_for_update())).one_or_none()


async def note_stored(tx: Transaction, evidence_id: UUID) -> StoredPhoto | None:
    """The photo is in the store now; None if its row was cleared meanwhile."""
    rows = await tx.run(_STORED, shard_of(evidence_id), evidence_id, tx.now)
    if not rows:
        return None
    return StoredPhoto(**dict(rows[0]) | {"stage": EvidenceStage(rows[0]["stage"])})


async def forget_evidence(tx: Transaction, evidence_id: UUID) -> bool:
    """Drop the row of a photo that was not stored whole; False if it was, and stays."""
    evidence = await evidence_for_update(tx, evidence_id)
    if evidence is None:
        return True
    if evidence.stored_at is not None:
        return False
    await tx.session.delete(evidence)
    return True


async def evidence_of(tx: Transaction, order: Order, evidence_id: UUID) -> Evidence:
    """A stored photo of the order. Raises PhotoNotFound."""
    query = select(Evidence).where(
        Evidence.shard == order.shard,
        Evidence.id == evidence_id,
        Evidence.order_id == order.id,
        Evidence.stored_at.is_not(None),
    )
    found = (await tx.session.scalars(query)).one_or_none()
    if found is None:
        raise PhotoNotFound(f"No photo {evidence_id}.")
    return found


async def photos_of(tx: Transaction, order: Order) -> Sequence[Evidence]:
    """All stored photos of the order, oldest first; there is a limit to their number."""
    query = select(Evidence).where(
        Evidence.shard == order.shard,
        Evidence.order_id == order.id,
        Evidence.stored_at.is_not(None),
    )
    return (await tx.session.scalars(query.order_by(Evidence.id))).all()


async def photos_sent(tx: Transaction, order: LockedOrder, shot: Shot) -> Sent:
    """How many photos the order has when this one comes, and whether it is one of them.

    Ask when the order's lock is held; the key by which this one is sealed is read as well.
    """
    which = (order.shard, order.id, order.visit_number)
    what = (shot.photo.sha256, order.user_id, shot.stage.value, shot.angle)
    [row] = await tx.run(_SENT, *which, *what)
    note_data_key(tx, order.user_id, row["wrapped"])
    return Sent(row["ever"], row["of_stage"], row["of_angle"], row["is_known"])


async def order_with_angles_for_update(
    tx: Transaction, caller: Caller, order_id: UUID
) -> tuple[LockedOrder, CrewNow, Angles]:
    """An order, locked, with its crew, and from which angles they have photos, by stage.

    A photo counts if it was stored before this was asked, and if who took it has been in the crew
    of the visit ever since. Raises OrderNotFound.
    """
    rows = await locked_rows(tx, _WITH_ANGLES[caller.role], order_id, caller.id)
    angles: dict[EvidenceStage, set[str]] = {stage: set() for stage in EvidenceStage}
    for stage, angle in rows[0]["angles"] or []:
        angles[EvidenceStage(stage)].add(angle)
    return order_in(rows[0]), crew_in(rows), angles
