"""Let a worker say whether they take offers."""

from services.dispatch.storage.presences import Switched, cells_of, switch
from services.dispatch.storage.searches import searches_waiting_in
from shared.kit.caller import Caller
from shared.kit.session import Transaction

WOKEN_MAX = 20


async def set_presence(tx: Transaction, caller: Caller, online: bool) -> Switched:
    """Take a worker online or offline; coming online wakes the searches around them."""
    switched = await switch(tx, caller.id, online)

    if online and not switched.was_online:
        cells = await cells_of(tx, caller.id)
        for search_id in await searches_waiting_in(tx, cells, WOKEN_MAX):
            await tx.schedule("search", search_id, tx.now)

    return switched
