"""Look around for the worker of one position."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.dispatch.domain.cost import eta_seconds
from services.dispatch.domain.places import rounded_m
from services.dispatch.domain.search import SearchMove, SearchRules, SearchState
from services.dispatch.domain.widening import Look, look_around
from services.dispatch.storage.nearby import workers_near
from services.dispatch.storage.offers import MadeOffer, make_offer
from services.dispatch.storage.rounds import keep_round, new_round
from services.dispatch.storage.searches import Search, Wanted, wanted_for_update
from shared.contracts.dispatch import JobOffered
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction

TAKEN_AGAIN = timedelta(seconds=1)


async def run_round(tx: Transaction, rules: SearchRules, search_id: UUID) -> None:
    """Offer the job to the best worker near enough, looking wider until somebody is found.

    Tells dispatch.offered.v1.
    """
    wanted = await wanted_for_update(tx, search_id)
    if wanted.state is not SearchState.SEARCHING:
        return

    look = await _look(tx, rules, wanted)
    offer = await _offer(tx, rules, wanted, look)

    if offer is None:
        keep_round(tx, wanted, look)
        again_at = rules.again_at(wanted.job.urgency, wanted.is_escalated, tx.now)
        if look.able:  # All of them were taken in this moment; the next look sees that.
            again_at = tx.now + TAKEN_AGAIN
        await tx.schedule("search", search_id, again_at)
        return
    number = wanted.rounds + 1
    await tx.move_where(
        Search, search_id, SearchMove.OFFER, by=SYSTEM, step=look.step, rounds=number
    )
    tx.write(new_round(tx, wanted, look, offer.id))
    await tx.schedule("expire", offer.id, offer.expires_at)

    tx.publish(
        JobOffered(
            order_id=wanted.job.order_id,
            user_id=wanted.job.user_id,
            offer_id=offer.id,
            worker_id=offer.worker_id,
            visit_id=wanted.job.visit_id,
            position=wanted.job.position,
            net_pay=wanted.net,
            expires_at=offer.expires_at,
        )
    )


async def _look(tx: Transaction, rules: SearchRules, wanted: Wanted) -> Look:
    """Those within the radius that the search has come to; then everybody, all steps in one go."""
    last = len(rules.radius_steps_m) - 1
    step = min(wanted.step, last)
    near = await workers_near(tx, wanted.job, rules.radius_steps_m[step])
    look = look_around(wanted.job, near, range(step, step + 1), tx.now, rules)
    if look.able or step == last:
        return look
    everybody = await workers_near(tx, wanted.job, rules.radius_steps_m[last])
    return look_around(wanted.job, everybody, range(step + 1, last + 1), tx.now, rules)


async def _offer(
    tx: Transaction, rules: SearchRules, wanted: Wanted, look: Look
) -> MadeOffer | None:
    """The offer to the best of those who could come; none if others got hold of all of them."""
    expires_at = rules.expires_at(wanted.job.urgency, tx.now)
    for one in look.able:
        assert one.features is not None
        # As long as the told distance takes: the true one would give the place away.
        told = replace(one.features, distance_m=rounded_m(one.features.distance_m))
        terms = (one.features.distance_m, eta_seconds(told), wanted.job.time, expires_at)
        offer = await make_offer(tx, wanted.id, one.worker_id, *terms)
        if offer is not None:
            return offer
    return None
