"""End an offer that was not answered in time."""

from datetime import timedelta
from uuid import UUID

from services.dispatch.domain.offer import OfferMove, OfferState
from services.dispatch.domain.search import SearchMove
from services.dispatch.storage.candidates import count_answer
from services.dispatch.storage.offers import offer_for_update, search_of
from services.dispatch.storage.searches import search_unless_busy
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction

BUSY_AGAIN = timedelta(seconds=1)


async def expire_offer(tx: Transaction, offer_id: UUID) -> None:
    """Take an unanswered offer back; the next worker is asked at once."""
    search = await search_unless_busy(tx, await search_of(tx, SYSTEM, offer_id))
    if search is None:
        await tx.schedule("expire", offer_id, tx.now + BUSY_AGAIN)
        return
    offer = await offer_for_update(tx, SYSTEM, offer_id)
    if offer.state is not OfferState.OFFERED or offer.expires_at > tx.now:
        return

    tx.move(offer, OfferMove.EXPIRE, by=SYSTEM)
    tx.move(search, SearchMove.RESUME, by=SYSTEM)
    await count_answer(tx, offer.worker_id, OfferState.EXPIRED)
    await tx.schedule("search", search.id, tx.now)
