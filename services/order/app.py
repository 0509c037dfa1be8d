"""The order service, wired."""

from services.order.api import (
    acceptance,
    catalogue,
    evidence,
    internal,
    jobs,
    orders,
    price_quotes,
    reviews,
    staff_catalogue,
    staff_jobs,
    staff_orders,
    staff_placing,
    state_machine,
    unbuilt,
)
from services.order.clients.entropy import SystemEntropy
from services.order.clients.object_store import ObjectStore
from services.order.clients.promotion import PromotionBenefits
from services.order.clients.user import UserAddresses
from services.order.events import handlers
from services.order.events.timers import timers
from services.order.settings import Settings
from services.order.storage.catalogue_snapshot import CatalogueInMemory
from shared.kit.runtime import Kit, Wiring

DESCRIPTION = """The catalogue and its prices, and every order from its price quote to its review.

An order's life is one table: `GET /orders/state-machine`. Staff watch over orders under
`/staff/order/orders`, and place them there for users on the phone."""


def build(settings: Settings, kit: Kit) -> Wiring:
    """Routes, timers and ports of the order service; importing the handlers registers them."""
    assert handlers
    promotion = PromotionBenefits(kit.peer("promotion", settings.promotion_url))
    addresses = UserAddresses(kit.peer("user", settings.user_url))
    photos = ObjectStore(kit.http, settings.object_store_url, settings.credentials_dir, kit.clock)

    return Wiring(
        description=DESCRIPTION,
        routers=[
            state_machine.router,  # Before /orders/{order_id}, which would match its path.
            price_quotes.router,
            orders.router,
            staff_orders.router,
            staff_placing.router,
            internal.router,
            catalogue.router,
            staff_catalogue.router,
            jobs.router,
            evidence.job_router,
            evidence.order_router,
            evidence.staff_router,
            acceptance.router,
            reviews.offering_router,
            reviews.order_router,
            staff_jobs.router,
            *unbuilt.routers,
        ],
        timers=timers(kit.begin, promotion, photos),
        ports={
            "promotion": promotion,
            "addresses": addresses,
            "entropy": SystemEntropy(),
            "catalogue": CatalogueInMemory(kit.begin),
            "photos": photos,
        },
    )
