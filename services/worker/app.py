"""The worker service, wired."""

from services.worker.api import (
    applications,
    bookings,
    credit,
    internal_bookings,
    profiles,
    schedule,
    staff_workers,
    time_off,
)
from services.worker.events import handlers
from services.worker.events.timers import timers
from services.worker.settings import Settings
from shared.kit.runtime import Kit, Wiring

__all__ = ["build", "handlers"]

DESCRIPTION = """
Who may work: applications and their review, skills, weekly hours and days off, the calendar of
bookings, and the credit score. Live positions are dispatch's.
"""


def build(settings: Settings, kit: Kit) -> Wiring:
    """All wiring of the worker service."""
    # Fixed paths under /workers/me come before /workers/{worker_id}.
    modules = (applications, schedule, time_off, bookings, credit, profiles)
    return Wiring(
        description=DESCRIPTION,
        routers=[
            *(module.router for module in modules),
            staff_workers.router,
            internal_bookings.router,
        ],
        timers=timers(),
        ports={"travel_buffer_seconds": settings.travel_buffer_seconds},
    )
