"""The order service, asked for an order whose news has not come yet."""

from pydantic import ValidationError

from shared.contracts.ids import OrderId
from shared.contracts.order import OrderPlaced
from shared.kit.caller import Caller
from shared.kit.errors import Unavailable
from shared.kit.http import Peer


class Orders:
    """Implements ``domain.ports.Orders``."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def payable(self, caller: Caller, order_id: OrderId) -> OrderPlaced:
        """What ``order.placed`` says of this order. Raises Refused, Unavailable."""
        told = await self._peer.call("GET", f"/internal/orders/{order_id}/payable", caller=caller)
        try:
            return OrderPlaced.model_validate(told)
        except ValidationError as broken:
            raise Unavailable("The order service answers something else.") from broken
