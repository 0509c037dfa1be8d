"""End an offer that was not answered in time."""

from uuid import UUID

from services.dispatch.domain.offer import OfferMove, OfferState
from services.dispatch.domain.search import SearchMove
from services.dispatch.storage.candidates import count_answer
from services.dispatch.storage.offers import Offer, offer_for_update
from services.dispatch.storage.searches import Search
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def expire_offer(tx: Transaction, offer_id: UUID) -> None:
    """Take an unanswered offer back; the next worker is asked at once."""
    offer = await offer_for_update(tx, SYSTEM, offer_id)
    if offer.state is not OfferState.OFFERED or offer.expires_at > tx.now:
        return

    await tx.move_where(Offer, offer.id, OfferMove.EXPIRE, by=SYSTEM)
    await tx.move_where(Search, offer.search_id, SearchMove.RESUME, by=SYSTEM)
    count_answer(tx, offer.worker_id, OfferState.EXPIRED)
    await tx.schedule("search", offer.search_id, tx.now)
