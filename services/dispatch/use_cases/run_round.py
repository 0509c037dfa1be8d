"""Look around for the worker of one position."""

from datetime import timedelta
from uuid import UUID

from services.dispatch.domain.cost import eta_seconds, judge
from services.dispatch.domain.search import SearchMove, SearchRules, SearchState
from services.dispatch.storage.nearby import workers_near
from services.dispatch.storage.offers import Offer, make_offer
from services.dispatch.storage.rounds import keep_round
from services.dispatch.storage.searches import (
    KnownOrder,
    Search,
    job_of,
    known_order,
    search_unless_busy,
)
from shared.contracts.dispatch import JobOffered
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction

BUSY_AGAIN = timedelta(seconds=1)


async def run_round(tx: Transaction, rules: SearchRules, search_id: UUID) -> None:
    """Offer the job to the best worker near enough, looking wider until somebody is found.

    Tells dispatch.offered.v1.
    """
    search = await search_unless_busy(tx, search_id)
    if search is None:
        await tx.schedule("search", search_id, tx.now + BUSY_AGAIN)
        return
    if search.state is not SearchState.SEARCHING:
        return
    order = await known_order(tx, search.order_id)

    offer = await _look(tx, rules, order, search)
    while offer is None and search.step + 1 < len(rules.radius_steps_m):
        search.step += 1
        offer = await _look(tx, rules, order, search)

    if offer is None:
        again_at = rules.again_at(order.urgency, order.escalated_at is not None, tx.now)
        await tx.schedule("search", search.id, again_at)
        return
    tx.move(search, SearchMove.OFFER, by=SYSTEM)
    await tx.schedule("expire", offer.id, offer.expires_at)

    tx.publish(
        JobOffered(
            order_id=search.order_id,
            user_id=order.user_id,
            offer_id=offer.id,
            worker_id=offer.worker_id,
            visit_id=search.visit_id,
            position=search.position,
            net_pay=search.net,
            expires_at=offer.expires_at,
        )
    )


async def _look(
    tx: Transaction, rules: SearchRules, order: KnownOrder, search: Search
) -> Offer | None:
    """One round within the search's radius; the offer made, if any."""
    radius_m = rules.radius_steps_m[min(search.step, len(rules.radius_steps_m) - 1)]
    job = job_of(order, search)
    judged = judge(job, await workers_near(tx, job, radius_m), radius_m, tx.now, rules)
    expires_at = rules.expires_at(order.urgency, tx.now)
    offer_id = None
    for one in judged:
        if one.features is None or offer_id is not None:
            break
        way = (one.features.distance_m, eta_seconds(one.features))
        offer_id = await make_offer(tx, search, one.worker_id, *way, expires_at)
    await keep_round(tx, search, radius_m, judged, offer_id)
    return await tx.session.get_one(Offer, offer_id) if offer_id else None
