"""How long each step of an order may take. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.order.domain.refusals import StartInvalid
from shared.contracts.shapes import Urgency

HONG_KONG = ZoneInfo("Asia/Hong_Kong")

QUOTE_SECONDS = 10 * 60  # A shown price holds.
QUOTE_KEPT_SECONDS = 24 * 60 * 60  # After it is over, so that a late order hears "expired".
PAY_SECONDS = 15 * 60
PAY_ALERT_SECONDS = 5 * 60  # After pay_until: payment should have decided by then.
PLACING_SECONDS = 30  # A placing that was cut is taken up again.
ESCALATED_SECONDS = 24 * 60 * 60  # Then the order is cancelled and refunded.
RESCUE_SEARCH_SECONDS = 10 * 60
SAME_DAY_SEARCH_SECONDS = 60 * 60
SCHEDULED_MARGIN_SECONDS = 2 * 60 * 60  # A search ends this long before the start.
START_DAYS_MAX = 90


def search_until(urgency: Urgency, starts_at: datetime, now: datetime) -> datetime:
    """When the search for workers is escalated."""
    match urgency:
        case Urgency.RESCUE:
            return now + timedelta(seconds=RESCUE_SEARCH_SECONDS)
        case Urgency.SAME_DAY:
            return now + timedelta(seconds=SAME_DAY_SEARCH_SECONDS)
        case Urgency.SCHEDULED:
            # A start that has come close by the time of paying still gets a fair search.
            soonest = now + timedelta(seconds=RESCUE_SEARCH_SECONDS)
            return max(soonest, starts_at - timedelta(seconds=SCHEDULED_MARGIN_SECONDS))


def search_again_until(urgency: Urgency, until: datetime | None, now: datetime) -> datetime:
    """When a search is escalated that begins again because a worker left; never sooner than before.

    Dispatch goes by the same figures.
    """
    rescue = urgency is Urgency.RESCUE
    lasts = timedelta(seconds=RESCUE_SEARCH_SECONDS if rescue else SAME_DAY_SEARCH_SECONDS)
    return max(until or now, now + lasts)


def urgency_of(rescue: bool, starts_at: datetime | None, now: datetime) -> Urgency:
    """How soon an order must begin; only a rescue may leave its start open, which means now.

    Raises StartInvalid.
    """
    if starts_at is None:
        if not rescue:
            raise StartInvalid(field="starts_at", reason="this offering needs a start")
        return Urgency.RESCUE
    if starts_at < now:
        raise StartInvalid(field="starts_at", reason="is in the past")
    if starts_at > now + timedelta(days=START_DAYS_MAX):
        raise StartInvalid(field="starts_at", reason=f"is over {START_DAYS_MAX} days away")
    today = now.astimezone(HONG_KONG).date()
    same_day = starts_at.astimezone(HONG_KONG).date() == today
    return Urgency.SAME_DAY if same_day else Urgency.SCHEDULED
