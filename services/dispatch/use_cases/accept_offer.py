"""Let a worker accept an offer."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.dispatch.domain.offer import Answer, OfferExpired, OfferMove, PromiseTooLate
from services.dispatch.domain.ports import Assignments, Calendar
from services.dispatch.domain.search import SearchRules
from services.dispatch.storage.offers import Offer, claim_of, offer_for_update
from services.dispatch.use_cases.settle_claim import settle_claim
from shared.kit.caller import Caller
from shared.kit.ids import new_id
from shared.kit.once import Steps


async def accept_offer(
    steps: Steps,
    rules: SearchRules,
    calendar: Calendar,
    assignments: Assignments,
    caller: Caller,
    offer_id: UUID,
    eta_seconds: int,
) -> Answer:
    """Claim the job for the worker, then book their time and assign them; the answer is final.

    Raises OfferNotFound, OfferExpired, PromiseTooLate, MoveRefused, OfferLost.
    """
    async with steps.claim(new_id()) as tx:
        offer = await offer_for_update(tx, caller, offer_id)
        if offer.is_over(tx.now):
            raise OfferExpired(f"Offer {offer_id} is over.", expired_at=offer.expires_at)
        longest = rules.promise_max_seconds(offer.eta_seconds, offer.starts_at, tx.now)
        if eta_seconds > longest:
            raise PromiseTooLate(field="eta_seconds", reason=f"at most {longest}")
        said = {"answered_at": tx.now, "promised_eta_seconds": eta_seconds}
        move = OfferMove.CLAIM
        await tx.move_where(Offer, offer.id, move, by=caller, claim_id=steps.ref, **said)
        await tx.cancel_timer("expire", offer.id)
        await tx.schedule("claim", offer.id, tx.now + timedelta(seconds=rules.claim_seconds))
        claim = claim_of(replace(offer, answered_at=tx.now, promised_eta_seconds=eta_seconds))

    return await settle_claim(steps, calendar, assignments, claim)
