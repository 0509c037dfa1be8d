"""Rows of offers, and the queries that answer and list them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, or_, select, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.dispatch.domain.hours import Interval
from services.dispatch.domain.offer import (
    HOLDING,
    Answer,
    Claim,
    DeclineReason,
    OfferNotFound,
    OfferState,
    tells_place,
)
from services.dispatch.domain.search import SearchState
from services.dispatch.storage import Row
from services.dispatch.storage.searches import Search
from shared.contracts.ids import OfferId, OfferingId, OrderId, UserId, VisitId, WorkerId
from shared.contracts.shapes import Point, Urgency
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from shared.kit.money import Currency, Money
from shared.kit.rows import money_columns, one_of
from shared.kit.session import Transaction


class Offer(Row):
    """A job proposed to one worker."""

    __tablename__ = "offers"
    # The database holds the rules too: one open or accepted offer a position, one open a worker.
    __table_args__ = (
        Index(
            "offers_holding_position",
            "search_id",
            unique=True,
            postgresql_where=text("state IN ('offered', 'claiming', 'accepted')"),
        ),
        Index(
            "offers_open_with_worker",
            "worker_id",
            unique=True,
            postgresql_where=text("state IN ('offered', 'claiming')"),
        ),
        Index(
            "offers_at_hand",
            "worker_id",
            postgresql_where=text("state = 'accepted' AND ended_at IS NULL"),
        ),
        Index("ix_offers_order_id_id", "order_id", "id"),
        Index("ix_offers_worker_id_id", "worker_id", "id"),
        Index(
            "offers_claim", "claim_id", unique=True, postgresql_where=text("claim_id IS NOT NULL")
        ),
        CheckConstraint("offered_at < expires_at", name="interval"),
        CheckConstraint("distance_m >= 0 AND eta_seconds >= 0", name="way"),
        CheckConstraint("net_minor >= 0", name="net"),
        CheckConstraint("(state = 'claiming') <= (claim_id IS NOT NULL)", name="claim"),
    )

    search_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("searches.id"))
    order_id: Mapped[OrderId] = mapped_column(Uuid)
    visit_id: Mapped[VisitId] = mapped_column(Uuid)
    position: Mapped[int]
    worker_id: Mapped[WorkerId] = mapped_column(Uuid)
    net: Mapped[Money] = composite(*money_columns("net"))
    distance_m: Mapped[int]
    eta_seconds: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[OfferState] = mapped_column(
        one_of(OfferState, "state"), default=OfferState.OFFERED, server_default=text("'offered'")
    )
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    promised_eta_seconds: Mapped[int | None] = mapped_column(default=None)  # The worker's own.
    decline_reason: Mapped[DeclineReason | None] = mapped_column(
        one_of(DeclineReason, "decline_reason"), default=None
    )
    claim_id: Mapped[UUID | None] = mapped_column(Uuid, default=None)  # The accepting request.
    lost_by: Mapped[str | None] = mapped_column(default=None)  # The code of the refusal.
    ended_at: Mapped[datetime | None] = mapped_column(default=None)  # The job is over.
    id: Mapped[OfferId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


_OFFER = """
INSERT INTO offers (id, search_id, order_id, visit_id, position, worker_id, net_minor,
                    net_currency, distance_m, eta_seconds, starts_at, ends_at, offered_at,
                    expires_at)
SELECT $1, s.id, s.order_id, s.visit_id, s.position, $3, s.net_minor, s.net_currency, $4, $5,
       $6, $7, $8, $9
