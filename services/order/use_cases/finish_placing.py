"""Hold the coupons of a placing and make its order, or take the placing back."""

from services.order.domain.placing import Placing, same_payable
from services.order.domain.ports import Benefits, Promotion
from services.order.domain.refusals import PriceChanged
from services.order.storage.orders import Order, order_exists
from services.order.storage.placing import write_order
from services.order.storage.quotes import free_quote, quote_for_update
from services.order.storage.telling import placed_facts
from shared.contracts.order import OrderPlaced
from shared.kit.errors import Refused
from shared.kit.once import RequestUndone, Steps


async def finish_placing(steps: Steps, promotion: Promotion, placing: Placing) -> Order:
    """Place the order with the coupons held; whoever cannot hold them gets the quote back.

    Safe to repeat by the same order id. Raises Refused, PriceChanged, RequestUndone, Unavailable.
    Tells order.placed.v1.
    """
    held = await _hold_or_undo(steps, promotion, placing)
    async with steps.finish() as tx:
        quote = await quote_for_update(tx, placing.caller, placing.quote_id)
        if quote.order_id != placing.order_id:
            raise RequestUndone("The placing was taken back.")
        placed = await write_order(
            tx,
            placing.caller,
            placing.order_id,
            quote,
            held.applied,
            placing.start_code,
        )
        await tx.cancel_timer("placing", placing.order_id)
        tx.publish(
            OrderPlaced(**placed_facts(placed.order, placed.visits, placed.stops, placed.positions))
        )
        steps.answer(placed.order)
    return placed.order


async def _hold_or_undo(steps: Steps, promotion: Promotion, placing: Placing) -> Benefits:
    """The coupons held as quoted; otherwise none is held and the quote is free again."""
    refusal: Refused | PriceChanged
    try:
        held = await promotion.lock(
            placing.caller, placing.order_id, placing.basket, placing.coupon_ids
        )
        if same_payable(placing, held.applied):
            return held
        await promotion.release(placing.caller, placing.order_id)
        refusal = PriceChanged("The coupons take off another sum by now.")
    except Refused as refused:
        refusal = refused
    async with steps.undo() as tx:
        quote = await quote_for_update(tx, placing.caller, placing.quote_id)
        if not await order_exists(tx, placing.order_id):  # It may be placed and cancelled by now.
            free_quote(tx, quote)
        await tx.cancel_timer("placing", placing.order_id)
    raise refusal
