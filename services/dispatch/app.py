"""Dispatch, wired."""

from services.dispatch.api import offers, presence, staff
from services.dispatch.clients.order import OrderAssignments
from services.dispatch.clients.worker import WorkerCalendar
from services.dispatch.events import handlers
from services.dispatch.events.timers import timers
from services.dispatch.settings import Settings
from shared.kit.runtime import Kit, Wiring

__all__ = ["build", "handlers"]  # Imported so that they are registered.


def build(settings: Settings, kit: Kit) -> Wiring:
    """Routes, timers and the two services that accepting an offer crosses."""
    rules = settings.rules()
    calendar = WorkerCalendar(kit.peer("worker", settings.worker_url))
    assignments = OrderAssignments(kit.peer("order", settings.order_url))
    return Wiring(
        description="Where workers are, who fits a job, and the offers made to them.",
        routers=[presence.router, offers.router, staff.router],
        timers=timers(kit.begin, rules, calendar, assignments),
        ports={"rules": rules, "calendar": calendar, "assignments": assignments},
    )
