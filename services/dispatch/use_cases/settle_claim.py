"""Carry a claim through calendar and order."""

from dataclasses import replace

from services.dispatch.domain.offer import Answer, Claim, OfferLost, OfferMove, OfferState
from services.dispatch.domain.ports import Assignments, Calendar
from services.dispatch.domain.search import SearchMove, SearchState
from services.dispatch.storage.candidates import count_answer
from services.dispatch.storage.offers import HeldOffer, Offer, answer_of, offer_for_update
from services.dispatch.storage.searches import Search
from shared.contracts.dispatch import JobAssigned
from shared.contracts.ids import OfferId
from shared.kit.caller import SYSTEM
from shared.kit.errors import Refused
from shared.kit.once import Steps
from shared.kit.session import Transaction


async def settle_claim(
    steps: Steps, calendar: Calendar, assignments: Assignments, claim: Claim
) -> Answer:
    """Book the worker's time and assign the position; a refusal by either takes the claim back.

    Repeated with the same claim it goes on where it was cut. A time-out is no refusal: it leaves
    the claim to the timer. Raises OfferLost. Tells dispatch.job_assigned.v1.
    """
    try:
        await calendar.book(claim)
        await assignments.assign(claim)
    except Refused as refused:
        # Even where the booking was refused: an earlier, delayed call may still come.
        await calendar.release(claim)
        async with steps.undo() as tx:
            await _lose(tx, claim.offer_id, refused.peer_code)
        raise OfferLost("The job went to nobody.", reason=refused.peer_code) from refused

    async with steps.finish() as tx:
        offer = await offer_for_update(tx, SYSTEM, claim.offer_id)
        ended_as = await _win(tx, offer)
        await tx.cancel_timer("claim", offer.id)
        answer = answer_of(offer, ended_as, offer.point)
        steps.answer(replace(answer, point=None))  # Kept longer than the place may be told.
    return answer


async def _win(tx: Transaction, offer: HeldOffer) -> OfferState:
    """The claim was granted: the job is the worker's, unless the order ended right after."""
    if offer.state is not OfferState.CLAIMING:
        return offer.state
    if offer.search_state is SearchState.CLOSED:
        await tx.move_where(Offer, offer.id, OfferMove.CANCEL, by=SYSTEM)
        return OfferState.CANCELLED
    await tx.move_where(Offer, offer.id, OfferMove.ACCEPT, by=SYSTEM)
    await tx.move_where(Search, offer.search_id, SearchMove.FILL, by=SYSTEM)
    count_answer(tx, offer.worker_id, OfferState.ACCEPTED)
    tx.publish(
        JobAssigned(
            order_id=offer.order_id,
            user_id=offer.user_id,
            offer_id=offer.id,
            worker_id=offer.worker_id,
            visit_id=offer.visit_id,
            position=offer.position,
        )
    )
    return OfferState.ACCEPTED


async def _lose(tx: Transaction, offer_id: OfferId, reason: str) -> None:
    """The claim was refused: the search goes on."""
    offer = await offer_for_update(tx, SYSTEM, offer_id)
    await tx.cancel_timer("claim", offer.id)
    if offer.state is not OfferState.CLAIMING:
        return
    await tx.move_where(Offer, offer.id, OfferMove.LOSE, by=SYSTEM, lost_by=reason)
    if offer.search_state is SearchState.OFFERED:
        await tx.move_where(Search, offer.search_id, SearchMove.RESUME, by=SYSTEM)
        await tx.schedule("search", offer.search_id, tx.now)
