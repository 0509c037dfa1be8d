"""The texts of messages in three languages, and how the facts of one are written into them."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from shared.kit.money import Currency
from shared.locales import Locale

_HONG_KONG = timezone(timedelta(hours=8))  # No daylight saving.
_SIGNS = {Currency.HKD: "HK$", Currency.CNY: "¥"}

HK, CN, EN = Locale.ZH_HK, Locale.ZH_CN, Locale.EN
Texts = Mapping[Locale, tuple[str, str]]

# Title and body by kind. Names in braces are facts; every kind has the three languages.
TEXTS: Mapping[str, Texts] = {
    "order.placed": {
        HK: (
            "訂單已提交",
            "「{offering}」訂單 {number} 待付款 {payable}，請於 {pay_until} 前完成。",
        ),
        CN: ("订单已提交", "“{offering}”订单 {number} 待付款 {payable}，请于 {pay_until} 前完成。"),
        EN: ("Order placed", "{offering}, order {number}: please pay {payable} by {pay_until}."),
    },
    "order.paid": {
        HK: ("付款成功", "訂單 {number}「{offering}」已付款，正在為你安排服務人員。"),
        CN: ("付款成功", "订单 {number}“{offering}”已付款，正在为您安排服务人员。"),
        EN: ("Payment received", "Order {number} ({offering}) is paid. We are finding a worker."),
    },
    "order.assigned": {
        HK: ("已安排服務人員", "訂單 {number}「{offering}」已有服務人員接單。"),
        CN: ("已安排服务人员", "订单 {number}“{offering}”已有服务人员接单。"),
        EN: ("Worker found", "A worker has taken order {number} ({offering})."),
    },
    "order.released": {
        HK: ("正在重新安排", "訂單 {number}「{offering}」的服務人員有變，正在為你另行安排。"),
        CN: ("正在重新安排", "订单 {number}“{offering}”的服务人员有变，正在为您另行安排。"),
        EN: ("Finding another worker", "The worker of order {number} ({offering}) has changed."),
    },
    "order.departed": {
        HK: ("服務人員已出發", "訂單 {number}「{offering}」的服務人員正在前往。"),
        CN: ("服务人员已出发", "订单 {number}“{offering}”的服务人员正在前往。"),
        EN: ("On the way", "The worker of order {number} ({offering}) is on the way."),
    },
    "order.arrived": {
        HK: ("服務人員已到達", "訂單 {number}「{offering}」的服務人員已到達。"),
        CN: ("服务人员已到达", "订单 {number}“{offering}”的服务人员已到达。"),
        EN: ("Arrived", "The worker of order {number} ({offering}) has arrived."),
    },
    "order.started": {
        HK: ("服務已開始", "訂單 {number}「{offering}」已開始。"),
        CN: ("服务已开始", "订单 {number}“{offering}”已开始。"),
        EN: ("Work has begun", "The work of order {number} ({offering}) has begun."),
    },
    "order.completed": {
        HK: (
            "請驗收",
            "訂單 {number}「{offering}」已完成，請於 {accept_until} 前驗收，逾時自動確認。",
        ),
        CN: (
            "请验收",
            "订单 {number}“{offering}”已完成，请于 {accept_until} 前验收，逾期自动确认。",
        ),
        EN: (
            "Please check the work",
            "Order {number} ({offering}) is done. Accept it by {accept_until}; then it counts so.",
        ),
    },
    "order.accepted": {
        HK: ("已驗收", "訂單 {number}「{offering}」已驗收，歡迎評價。"),
        CN: ("已验收", "订单 {number}“{offering}”已验收，欢迎评价。"),
        EN: ("Work accepted", "Order {number} ({offering}) is accepted. Tell us how it was."),
    },
    "order.reviewed": {
        HK: ("多謝評價", "多謝你評價訂單 {number}「{offering}」。"),
        CN: ("感谢评价", "感谢您评价订单 {number}“{offering}”。"),
        EN: ("Thank you", "Thank you for reviewing order {number} ({offering})."),
    },
    "order.completed_unreviewed": {
        HK: ("訂單已結束", "訂單 {number}「{offering}」的評價期已過，訂單已結束。"),
        CN: ("订单已结束", "订单 {number}“{offering}”的评价期已过，订单已结束。"),
        EN: ("Order closed", "The time to review order {number} ({offering}) is over."),
    },
    "order.cancelled.pay_timeout": {
        HK: ("訂單已取消", "訂單 {number}「{offering}」逾時未付款，已取消。"),
        CN: ("订单已取消", "订单 {number}“{offering}”逾期未付款，已取消。"),
        EN: ("Order cancelled", "Order {number} ({offering}) was not paid in time."),
    },
    "order.cancelled.user": {
        HK: ("訂單已取消", "你已取消訂單 {number}「{offering}」，取消費 {fee}。"),
        CN: ("订单已取消", "您已取消订单 {number}“{offering}”，取消费 {fee}。"),
        EN: ("Order cancelled", "You cancelled order {number} ({offering}). Fee: {fee}."),
    },
    "order.cancelled.staff": {
        HK: ("訂單已取消", "客服已取消訂單 {number}「{offering}」，取消費 {fee}。"),
        CN: ("订单已取消", "客服已取消订单 {number}“{offering}”，取消费 {fee}。"),
        EN: ("Order cancelled", "Our staff cancelled order {number} ({offering}). Fee: {fee}."),
    },
    "order.cancelled.no_worker": {
        HK: (
            "訂單已取消",
            "抱歉，訂單 {number}「{offering}」未能安排服務人員，已付款項將全數退回。",
        ),
        CN: ("订单已取消", "抱歉，订单 {number}“{offering}”未能安排服务人员，已付款项将全额退回。"),
        EN: (
            "Order cancelled",
            "Sorry, no worker was free for order {number} ({offering}). You get all of it back.",
        ),
    },
    "search.escalated": {
        HK: ("暫未有服務人員", "暫時未找到服務人員。你可以繼續等候、改期，或取消並全數退款。"),
        CN: ("暂无服务人员", "暂时未找到服务人员。您可以继续等候、改期，或取消并全额退款。"),
        EN: ("No worker yet", "You may go on waiting, choose another time, or get a full refund."),
    },
    "payment.refunded": {
        HK: ("退款成功", "已退款 {amount}，將退回原付款方式。"),
        CN: ("退款成功", "已退款 {amount}，将退回原付款方式。"),
        EN: ("Refunded", "{amount} goes back to how you paid."),
    },
    "payment.refund_failed": {
        HK: ("退款處理中", "退款 {amount} 未能自動完成，客服正在跟進。"),
        CN: ("退款处理中", "退款 {amount} 未能自动完成，客服正在跟进。"),
        EN: ("Refund delayed", "The refund of {amount} needs a hand; our staff are on it."),
    },
    "payment.late_captured": {
        HK: ("收到逾期付款", "訂單結束後收到 {amount}，將全數退回。"),
        CN: ("收到逾期付款", "订单结束后收到 {amount}，将全额退回。"),
        EN: ("Late payment", "{amount} came after the order had ended; you get all of it back."),
    },
    "pack.issued": {
        HK: ("優惠券到帳", "{count} 張優惠券已放入你的帳戶。"),
        CN: ("优惠券到账", "{count} 张优惠券已放入您的账户。"),
        EN: ("Coupons for you", "{count} coupons are in your account."),
    },
    "worker.approved": {
        HK: ("審核通過", "你的申請已通過，重新登入後即可接單。"),
        CN: ("审核通过", "您的申请已通过，重新登录后即可接单。"),
        EN: ("You are approved", "You may take jobs once you have logged in again."),
    },
    "job.assigned": {
        HK: ("接單成功", "工作已分配給你，請查看時間和地點。"),
        CN: ("接单成功", "工作已分配给您，请查看时间和地点。"),
        EN: ("The job is yours", "Open it to see when and where."),
    },
    "job.released": {
        HK: ("工作已取消分配", "訂單 {number}「{offering}」不再由你負責。"),
        CN: ("工作已取消分配", "订单 {number}“{offering}”不再由您负责。"),
        EN: ("Job released", "Order {number} ({offering}) is no longer yours."),
    },
    "job.cancelled": {
        HK: ("工作已取消", "訂單 {number}「{offering}」已取消，無需前往。"),
        CN: ("工作已取消", "订单 {number}“{offering}”已取消，无需前往。"),
        EN: ("Job cancelled", "Order {number} ({offering}) is cancelled; do not go."),
    },
    "job.settled": {
        HK: ("收入到帳", "收入 {net} 已存入你的錢包。"),
        CN: ("收入到账", "收入 {net} 已存入您的钱包。"),
        EN: ("You were paid", "{net} is in your wallet."),
    },
}


def render(kind: str, facts: Mapping[str, Any], locale: Locale) -> tuple[str, str]:
    """Title and body of a message for this reader."""
    title, body = TEXTS[kind][locale]
    written = {name: _written(fact, locale) for name, fact in facts.items()}
    return title, body.format(**written)


def _written(fact: Any, locale: Locale) -> str:
    """A fact as people read it: names by language, money with its sign, Hong Kong wall clock."""
    match fact:
        case {"minor": int(minor), "currency": str(currency)}:
            whole, cents = divmod(abs(minor), 100)
            sign = "-" if minor < 0 else ""
            return f"{sign}{_SIGNS[Currency(currency)]}{whole:,}.{cents:02d}"
        case {"at": str(text)}:
            at = datetime.fromisoformat(text).astimezone(_HONG_KONG)
            if locale is Locale.EN:
                return f"{at.day} {at:%b %H:%M}"
            return f"{at.month}月{at.day}日 {at:%H:%M}"
        case dict():
            return str(fact.get(locale) or fact.get(Locale.ZH_HK) or next(iter(fact.values()), ""))
        case _:
            return str(fact)