FROM searches s WHERE s.id = $2
ON CONFLICT DO NOTHING RETURNING id, worker_id, expires_at
"""


@dataclass(frozen=True, slots=True)
class MadeOffer:
    """An offer that was made just now."""

    id: OfferId
    worker_id: WorkerId
    expires_at: datetime


async def make_offer(
    tx: Transaction,
    search_id: UUID,
    worker_id: UUID,
    distance_m: int,
    eta_seconds: int,
    time: Interval,
    expires_at: datetime,
) -> MadeOffer | None:
    """Offer the position to a worker; None if they have got another offer in this moment.

    The time is the one they were judged by: it is what they see, and what a yes will book.
    """
    terms = (distance_m, eta_seconds, time.starts_at, time.ends_at, tx.now, expires_at)
    rows = await tx.run(_OFFER, new_id(), search_id, worker_id, *terms)
    return MadeOffer(**rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class HeldOffer:
    """An offer and its search, both locked, with what answering reads of them."""

    id: OfferId
    state: OfferState
    search_id: UUID
    search_state: SearchState
    order_id: OrderId
    user_id: UserId
    visit_id: VisitId
    position: int
    worker_id: WorkerId
    net: Money
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    eta_seconds: int
    answered_at: datetime | None
    promised_eta_seconds: int | None
    point: Point

    def is_over(self, now: datetime) -> bool:
        """Whether the time to answer it has passed."""
        late = self.state is OfferState.OFFERED and self.expires_at <= now
        return late or self.state is OfferState.EXPIRED


# The search is locked before its offer, as everywhere; $2 is the worker who must be its own.
_LOCKED = """
WITH search AS MATERIALIZED (
    SELECT id, state, lat, lng FROM searches
    WHERE id = (SELECT search_id FROM offers WHERE id = $1 AND worker_id = coalesce($2, worker_id))
    FOR NO KEY UPDATE)
SELECT o.id, o.state, o.search_id, o.order_id, o.visit_id, o.position, o.worker_id, o.net_minor,
    o.net_currency, o.starts_at, o.ends_at, o.expires_at, o.eta_seconds, o.answered_at,
    o.promised_eta_seconds, k.user_id, search.state AS search_state, search.lat, search.lng
FROM search JOIN offers o ON o.search_id = search.id JOIN known_orders k USING (order_id)
WHERE o.id = $1 FOR UPDATE OF o
"""


async def offer_for_update(tx: Transaction, caller: Caller, offer_id: UUID) -> HeldOffer:
    """The caller's offer, locked after its search. Raises OfferNotFound."""
    worker_id = None if caller.role is Role.SYSTEM else caller.id
    rows = await tx.run(_LOCKED, offer_id, worker_id)
    if not rows:
        raise OfferNotFound(f"No offer {offer_id}.")
    fields = dict(rows[0])
    return HeldOffer(
        state=OfferState(fields.pop("state")),
        search_state=SearchState(fields.pop("search_state")),
        net=Money(fields.pop("net_minor"), Currency(fields.pop("net_currency"))),
        point=Point(lat=fields.pop("lat"), lng=fields.pop("lng")),
        **fields,
    )


async def offers_held_for_update(
    tx: Transaction, search_id: UUID, named: Collection[OfferId] = ()
) -> Sequence[Offer]:
    """The offer that holds a position, none or one, and those named, locked by id."""
    wanted = or_(Offer.state.in_(HOLDING), Offer.id.in_(named))
    mine = select(Offer).where(Offer.search_id == search_id, wanted).order_by(Offer.id)
    return (await tx.session.scalars(mine.with_for_update())).all()


_END = """
WITH ended AS (
    UPDATE offers SET ended_at = $3
    WHERE order_id = $1 AND visit_id = $2 AND state IN ('claiming', 'accepted')
        AND ended_at IS NULL
    RETURNING worker_id)
UPDATE presences SET idle_since = $4 WHERE worker_id IN (SELECT worker_id FROM ended)
"""


async def end_jobs(
    tx: Transaction, order_id: OrderId, visit_id: VisitId, ended_at: datetime
) -> None:
    """The work of a visit is done: its offers are no longer at hand, and their workers idle.

    A claim whose last step is still to come was assigned already; it keeps nobody busy either.
    """
    await tx.run(_END, order_id, visit_id, ended_at, tx.now)


def claim_of(offer: Offer | HeldOffer) -> Claim:
    """What calendar and order are asked about an offer that was answered with a yes."""
    assert offer.answered_at is not None
    assert offer.promised_eta_seconds is not None
    on_the_way = timedelta(seconds=offer.promised_eta_seconds)
    return Claim(
        offer_id=offer.id,
        order_id=offer.order_id,
        visit_id=offer.visit_id,
        position=offer.position,
        worker_id=offer.worker_id,
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        promised_at=offer.answered_at + on_the_way,
    )


def answer_of(offer: Offer | HeldOffer, state: OfferState, point: Point) -> Answer:
    """The offer as its worker sees it after answering."""
    return Answer(
        id=offer.id,
        state=state,
        order_id=offer.order_id,
        visit_id=offer.visit_id,
        position=offer.position,
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        net_pay=offer.net,
        promised_eta_seconds=offer.promised_eta_seconds,
        point=point if state is OfferState.ACCEPTED else None,
    )


