"""Hold the coupons of a placing and make its order, or take the placing back."""

from services.order.domain.placing import Placing, same_payable
from services.order.domain.ports import Benefits, Promotion
from services.order.domain.refusals import PriceChanged
from services.order.storage.orders import Order
from services.order.storage.placing import write_order
from services.order.storage.quotes import quote_for_update
from services.order.storage.telling import placed_facts
from services.order.use_cases.take_back_placing import take_back_placing
from shared.contracts.order import OrderPlaced
from shared.kit.errors import Refused
from shared.kit.once import RequestUndone, Steps


async def finish_placing(steps: Steps, promotion: Promotion, placing: Placing) -> Order:
    """Place the order with the coupons held; whoever cannot hold them gets the quote back.

    Safe to repeat by the same order id. Raises Refused, PriceChanged, RequestUndone, Unavailable.
    Tells order.placed.v1.
    """
    try:
        held = await _hold(promotion, placing)
        return await _place(steps, placing, held)
    except (Refused, PriceChanged, RequestUndone):
        whose = (placing.caller, placing.order_id, placing.quote_id)
        await take_back_placing(steps, promotion, *whose)
        raise


async def _hold(promotion: Promotion, placing: Placing) -> Benefits:
    """The coupons held as quoted."""
    held = await promotion.lock(
        placing.caller, placing.order_id, placing.basket, placing.coupon_ids
    )
    if not same_payable(placing, held.applied):
        raise PriceChanged("The coupons take off another sum by now.")
    return held


async def _place(steps: Steps, placing: Placing, held: Benefits) -> Order:
    """The order, unless the placing was taken back meanwhile."""
    async with steps.finish() as tx:
        quote = await quote_for_update(tx, placing.caller, placing.quote_id)
        if quote is None or quote.order_id != placing.order_id:
            raise RequestUndone("The placing was taken back.")
        placed = await write_order(
            tx,
            placing.by,
            placing.order_id,
            quote,
            held.applied,
            placing.start_code,
            placing.reason,
        )
        await tx.cancel_timer("placing", placing.order_id)
        tx.publish(
            OrderPlaced(**placed_facts(placed.order, placed.visits, placed.stops, placed.positions))
        )
        steps.answer(placed.order)
    return placed.order
