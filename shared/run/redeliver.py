"""``make redeliver``: the dead events of a service once more, after what was wrong is mended."""

from collections.abc import Mapping
from uuid import UUID

from shared.kit.events import Envelope
from shared.kit.inbox import Handler, Heard, handle_in
from shared.kit.log import get_logger
from shared.kit.session import Opening

_CLAIM = "INSERT INTO inbox VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true"
_DEAD = "SELECT handler, event_id, headers, body FROM dead_events ORDER BY handler, key, version"
_REVIVE = "DELETE FROM dead_events WHERE handler = $1 AND event_id = $2 RETURNING key, version"
_REVIVED = """
UPDATE inbox_keys SET parked = parked - 1, version = greatest(version, $3)
WHERE handler = $1 AND key = $2
"""

log = get_logger(__name__)


async def redeliver(begin: Opening, handlers: Mapping[str, list[Handler]]) -> tuple[int, int]:
    """Run the dead events again, oldest of each key first; how many went, how many stay."""
    by_name = {(each.name, type): each for type, some in handlers.items() for each in some}
    gone, went = 0, -1
    while went:  # Others may have come to wait behind them meanwhile.
        async with begin() as tx:
            dead = await tx.run(_DEAD)
        went, stuck = 0, set[tuple[str, UUID]]()
        for row in dead:
            told = Envelope.read({name: value.encode() for name, value in row["headers"].items()})
            if (row["handler"], told.key) in stuck:
                continue
            try:
                handler = by_name[row["handler"], told.type]
                went += await _revive(begin, handler, told, row["body"])
            except Exception as fault:
                log.warning("inbox.still_dead", handler=row["handler"], fault=repr(fault)[:300])
                stuck.add((row["handler"], told.key))
        gone += went
    return gone, len(dead)


async def _revive(begin: Opening, handler: Handler, told: Envelope, body: str) -> bool:
    async with begin() as tx:
        if not await tx.run(_REVIVE, handler.name, told.id):
            return False  # Another run was faster.
        await tx.run(_REVIVED, handler.name, told.key, told.version)
        if await tx.run(_CLAIM, handler.name, told.id):  # Else another member did it in time.
            await handle_in(tx, Heard(handler, told, body))
    return True
