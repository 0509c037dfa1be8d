"""The user service, asked for the addresses that users keep."""

from uuid import UUID

from services.order.domain.stops import Lines, Place
from shared.kit.caller import Caller
from shared.kit.http import Peer


class UserAddresses:
    """Addresses over the internal interface of the user service."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def address(self, caller: Caller, address_id: UUID) -> Place:
        """One of the caller's own. Raises Refused, Unavailable."""
        known = await self._peer.call("GET", f"/internal/addresses/{address_id}", caller=caller)
        lines = {name: known["lines"].get(name) or "" for name in Lines.__slots__}
        return Place(
            lat=known["point"]["lat"],
            lng=known["point"]["lng"],
            district=known["district"],
            lines=Lines(**lines),
            address_id=UUID(known["address_id"]),
            has_lift=known["has_lift"],
            steps=known["steps"],
        )
