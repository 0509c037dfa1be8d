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
from services.dispatch.storage.offers import answer_of, offer_for_update, search_of
from services.dispatch.storage.searches import search_for_update
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def decline_offer(
    tx: Transaction, caller: Caller, offer_id: UUID, reason: DeclineReason
) -> Answer:
    """Say no; the next worker is asked at once, this one not again for the order.

    Raises OfferNotFound, OfferExpired, MoveRefused.
    """
    search = await search_for_update(tx, await search_of(tx, caller, offer_id))
    offer = await offer_for_update(tx, caller, offer_id)

    late = offer.state is OfferState.OFFERED and offer.expires_at <= tx.now
    if late or offer.state is OfferState.EXPIRED:
        raise OfferExpired(f"Offer {offer_id} is over.", expired_at=offer.expires_at)

    tx.move(offer, OfferMove.DECLINE, by=caller)
    tx.move(search, SearchMove.RESUME, by=caller)
    offer.answered_at = tx.now
    offer.decline_reason = reason
    await count_answer(tx, offer.worker_id, OfferState.DECLINED)
    await tx.cancel_timer("expire", offer.id)
    await tx.schedule("search", search.id, tx.now)
    return answer_of(offer, search)
