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
    async with begin() as tx:
        offer = await tx.session.get_one(Offer, offer_id)
    if offer.state is not OfferState.CLAIMING or offer.claim_id is None:
        return

    steps = Steps.resumed(begin, offer.claim_id)
    with contextlib.suppress(OfferLost):  # Undone: the search goes on.
        await settle_claim(steps, calendar, assignments, claim_of(offer))
