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
    PaymentState,
    PayTimeOver,
    TooManyPayments,
    channel_number,
    next_poll_at,
)
from services.payment.domain.ports import Channel, ChannelOrder, WechatLogin
from services.payment.storage.checkouts import MINUTE, Checkout, checkout_for_update
from services.payment.storage.payments import Payment, keep_payer, open_account
from services.payment.use_cases.keep_payable import keep_payable
from shared.contracts.ids import OrderId, PaymentId, UserId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import SYSTEM, Caller
from shared.kit.errors import Problem, Unavailable
from shared.kit.ids import new_id
from shared.kit.once import Steps
from shared.kit.session import Transaction


async def start_payment(
    steps: Steps,
    channel: Channel,
    login: WechatLogin,
    caller: Caller,
    order_id: OrderId,
    learnt: OrderPlaced | None,
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
        if learnt is not None:
            await keep_payable(tx, learnt)
        checkout = await checkout_for_update(tx, caller, order_id, name)
        _check(tx, checkout, caller, per_minute_max)
        known = await _known_account(tx, checkout)
        if not code and known is None:
            raise PayerUnknown(field="wechat_code", reason="missing")
        attempt = _attempt(tx, checkout, ref, name)
        tx.write(attempt)
        await tx.schedule("undo_payment", ref, tx.now + timedelta(seconds=PREPARE_SECONDS_MAX))

    try:
        payer = await login.openid(code) if code else known or ""
        prepay_id = await channel.open(_asked(attempt, checkout.description, payer))
    except Unavailable:
        raise  # Nothing is known: the timer finds out and undoes it.
    except Problem:
        await _undo(steps, ref)
        raise

    async with steps.finish() as tx:
        await _open(tx, caller, ref, prepay_id)
        if payer != known:
            await keep_payer(tx, UserId(caller.id), payer)
        shown = _shown(attempt, channel, prepay_id)
        steps.answer(shown)
    return shown


def _shown(attempt: Payment, channel: Channel, prepay_id: str) -> PaymentShown:
    return PaymentShown(
        attempt.id,
        attempt.order_id,
        attempt.channel,
        PaymentState.OPEN,
        attempt.amount,
        attempt.expires_at,
        channel.pay_params(prepay_id),
    )


def _check(tx: Transaction, checkout: Checkout, caller: Caller, per_minute_max: int) -> None:
    """Whether this order may be paid now, here, by this user."""
    PayableMove.PAY.check(checkout.state, caller.role)
    if not checkout.payable:
        raise NothingToPay(order_id=checkout.order_id)
    if tx.now + timedelta(seconds=PAY_SECONDS_MIN) > checkout.pay_until:
        raise PayTimeOver(order_id=checkout.order_id, pay_until=checkout.pay_until.isoformat())
    if checkout.rival is not None:
        raise PaymentAlreadyOpen(payment_id=checkout.rival)
    if checkout.begun >= per_minute_max:
        raise TooManyPayments(retry_after_seconds=int(MINUTE.total_seconds()))


async def _known_account(tx: Transaction, checkout: Checkout) -> str | None:
    """The user's account at WeChat, if an earlier payment has taught it."""
    if checkout.account is None:
        return None
    return await open_account(tx, checkout.user_id, checkout.account)


def _attempt(tx: Transaction, checkout: Checkout, ref: PaymentId, name: ChannelName) -> Payment:
    return Payment(
        id=ref,
        order_id=checkout.order_id,
        user_id=checkout.user_id,
        channel=name,
        amount=checkout.payable,
        expires_at=checkout.pay_until,
        created_at=tx.now,
    )


def _asked(attempt: Payment, description: str, payer: str) -> ChannelOrder:
    number = channel_number(attempt.id)
    amount, until = attempt.amount, attempt.expires_at
    return ChannelOrder(number, attempt.order_id, amount, description, payer, until)


async def _open(tx: Transaction, caller: Caller, ref: PaymentId, prepay_id: str) -> None:
    """The channel is ready for the user; ask it by the plan whether they paid."""
    ready = {"prepay_id": prepay_id, "opened_at": tx.now}
    await tx.move_where(Payment, ref, PaymentMove.OPEN, by=caller, **ready)
    await tx.cancel_timer("undo_payment", ref)
    if (poll_at := next_poll_at(tx.now, tx.now)) is not None:
        await tx.schedule("poll_payment", ref, poll_at)


async def _undo(steps: Steps, ref: PaymentId) -> None:
    """The channel said no: nothing was begun, and the key is free again."""
    async with steps.undo() as tx:
        await tx.move_where(Payment, ref, PaymentMove.CLOSE, by=SYSTEM)
        await tx.cancel_timer("undo_payment", ref)