async def answer_to_claim(tx: Transaction, claim_id: UUID) -> Answer:
    """How a claim ended that a timer finished. Raises OfferNotFound."""
    mine = select(Offer, Search).join(Search, Search.id == Offer.search_id)
    found = (await tx.session.execute(mine.where(Offer.claim_id == claim_id))).one_or_none()
    if found is None:
        raise OfferNotFound(f"No offer with the claim {claim_id}.")
    offer, search = found
    answer = answer_of(offer, offer.state, Point(lat=search.lat, lng=search.lng))
    is_told = tells_place(offer.state, offer.ended_at, tx.now)
    return answer if is_told else replace(answer, point=None)


_PLACE = """
SELECT o.state, o.ended_at, s.lat, s.lng FROM offers o JOIN searches s ON s.id = o.search_id
WHERE o.id = $1 AND o.worker_id = $2
"""


async def place_told(tx: Transaction, caller: Caller, offer_id: UUID) -> Point | None:
    """The exact place of the caller's job; None if they may not look it up, or not any more."""
    for row in await tx.run(_PLACE, offer_id, caller.id):
        if tells_place(OfferState(row["state"]), row["ended_at"], tx.now):
            return Point(lat=row["lat"], lng=row["lng"])
    return None


@dataclass(frozen=True, slots=True)
class Sheet:
    """An offer with what it is about."""

    id: OfferId
    state: OfferState
    order_id: OrderId
    visit_id: VisitId
    position: int
    net: Money
    distance_m: int
    eta_seconds: int
    starts_at: datetime
    ends_at: datetime
    offered_at: datetime
    expires_at: datetime
    ended_at: datetime | None  # The job is over.
    exact: Point
    coarse: Point  # What the worker sees before accepting.
    district: str
    category: str
    offering_id: OfferingId
    offering_name: dict[str, str]
    urgency: Urgency
    equipment: str


_TO = """
SELECT o.id, o.state, o.order_id, o.visit_id, o.position, o.net_minor, o.net_currency,
    o.distance_m, o.eta_seconds, o.starts_at, o.ends_at, o.offered_at, o.expires_at,
    o.ended_at, s.lat, s.lng, s.coarse_lat, s.coarse_lng, s.district,
    k.category, k.offering_id, k.offering_name, k.urgency, k.equipment
FROM offers o JOIN searches s ON s.id = o.search_id JOIN known_orders k ON k.order_id = o.order_id
WHERE o.worker_id = $1 AND ($2::uuid IS NULL OR o.id < $2)
"""
_ALL_TO = f"{_TO} ORDER BY o.id DESC LIMIT $3"
# One at most: neither put in order nor limited, it is found by the index of open offers.
_OPEN_TO = f"{_TO} AND o.state = 'offered' AND o.expires_at > $3"


async def offers_to(
    tx: Transaction, caller: Caller, only_open: bool, before: UUID | None, limit: int
) -> list[Sheet]:
    """A worker's offers, newest first; only those still to be answered, if asked."""
    if only_open:
        rows = await tx.run(_OPEN_TO, caller.id, before, tx.now)
    else:
        rows = await tx.run(_ALL_TO, caller.id, before, limit)
    return [_sheet(dict(row)) for row in rows]


def _sheet(fields: dict[str, Any]) -> Sheet:
    return Sheet(
        state=OfferState(fields.pop("state")),
        urgency=Urgency(fields.pop("urgency")),
        net=Money(fields.pop("net_minor"), Currency(fields.pop("net_currency"))),
        exact=Point(lat=fields.pop("lat"), lng=fields.pop("lng")),
        coarse=Point(lat=fields.pop("coarse_lat"), lng=fields.pop("coarse_lng")),
        **fields,
    )


async def offers_of_order(
    tx: Transaction, order_id: UUID, after: UUID | None, limit: int
) -> Sequence[Offer]:
    """All offers of an order, oldest first."""
    mine = select(Offer).where(Offer.order_id == order_id)
    if after is not None:
        mine = mine.where(Offer.id > after)
    return (await tx.session.scalars(mine.order_by(Offer.id).limit(limit))).all()
