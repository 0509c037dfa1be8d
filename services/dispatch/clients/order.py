"""The order service: assigns a position to the worker who accepted."""

from services.dispatch.clients.answers import definite
from services.dispatch.domain.offer import Claim
from shared.kit.caller import Caller, Role
from shared.kit.http import Peer


class OrderAssignments:
    """Assigns by the id of the offer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def assign(self, claim: Claim) -> None:
        body = {
            "offer_id": str(claim.offer_id),
            "worker_id": str(claim.worker_id),
            "visit_id": str(claim.visit_id),
            "position": claim.position,
            "promised_at": claim.promised_at.isoformat(),
        }
        path = f"/internal/orders/{claim.order_id}/assign"
        caller = Caller(claim.worker_id, Role.WORKER)
        with definite():
            await self._peer.call("POST", path, caller=caller, body=body)
