"""Stop looking for the workers of an order that ended."""

from services.dispatch.domain.offer import OfferMove, OfferState
from services.dispatch.domain.search import SearchMove, SearchState
from services.dispatch.storage.offers import offers_held_for_update
from services.dispatch.storage.searches import note_closed, order_for_update, searches_for_update
from shared.contracts.ids import OrderId
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def close_search(tx: Transaction, order_id: OrderId) -> None:
    """Close every search of a cancelled order and take its offers back.

    An offer whose claim is under way is left to it: the order's own row decides.
    """
    order = await order_for_update(tx, order_id)
    if order is None:
        await note_closed(tx, order_id)
        return
    order.closed_at = order.closed_at or tx.now

    for search in await searches_for_update(tx, order_id):
        if search.state is SearchState.CLOSED:
            continue
        for offer in await offers_held_for_update(tx, search.id):
            if offer.state is not OfferState.CLAIMING:
                tx.move(offer, OfferMove.CANCEL, by=SYSTEM)
                await tx.cancel_timer("expire", offer.id)
        tx.move(search, SearchMove.CLOSE, by=SYSTEM)
        await tx.cancel_timer("search", search.id)
    await tx.cancel_timer("escalate", order_id)
