"""The worker service: the calendar that books a worker's time."""

from services.dispatch.clients.answers import definite
from services.dispatch.domain.offer import Claim
from shared.kit.caller import Caller, Role
from shared.kit.http import Peer


class WorkerCalendar:
    """Books and releases by the id of the offer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def book(self, claim: Claim) -> None:
        body = {
            "offer_id": str(claim.offer_id),
            "worker_id": str(claim.worker_id),
            "order_id": str(claim.order_id),
            "visit_id": str(claim.visit_id),
            "starts_at": claim.starts_at.isoformat(),
            "ends_at": claim.ends_at.isoformat(),
        }
        caller = Caller(claim.worker_id, Role.WORKER)
        with definite():
            await self._peer.call("POST", "/internal/bookings", caller=caller, body=body)

    async def release(self, claim: Claim) -> None:
        body = {"worker_id": str(claim.worker_id), "order_id": str(claim.order_id)}
        caller = Caller(claim.worker_id, Role.WORKER)
        path = f"/internal/bookings/{claim.offer_id}/release"
        with definite():
            await self._peer.call("POST", path, caller=caller, body=body)
