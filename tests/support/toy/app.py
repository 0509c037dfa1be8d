"""The toy, wired."""

import tests.support.toy.events.handlers
from shared.kit.runtime import Kit, Wiring
from tests.support.toy.api import tools
from tests.support.toy.settings import Settings


def build(settings: Settings, kit: Kit) -> Wiring:
    """Routes and nothing else; its timers are set by the tests."""
    assert tests.support.toy.events.handlers
    return Wiring(description="The toy of the kit's tests.", routers=[tools.router])
