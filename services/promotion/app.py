"""The promotion service, wired."""

from services.promotion.api import (
    coupons,
    internal_benefits,
    promotions,
    staff_campaigns,
    staff_packs,
)
from services.promotion.events import handlers
from services.promotion.events.timers import timers
from services.promotion.settings import Settings
from shared.kit.runtime import Kit, Wiring

__all__ = ["build", "handlers"]

DESCRIPTION = """
What takes off a price: campaigns with their limits and budgets, packs of coupons, the coupons of
each user, and the locks that hold them for an order. Prices of offerings are the order service's.
"""


def build(settings: Settings, kit: Kit) -> Wiring:
    """All wiring of the promotion service."""
    modules = (coupons, promotions, staff_campaigns, staff_packs, internal_benefits)
    return Wiring(
        description=DESCRIPTION,
        routers=[module.router for module in modules],
        timers=timers(),
    )
