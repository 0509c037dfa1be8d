"""WeChat Pay v3 as a payment channel, on the Hong Kong wire (``/v3/global``, HKD).

Paths and field names are those of the official Hong Kong pages: order, query (where the
transaction's number is ``id``), close, refund, refund query. What those pages leave out is taken
from the mainland's: lengths of fields, error codes, the notice's envelope, the mini-program's pay
signature. ``attach`` carries our order id, which also names the bank's sub-account.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from services.payment.clients.wechat_keys import SealBroken
from services.payment.clients.wechat_wire import PROBE, Wire
from services.payment.domain.ports import (
    ChannelOrder,
    ChannelRefused,
    ChannelUnavailable,
    Notice,
    NoticeRefused,
    PayAnswer,
    Receipt,
    RefundAnswer,
    RefundOrder,
    RefundStanding,
    Standing,
)
from shared.kit.clock import Clock
from shared.kit.log import get_logger
from shared.kit.money import Currency, Money

DESCRIPTION_MAX, REASON_MAX = 127, 80
NOTICE_ID_MAX = 64
HONG_KONG = timezone(timedelta(hours=8))
PAID_CODES = {"ORDERPAID", "ORDER_PAID"}
_STANDINGS = {
    "SUCCESS": Standing.PAID,
    "REFUND": Standing.PAID,
    "NOTPAY": Standing.NOT_PAID,
    "USERPAYING": Standing.NOT_PAID,
    "PAYERROR": Standing.NOT_PAID,
    "CLOSED": Standing.CLOSED,
    "REVOKED": Standing.CLOSED,
}
_REFUNDS = {
    "SUCCESS": RefundStanding.SUCCEEDED,
    "PROCESSING": RefundStanding.PROCESSING,
    "ABNORMAL": RefundStanding.ABNORMAL,
    "CLOSED": RefundStanding.CLOSED,
}

log = get_logger(__name__)


class WechatPay:
    """The channel; implements ``domain.ports.Channel``."""

    def __init__(self, wire: Wire, clock: Clock, notify_url: str) -> None:
        self._wire = wire
        self._clock = clock
        self._notify_url = notify_url

    async def open(self, asked: ChannelOrder) -> str:
        """Prepare a payment; its prepay_id."""
        mine = self._wire.credentials
        body = {
            "appid": mine.appid,
            "mchid": mine.mchid,
            "description": asked.description[:DESCRIPTION_MAX],
            "out_trade_no": asked.number,
            "notify_url": self._notify_url,
            "trade_type": "JSAPI",
            "merchant_category_code": mine.category_code,
            "attach": str(asked.order_id),
            "time_expire": asked.expires_at.astimezone(HONG_KONG).isoformat(timespec="seconds"),
            "payer": {"openid": asked.payer},
            "amount": {"total": asked.amount.minor, "currency": asked.amount.currency},
        }
        answer = await self._wire.call("POST", "/v3/global/transactions/jsapi", body)
        return str(answer["prepay_id"])

    async def query(self, number: str) -> PayAnswer:
        """How an attempt stands."""
        mchid = self._wire.credentials.mchid
        path = f"/v3/global/transactions/out-trade-no/{quote(number)}?mchid={mchid}"
        try:
            answer = await self._wire.call("GET", path)
        except ChannelRefused as refused:
            if refused.facts["channel_code"] == "ORDER_NOT_EXIST":
                return PayAnswer(Standing.UNKNOWN)
            raise
        standing = _STANDINGS.get(str(answer.get("trade_state")), Standing.NOT_PAID)
        if standing is not Standing.PAID:
            return PayAnswer(standing)
        receipt = self._receipt(answer, "id")
        if receipt is None or receipt.number != number:
            raise ChannelUnavailable("The channel answers about something else.")
        return PayAnswer(standing, receipt)

    async def close(self, number: str) -> Standing:
        """Close an attempt that nobody has paid."""
        path = f"/v3/global/transactions/out-trade-no/{quote(number)}/close"
        try:
            await self._wire.call("POST", path, {"mchid": self._wire.credentials.mchid})
        except ChannelRefused as refused:
            match refused.facts["channel_code"]:
                case "ORDER_CLOSED":
                    return Standing.CLOSED
                case "ORDER_NOT_EXIST":
                    return Standing.UNKNOWN
                case code if code in PAID_CODES:
                    return Standing.PAID
            raise
        return Standing.CLOSED

    async def refund(self, asked: RefundOrder) -> RefundAnswer:
        """Ask for a refund; asking again with its number is the same refund."""
        mine = self._wire.credentials
        amount = {"refund": asked.amount.minor, "total": asked.total.minor}
        body = {
            "mchid": mine.mchid,
            "appid": mine.appid,
            "out_trade_no": asked.payment_number,
            "out_refund_no": asked.number,
            "reason": asked.reason[:REASON_MAX],
            "notify_url": self._notify_url,
            "amount": {**amount, "currency": asked.amount.currency},
        }
        answer = await self._wire.call("POST", "/v3/global/refunds", body)
        return RefundAnswer(asked.number, RefundStanding.PROCESSING, str(answer.get("id", "")))

    async def query_refund(self, number: str) -> RefundAnswer:
        """How a refund stands."""
        mchid = self._wire.credentials.mchid
        path = f"/v3/global/refunds/out-refund-no/{quote(number)}?mchid={mchid}"
        try:
            answer = await self._wire.call("GET", path)
        except ChannelRefused as refused:
            if refused.facts["channel_code"] == "RESOURCE_NOT_EXISTS":
                return RefundAnswer(number, RefundStanding.UNKNOWN)
            raise
        line = answer["data"][0] if "data" in answer else answer
        standing = _REFUNDS.get(str(line.get("status")), RefundStanding.PROCESSING)
        amount = line["amount"]
        money = Money(amount["refund"], Currency(amount["currency"]))
        return RefundAnswer(number, standing, str(line.get("id", "")), money)

    def pay_params(self, prepay_id: str) -> dict[str, str]:
        """What ``wx.requestPayment`` takes, signed by the merchant."""
        mine, timestamp = self._wire.credentials, str(int(self._clock.now().timestamp()))
        package, nonce = f"prepay_id={prepay_id}", secrets.token_hex(16)
        text = f"{mine.appid}\n{timestamp}\n{nonce}\n{package}\n"
        return {
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": mine.sign(text),
        }

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Verify the signature over the raw bytes, then open it. Raises NoticeRefused."""
        if headers.get("wechatpay-signature", "").startswith(PROBE):
            log.info("wechat_pay.probed")  # The platform tests whether we verify; we do.
            raise NoticeRefused("A probe is refused.")
        signed = "wechatpay-signature-type" in headers
        if not signed or not await self._wire.is_signed(headers, body):
            log.warning("wechat_pay.notice_refused", reason="signature")
            raise NoticeRefused("The signature does not match.")
        try:
            return self._opened(headers["wechatpay-nonce"], json.loads(body))
        except (SealBroken, KeyError, TypeError, ValueError, AttributeError) as broken:
            log.error("wechat_pay.notice_refused", reason=type(broken).__name__)
            raise NoticeRefused("The notice cannot be read.") from broken

    def _opened(self, nonce: str, envelope: dict[str, Any]) -> Notice:
        id, kind = str(envelope["id"]), str(envelope["event_type"])
        if not 0 < len(id) <= NOTICE_ID_MAX or envelope["resource_type"] != "encrypt-resource":
            raise ValueError("not an envelope")
        plain = json.loads(self._wire.credentials.open(envelope["resource"]))
        if kind == "TRANSACTION.SUCCESS":
            receipt = self._receipt(plain, "transaction_id")
            if receipt is None or plain["trade_state"] != "SUCCESS":
                raise ValueError("not a payment to us")
            return Notice(id, nonce, kind, receipt=receipt)
        if kind.startswith("REFUND."):
            return Notice(id, nonce, kind, refund=self._refund_told(plain))
        return Notice(id, nonce, kind)

    def _refund_told(self, plain: dict[str, Any]) -> RefundAnswer:
        if plain["mchid"] != self._wire.credentials.mchid:
            raise ValueError("not a refund of ours")
        amount = plain["amount"]
        return RefundAnswer(
            str(plain["out_refund_no"]),
            _REFUNDS[str(plain["refund_status"])],
            str(plain["refund_id"]),
            Money(_whole(amount["refund"]), Currency(amount.get("currency", Currency.HKD))),
            str(plain["out_trade_no"]),
        )

    def _receipt(self, told: dict[str, Any], id_field: str) -> Receipt | None:
        """The channel's word of a payment; None where it is another merchant's."""
        mine = self._wire.credentials
        if told.get("mchid") != mine.mchid or told.get("appid") != mine.appid:
            return None
        amount = told["amount"]
        return Receipt(
            number=str(told["out_trade_no"]),
            transaction_id=str(told[id_field]),
            amount=Money(_whole(amount["total"]), Currency(amount["currency"])),
            order_id=str(told.get("attach", "")),
            paid_at=datetime.fromisoformat(str(told["success_time"])).astimezone(UTC),
        )


def _whole(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError("amounts are whole numbers")
    return number
