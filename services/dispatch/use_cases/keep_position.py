"""Keep where a worker is."""

from datetime import datetime, timedelta

from services.dispatch.domain.places import cells_around
from services.dispatch.domain.presence import PositionTooOften, measured_at
from services.dispatch.domain.search import SearchRules
from services.dispatch.storage.presences import locate
from services.dispatch.storage.searches import wake_searches
from shared.contracts.shapes import Point
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def keep_position(
    tx: Transaction,
    rules: SearchRules,
    caller: Caller,
    point: Point,
    accuracy_m: int,
    at: datetime | None,
) -> None:
    """Keep the newest place of a worker; one who comes into sight wakes the searches around.

    Raises PositionTooOften, PositionFromTheFuture.
    """
    measured = measured_at(at, tx.now)
    fresh_since = tx.now - timedelta(seconds=rules.fresh_seconds)

    every = rules.position_every_seconds
    heard = await locate(tx, caller.id, point, accuracy_m, measured, every, fresh_since)
    if heard.too_often:
        raise PositionTooOften(retry_after_seconds=every)

    if heard.is_news:
        await wake_searches(tx, cells_around(point, rules.radius_steps_m[-1]))
