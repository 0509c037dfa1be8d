"""Begin to pay an order at a channel."""

from dataclasses import dataclass
from datetime import timedelta

from services.payment.domain.payable import NothingToPay, PayableMove
from services.payment.domain.payment import (
    PAY_SECONDS_MIN,
    PREPARE_SECONDS_MAX,
    ChannelName,
    PayerUnknown,
    PaymentAlreadyOpen,
    PaymentMove,
    PayTimeOver,
    TooManyPayments,
    channel_number,
    next_poll_at,
)
from services.payment.domain.ports import Channel, ChannelOrder, WechatLogin
from services.payment.storage.payables import Payable, payable_for_update
from services.payment.storage.payments import (
    Payment,
    begun_since,
    closable_payments,
    keep_payer,
    payer_account,
    payment_for_update,
)
from shared.contracts.ids import OrderId, UserId
from shared.kit.caller import SYSTEM, Caller
from shared.kit.errors import Problem, Unavailable
from shared.kit.ids import new_id
from shared.kit.once import Steps
from shared.kit.session import Transaction


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that the user can pay now, with what the channel's app takes."""

    payment: Payment
    wechat: dict[str, str]


async def start_payment(
    steps: Steps,
    channel: Channel,
    login: WechatLogin,
    caller: Caller,
    order_id: OrderId,
    name: ChannelName,
    code: str | None,
    per_minute_max: int,
) -> Begun:
    """Open an attempt at the channel, so that the user can pay the order in its app.

    Raises PayableNotFound, NothingToPay, MoveRefused, PayTimeOver, PaymentAlreadyOpen,
    TooManyPayments, PayerUnknown, LoginCodeRefused, ChannelRefused, ChannelUnavailable.
    """
    ref = new_id()
    async with steps.claim(ref) as tx:
        payable = await payable_for_update(tx, caller, order_id)
        await _check(tx, payable, caller, name, per_minute_max)
        attempt = _attempt(tx, payable, name)
        attempt.id = ref
        known = None if code else await payer_account(tx, payable.user_id)
        if not code and known is None:
            raise PayerUnknown(field="wechat_code", reason="missing")
        description = payable.description
        tx.add(attempt)
        await tx.schedule("undo_payment", ref, tx.now + timedelta(seconds=PREPARE_SECONDS_MAX))

    try:
        payer = known or await login.openid(code or "")
        asked = ChannelOrder(
            channel_number(ref), order_id, attempt.amount, description, payer, attempt.expires_at
        )
        prepay_id = await channel.open(asked)
    except Unavailable:
        raise  # Nothing is known: the timer finds out and undoes it.
    except Problem:
        async with steps.undo() as tx:
            tx.move(await payment_for_update(tx, ref), PaymentMove.CLOSE, by=SYSTEM)
            await tx.cancel_timer("undo_payment", ref)
        raise

    async with steps.finish() as tx:
        attempt = await payment_for_update(tx, ref)
        tx.move(attempt, PaymentMove.OPEN, by=caller)
        attempt.prepay_id, attempt.opened_at = prepay_id, tx.now
        if code:
            await keep_payer(tx, UserId(caller.id), payer)
        await tx.cancel_timer("undo_payment", ref)
        if (poll_at := next_poll_at(tx.now, tx.now)) is not None:
            await tx.schedule("poll_payment", ref, poll_at)
        begun = Begun(attempt, channel.pay_params(prepay_id))
        steps.answer(begun)
    return begun


async def _check(
    tx: Transaction, payable: Payable, caller: Caller, name: ChannelName, per_minute_max: int
) -> None:
    """Whether this order may be paid now, here, by this user."""
    PayableMove.PAY.check(payable.state, caller.role)
    if not payable.payable:
        raise NothingToPay(order_id=payable.order_id)
    if tx.now + timedelta(seconds=PAY_SECONDS_MIN) > payable.pay_until:
        raise PayTimeOver(order_id=payable.order_id, pay_until=payable.pay_until.isoformat())
    for attempt in await closable_payments(tx, payable.order_id):
        if attempt.channel is name:
            raise PaymentAlreadyOpen(payment_id=attempt.id)
    if await begun_since(tx, payable.user_id, 60) >= per_minute_max:
        raise TooManyPayments(retry_after_seconds=60)


def _attempt(tx: Transaction, payable: Payable, name: ChannelName) -> Payment:
    return Payment(
        order_id=payable.order_id,
        user_id=payable.user_id,
        channel=name,
        amount=payable.payable,
        expires_at=payable.pay_until,
        created_at=tx.now,
    )
