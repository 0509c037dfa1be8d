"""HTTP for staff who ask why a worker was chosen, or not."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from services.dispatch.domain.offer import DeclineReason, OfferState
from services.dispatch.storage.offers import offers_of_order
from services.dispatch.storage.rounds import Round, rounds_of_order
from services.dispatch.storage.searches import Search
from shared.kit.web import ReadDep, StaffCaller

router = APIRouter(prefix="/staff/dispatch/orders", tags=["staff"])

_EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "id": "0199c1f2-7d3a-7bb1-9f1e-0242ac120002",
            "visit_id": "0199c1f2-7d3a-7bb1-9f1e-0242ac120003",
            "position": 1,
            "number": 1,
            "radius_m": 3000,
            "first_at": "2026-11-02T01:00:00Z",
            "last_at": "2026-11-02T01:00:00Z",
            "repeats": 1,
            "offer_id": "0199c1f2-7d3a-7bb1-9f1e-0242ac120004",
            "rejected": {"booked": 1},
            "candidates": [
                {
                    "worker_id": "0199c1f2-7d3a-7bb1-9f1e-0242ac120005",
                    "rejects": [],
                    "cost": 331.3,
                    "terms": {
                        "eta": 262.0,
                        "secondary_skill": 0.0,
                        "credit": 51.3,
                        "load": 0.0,
                        "acceptance": 18.0,
                    },
                    "features": {
                        "distance_m": 1040,
                        "hour": 9,
                        "crosses_harbour": False,
                        "is_secondary": False,
                        "credit": 82.9,
                        "relative_load": 0.0,
                        "acceptance": 0.8,
                    },
                },
                {"worker_id": "0199c1f2-7d3a-7bb1-9f1e-0242ac120006", "rejects": ["booked"]},
            ],
        }
    ],
    "next_cursor": None,
}


class RoundView(BaseModel):
    """One look around: everybody's terms in seconds, or why not."""

    id: UUID
    visit_id: UUID
    position: int
    number: int
    radius_m: int  # How far it had to look.
    first_at: datetime
    last_at: datetime
    repeats: int  # How often it came out the same.
    offer_id: UUID | None  # Null: nobody was found.
    rejected: dict[str, int]
    candidates: list[dict[str, Any]]

    @classmethod
    def of(cls, round: Round, search: Search) -> Self:
        return cls(
            id=round.id,
            visit_id=search.visit_id,
            position=search.position,
            number=round.number,
            radius_m=round.radius_m,
            first_at=round.first_at,
            last_at=round.last_at,
            repeats=round.repeats,
            offer_id=round.offer_id,
            rejected=round.rejected,
            candidates=round.candidates,
        )


class RoundPage(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    items: list[RoundView]
    next_cursor: UUID | None


class MadeOfferView(BaseModel):
    """An offer as staff see it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    visit_id: UUID
    position: int
    worker_id: UUID
    state: OfferState
    offered_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    decline_reason: DeclineReason | None
    lost_by: str | None
    promised_eta_seconds: int | None


class MadeOfferPage(BaseModel):
    items: list[MadeOfferView]
    next_cursor: UUID | None


@router.get("/{order_id}/rounds")
async def get_rounds(
    order_id: UUID,
    caller: StaffCaller,
    read: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> RoundPage:
    """Why these workers, and why not others.

    Each round is one look around: from the radius that the search has come to it goes wider step
    by step until somebody can come, and `radius_m` is how far that was. Priced candidates come
    first, cheapest first (`cost` is the sum of `terms`, in seconds; those already asked for this
    order come after the rest); then those passed over, each with reject codes:
    `offline not_approved suspended own_order skill level equipment district radius step hours
    booked open_offer refused_before offered_max asked_before stale_position no_position`.

    Example: the first candidate lost to the second although closer? Compare `terms.credit`.
    A worker is missing? They were not within the radius, or silent for half an hour.
    """
    async with read() as tx:
        found = await rounds_of_order(tx, order_id, cursor, limit + 1)
    shown = [RoundView.of(round, search) for round, search in found[:limit]]
    return RoundPage(items=shown, next_cursor=shown[-1].id if len(found) > limit else None)


@router.get("/{order_id}/offers")
async def get_order_offers(
    order_id: UUID,
    caller: StaffCaller,
    read: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> MadeOfferPage:
    """Every offer made for an order, oldest first, and what became of it.

    `lost_by` is the refusal that took an accepted offer back: `slot-taken` is the calendar's,
    `position-filled` and `move-refused` are the order's.
    """
    async with read() as tx:
        found = await offers_of_order(tx, order_id, cursor, limit + 1)
    shown = [MadeOfferView.model_validate(offer) for offer in found[:limit]]
    return MadeOfferPage(items=shown, next_cursor=shown[-1].id if len(found) > limit else None)
