"""Let a worker say whether they take offers."""

from services.dispatch.domain.places import cells_around
from services.dispatch.domain.search import SearchRules
from services.dispatch.storage.presences import Switched, places_of, switch
from services.dispatch.storage.searches import wake_searches
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def set_presence(
    tx: Transaction, rules: SearchRules, caller: Caller, online: bool
) -> Switched:
    """Take a worker online or offline; coming online wakes the searches around them."""
    switched = await switch(tx, caller.id, online)

    if online and not switched.was_online:
        widest_m = rules.radius_steps_m[-1]
        places = await places_of(tx, caller.id)
        cells = {cell for place in places for cell in cells_around(place, widest_m)}
        await wake_searches(tx, sorted(cells))

    return switched
