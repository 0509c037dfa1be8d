"""HTTP for paying an order."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.payment.domain.payable import NothingToPay, PayableNotFound
from services.payment.domain.payment import (
    ChannelName,
    PayerUnknown,
    PaymentAlreadyOpen,
    PaymentMove,
    PaymentNotFound,
    PaymentState,
    PayTimeOver,
    TooManyPayments,
)
from services.payment.domain.ports import (
    ChannelRefused,
    Channels,
    ChannelUnavailable,
    LoginCodeRefused,
    Orders,
    WechatLogin,
)
from services.payment.storage.payments import Payment, payment
from services.payment.use_cases.learn_payable import learn_payable
from services.payment.use_cases.start_payment import start_payment
from shared.contracts.ids import OrderId, PaymentId
from shared.kit.money import Money
from shared.kit.once import KeyUsedForAnotherRequest, RequestStillRunning
from shared.kit.session import Transaction
from shared.kit.states import MoveForbidden, MoveRefused
from shared.kit.web import IdempotencyKeyMissing, OnceDep, ReadDep, UserCaller, port, problems

router = APIRouter(prefix="/payments", tags=["payments"])

ChannelsDep = Annotated[Channels, Depends(port("channels"))]
LoginDep = Annotated[WechatLogin, Depends(port("login"))]
OrdersDep = Annotated[Orders, Depends(port("orders"))]
LimitDep = Annotated[int, Depends(port("payments_per_minute_max"))]


class PaymentRequest(BaseModel):
    """Which order to pay, and where."""

    model_config = ConfigDict(extra="forbid")

    order_id: OrderId
    channel: Literal["wechat"]
    wechat_code: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        description="A fresh code of `wx.login`. Needed once: later payments know the account.",
    )


class WechatParams(BaseModel):
    """What `wx.requestPayment` takes, as it is."""

    timeStamp: str
    nonceStr: str
    package: str
    signType: str
    paySign: str


class PaymentView(BaseModel):
    """An attempt to pay; `wechat` is there while it is open."""

    model_config = ConfigDict(from_attributes=True)

    payment_id: PaymentId
    order_id: OrderId
    channel: ChannelName
    state: PaymentState
    amount: Money
    expires_at: datetime
    wechat: WechatParams | None


@router.post(
    "",
    status_code=201,
    responses=problems(
        IdempotencyKeyMissing,
        PayableNotFound,
        NothingToPay,
        MoveRefused,
        MoveForbidden,
        PayTimeOver,
        PaymentAlreadyOpen,
        TooManyPayments,
        PayerUnknown,
        LoginCodeRefused,
        ChannelRefused,
        ChannelUnavailable,
        RequestStillRunning,
        KeyUsedForAnotherRequest,
    ),
)
async def post_payment(
    body: PaymentRequest,
    caller: UserCaller,
    once: OnceDep,
    read: ReadDep,
    channels: ChannelsDep,
    login: LoginDep,
    orders: OrdersDep,
    per_minute_max: LimitDep,
) -> PaymentView:
    """Begin to pay an order.

    Hand `wechat` to `wx.requestPayment`. Its success is not proof of payment: read the order, or
    this payment, until it is `captured`.
    """

    async def again(tx: Transaction, ref: UUID) -> PaymentView:
        return _view(await payment(tx, caller, PaymentId(ref)), channels)

    learnt = await learn_payable(read, orders, caller, body.order_id)
    return await once.in_steps(
        PaymentView,
        start_payment,
        again,
        channels[body.channel],
        login,
        caller,
        body.order_id,
        learnt,
        ChannelName(body.channel),
        body.wechat_code,
        per_minute_max,
    )


@router.get("/{payment_id}", responses=problems(PaymentNotFound))
async def get_payment(
    payment_id: PaymentId, caller: UserCaller, read: ReadDep, channels: ChannelsDep
) -> PaymentView:
    """How an attempt of yours stands; while it is open, with fresh parameters to pay it."""
    async with read() as tx:
        found = await payment(tx, caller, payment_id)
    return _view(found, channels)


def _view(found: Payment, channels: Channels) -> PaymentView:
    """The attempt; parameters to pay it are signed anew each time."""
    wechat = None
    if found.state is PaymentMove.OPEN.target:
        params = channels[found.channel].pay_params(found.prepay_id)
        wechat = WechatParams.model_validate(params)
    return PaymentView(
        payment_id=found.id,
        order_id=found.order_id,
        channel=found.channel,
        state=found.state,
        amount=found.amount,
        expires_at=found.expires_at,
        wechat=wechat,
    )
