"""Let a worker decline an offer."""

from uuid import UUID

from services.dispatch.domain.offer import (
    Answer,
    DeclineReason,
    OfferExpired,
    OfferMove,
    OfferState,
)
from services.dispatch.domain.search import SearchMove
from services.dispatch.storage.candidates import count_answer
from services.dispatch.storage.offers import Offer, answer_of, offer_for_update
from services.dispatch.storage.searches import Search
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def decline_offer(
    tx: Transaction, caller: Caller, offer_id: UUID, reason: DeclineReason
) -> Answer:
    """Say no; the next worker is asked at once, this one not again for the order.

    Raises OfferNotFound, OfferExpired, MoveRefused.
    """
    offer = await offer_for_update(tx, caller, offer_id)

    if offer.is_over(tx.now):
        raise OfferExpired(f"Offer {offer_id} is over.", expired_at=offer.expires_at)

    said = {"answered_at": tx.now, "decline_reason": reason}
    await tx.move_where(Offer, offer.id, OfferMove.DECLINE, by=caller, **said)
    await tx.move_where(Search, offer.search_id, SearchMove.RESUME, by=caller)
    count_answer(tx, offer.worker_id, OfferState.DECLINED)
    await tx.cancel_timer("expire", offer.id)
    await tx.schedule("search", offer.search_id, tx.now)
    return answer_of(offer, OfferState.DECLINED, offer.point)
