"""Take up a claim that was cut."""

import contextlib
from uuid import UUID

from services.dispatch.domain.offer import OfferLost, OfferState
from services.dispatch.domain.ports import Assignments, Calendar
from services.dispatch.storage.offers import Offer, claim_of
from services.dispatch.use_cases.settle_claim import settle_claim
from shared.kit.once import Steps
from shared.kit.session import Begin


async def finish_claim(
    begin: Begin, calendar: Calendar, assignments: Assignments, offer_id: UUID
) -> None:
    """Finish or undo a claim whose request did not come to its end; raises while nobody answers.

    Raises Unavailable.
    """
    offer = await _look_at(begin, offer_id)
    if offer.state is not OfferState.CLAIMING or offer.claim_id is None:
        return

    steps = Steps.resumed(begin, offer.claim_id)
    try:
        with contextlib.suppress(OfferLost):  # Undone: the search goes on.
            await settle_claim(steps, calendar, assignments, claim_of(offer))
    except Exception:
        # The request may have come to its end while we asked; then there is nothing left to do.
        if (await _look_at(begin, offer_id)).state is OfferState.CLAIMING:
            raise


async def _look_at(begin: Begin, offer_id: UUID) -> Offer:
    async with begin() as tx:
        return await tx.session.get_one(Offer, offer_id)
