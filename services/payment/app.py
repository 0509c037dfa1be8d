"""All wiring of the payment service."""

import services.payment.events.handlers  # noqa: F401 - registers the handlers.
from services.payment.api import (
    notify,
    payments,
    refunds,
    staff_commission,
    staff_payment,
    wallet,
)
from services.payment.clients.escrow_bank import EscrowBank
from services.payment.clients.orders import Orders
from services.payment.clients.outside import Outside
from services.payment.clients.wechat_login import WechatLogin
from services.payment.clients.wechat_pay import WechatPay
from services.payment.clients.wechat_wire import Wire
from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Channels
from services.payment.events.timers import timers
from services.payment.settings import Settings
from shared.kit.runtime import Kit, Wiring

DESCRIPTION = "Payment attempts, escrow, commission, settlement, refunds and workers' wallets."
NOTIFY_PATH = "/api/v1/payments/notify/wechat"


def build(settings: Settings, kit: Kit) -> Wiring:
    """The payment service."""
    folder = settings.credentials_dir

    def at(url: str) -> Outside:
        return Outside(kit.http, url, settings.channel_seconds_max)

    wire = Wire(at(settings.wechat_pay_url), folder, kit.clock)
    wechat = WechatPay(wire, kit.clock, settings.public_url.rstrip("/") + NOTIFY_PATH)
    channels: Channels = {ChannelName.WECHAT: wechat}
    bank = EscrowBank(at(settings.bank_url), folder, kit.clock)
    routers = (notify, payments, refunds, wallet, staff_payment, staff_commission)
    return Wiring(
        description=DESCRIPTION,
        routers=[module.router for module in routers],
        timers=timers(kit.begin, channels, bank),
        ports={
            "channels": channels,
            "login": WechatLogin(at(settings.wechat_api_url), folder),
            "orders": Orders(kit.peer("order", settings.order_url)),
            "notice_seconds_max": settings.notice_seconds_max,
            "payments_per_minute_max": settings.payments_per_minute_max,
        },
    )
