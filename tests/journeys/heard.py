"""Which handlers the journeys have used, as the inboxes of their fleet remember it."""

from pathlib import Path

from tests.invariants.books import SERVICES, Books

GOLDEN = Path(__file__).parents[1] / "contracts" / "handlers.txt"
# What no journey comes by, and the test that does.
ELSEWHERE = {
    "user payment.late_captured.v1 tell_people": "services/user/events/test_handlers.py",
    "user payment.refund_failed.v1 tell_people": "services/user/events/test_handlers.py",
}


def every_handler() -> set[str]:
    """All that there ever were, a line each; taking one out must show in a review."""
    return set(GOLDEN.read_text().splitlines())


async def heard_in(books: Books) -> set[str]:
    """Service, event and handler of every event that was handled."""
    types = {
        row["id"]: row["type"]
        for service in SERVICES
        for row in await books.rows(service, "SELECT id, type FROM outbox")
    }
    return {
        f"{service} {types[row['event_id']]} {row['handler'].partition('@')[0]}"
        for service in SERVICES
        for row in await books.rows(service, "SELECT handler, event_id FROM inbox")
    }
