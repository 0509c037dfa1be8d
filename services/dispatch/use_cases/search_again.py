"""Look again for positions that lost their workers."""

from datetime import timedelta

from services.dispatch.domain.offer import HOLDING, OfferMove, OfferState
from services.dispatch.domain.search import AGAIN_SECONDS, UNFILLED, SearchMove
from services.dispatch.storage.offers import offers_held_for_update
from services.dispatch.storage.searches import Search, order_for_update, searches_for_update
from shared.contracts.order import OrderReleased
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def search_again(tx: Transaction, released: OrderReleased) -> None:
    """Release the offers that held the positions and search anew, without their workers."""
    order = await order_for_update(tx, released.order_id)
    if order is None or order.closed_at is not None:
        return

    reopened = False
    for search in await searches_for_update(tx, released.order_id):
        named = search.visit_id == released.visit_id and search.position in released.positions
        if named and await _release(tx, search, released):
            reopened = True

    if reopened:
        lasts = timedelta(seconds=AGAIN_SECONDS[order.urgency])
        order.search_until = max(order.search_until, tx.now + lasts)
        order.escalated_at = None
        await tx.schedule("escalate", order.order_id, order.search_until)


async def _release(tx: Transaction, search: Search, released: OrderReleased) -> bool:
    """Free one position of what the order let go; whether that leaves it without a worker.

    The claim may be cut, and lost since: its worker has left all the same, and what they were
    offered after that is taken back. Another worker's offer stays.
    """
    freed = held = False
    for offer in await offers_held_for_update(tx, search.id, released.offers):
        if offer.id in released.offers and offer.state in OfferMove.RELEASE.sources:
            tx.move(offer, OfferMove.RELEASE, by=SYSTEM)
            await tx.cancel_timer("claim", offer.id)
            freed = True
        elif offer.worker_id in released.workers and offer.state is OfferState.OFFERED:
            tx.move(offer, OfferMove.CANCEL, by=SYSTEM)
            await tx.cancel_timer("expire", offer.id)
            freed = True
        elif offer.state in HOLDING:
            held = True
    if freed and not held and search.state in SearchMove.REOPEN.sources:
        tx.move(search, SearchMove.REOPEN, by=SYSTEM)
        search.step = 0
        await tx.schedule("search", search.id, tx.now)
    return freed and search.state in UNFILLED
