"""Carry a claim through calendar and order."""

from services.dispatch.domain.offer import Answer, Claim, OfferLost, OfferMove, OfferState
from services.dispatch.domain.ports import Assignments, Calendar
from services.dispatch.domain.search import SearchMove, SearchState
from services.dispatch.storage.candidates import count_answer
from services.dispatch.storage.offers import Offer, answer_of, offer_for_update, search_of
from services.dispatch.storage.searches import Search, known_order, search_for_update
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
        search, offer = await _locked(tx, claim.offer_id)
        order = await known_order(tx, offer.order_id)
        if offer.state is OfferState.CLAIMING and search.state is SearchState.CLOSED:
            tx.move(offer, OfferMove.CANCEL, by=SYSTEM)  # Cancelled right after it was assigned.
        elif offer.state is OfferState.CLAIMING:
            tx.move(offer, OfferMove.ACCEPT, by=SYSTEM)
            tx.move(search, SearchMove.FILL, by=SYSTEM)
            await count_answer(tx, offer.worker_id, OfferState.ACCEPTED)
            tx.publish(
                JobAssigned(
                    order_id=offer.order_id,
                    user_id=order.user_id,
                    offer_id=offer.id,
                    worker_id=offer.worker_id,
                    visit_id=offer.visit_id,
                    position=offer.position,
                )
            )
        await tx.cancel_timer("claim", offer.id)
        answer = answer_of(offer, search)
        steps.answer(answer)
    return answer


async def _lose(tx: Transaction, offer_id: OfferId, reason: str) -> None:
    """The claim was refused: the search goes on."""
    search, offer = await _locked(tx, offer_id)
    await tx.cancel_timer("claim", offer.id)
    if offer.state is not OfferState.CLAIMING:
        return
    tx.move(offer, OfferMove.LOSE, by=SYSTEM)
    offer.lost_by = reason
    if search.state is SearchState.OFFERED:
        tx.move(search, SearchMove.RESUME, by=SYSTEM)
        await tx.schedule("search", search.id, tx.now)


async def _locked(tx: Transaction, offer_id: OfferId) -> tuple[Search, Offer]:
    search = await search_for_update(tx, await search_of(tx, SYSTEM, offer_id))
    return search, await offer_for_update(tx, SYSTEM, offer_id)
