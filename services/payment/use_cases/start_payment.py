"""Begin to pay an order at a channel."""

from datetime import timedelta

from services.payment.domain.payable import NothingToPay, PayableMove
from services.payment.domain.payment import (
    PAY_SECONDS_MIN,
    PREPARE_SECONDS_MAX,
    ChannelName,
    PayerUnknown,
    PaymentAlreadyOpen,
    PaymentMove,
    PaymentShown,
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
from shared.contracts.ids import OrderId, PaymentId, UserId
from shared.kit.caller import SYSTEM, Caller
from shared.kit.errors import Problem, Unavailable
from shared.kit.ids import new_id
from shared.kit.once import Steps
from shared.kit.session import Transaction

MINUTE_SECONDS = 60


async def start_payment(
    steps: Steps,
    channel: Channel,
    login: WechatLogin,
    caller: Caller,
    order_id: OrderId,
    name: ChannelName,
    code: str | None,
    per_minute_max: int,
) -> PaymentShown:
    """Open an attempt at the channel, so that the user can pay the order in its app.

    Raises PayableNotFound, NothingToPay, MoveRefused, PayTimeOver, PaymentAlreadyOpen,
    TooManyPayments, PayerUnknown, LoginCodeRefused, ChannelRefused, ChannelUnavailable.
    """
    ref = new_id()
    async with steps.claim(ref) as tx:
        payable = await payable_for_update(tx, caller, order_id)
        await _check(tx, payable, caller, name, per_minute_max)
        known = None if code else await payer_account(tx, payable.user_id)
        if not code and known is None:
            raise PayerUnknown(field="wechat_code", reason="missing")
        attempt = _attempt(tx, payable, ref, name)
        tx.add(attempt)
        await tx.schedule("undo_payment", ref, tx.now + timedelta(seconds=PREPARE_SECONDS_MAX))

    try:
        payer = known or await login.openid(code or "")
        prepay_id = await channel.open(_asked(attempt, payable.description, payer))
    except Unavailable:
        raise  # Nothing is known: the timer finds out and undoes it.
    except Problem:
        await _undo(steps, ref)
        raise

    async with steps.finish() as tx:
        opened = await _open(tx, caller, ref, prepay_id)
        if code:
            await keep_payer(tx, UserId(caller.id), payer)
        shown = _shown(opened, channel)
        steps.answer(shown)
    return shown


def _shown(payment: Payment, channel: Channel) -> PaymentShown:
    return PaymentShown(
        payment.id,
        payment.order_id,
        payment.channel,
        payment.state,
        payment.amount,
        payment.expires_at,
        channel.pay_params(payment.prepay_id),
    )


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
    if await begun_since(tx, payable.user_id, MINUTE_SECONDS) >= per_minute_max:
        raise TooManyPayments(retry_after_seconds=MINUTE_SECONDS)


def _attempt(tx: Transaction, payable: Payable, ref: PaymentId, name: ChannelName) -> Payment:
    return Payment(
        id=ref,
        order_id=payable.order_id,
        user_id=payable.user_id,
        channel=name,
        amount=payable.payable,
        expires_at=payable.pay_until,
        created_at=tx.now,
    )


def _asked(attempt: Payment, description: str, payer: str) -> ChannelOrder:
    number = channel_number(attempt.id)
    amount, until = attempt.amount, attempt.expires_at
    return ChannelOrder(number, attempt.order_id, amount, description, payer, until)


async def _open(tx: Transaction, caller: Caller, ref: PaymentId, prepay_id: str) -> Payment:
    """The channel is ready for the user; ask it by the plan whether they paid."""
    attempt = await payment_for_update(tx, ref)
    tx.move(attempt, PaymentMove.OPEN, by=caller)
    attempt.prepay_id, attempt.opened_at = prepay_id, tx.now
    await tx.cancel_timer("undo_payment", ref)
    if (poll_at := next_poll_at(tx.now, tx.now)) is not None:
        await tx.schedule("poll_payment", ref, poll_at)
    return attempt


async def _undo(steps: Steps, ref: PaymentId) -> None:
    """The channel said no: nothing was begun, and the key is free again."""
    async with steps.undo() as tx:
        tx.move(await payment_for_update(tx, ref), PaymentMove.CLOSE, by=SYSTEM)
        await tx.cancel_timer("undo_payment", ref)
