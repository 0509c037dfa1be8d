"""The promotion service, asked for what coupons take off and told to hold them for an order."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.order.domain.ports import Basket, Benefits
from shared.kit.caller import Caller
from shared.kit.http import Peer

_ANSWER = TypeAdapter(Benefits)


class PromotionBenefits:
    """Benefits over the internal interface of the promotion service."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def quote(
        self, caller: Caller, basket: Basket, coupon_ids: Sequence[UUID] | None
    ) -> Benefits:
        """What would apply. Raises Refused, Unavailable."""
        return await self._ask(caller, "quote", basket, coupon_ids)

    async def lock(
        self, caller: Caller, order_id: UUID, basket: Basket, coupon_ids: Sequence[UUID]
    ) -> Benefits:
        """Hold the coupons for an order. Raises Refused, Unavailable."""
        return await self._ask(caller, "lock", basket, coupon_ids, order_id=str(order_id))

    async def release(self, caller: Caller, order_id: UUID) -> None:
        """Free what is held for an order. Raises Unavailable."""
        body = {"order_id": str(order_id)}
        await self._peer.call("POST", "/internal/benefits/release", caller=caller, body=body)

    async def _ask(
        self,
        caller: Caller,
        what: str,
        basket: Basket,
        coupon_ids: Sequence[UUID] | None,
        **more: Any,
    ) -> Benefits:
        chosen = None if coupon_ids is None else [str(id) for id in coupon_ids]
        body = {**more, **asdict(basket), "coupon_ids": chosen}
        path = f"/internal/benefits/{what}"
        return _ANSWER.validate_python(
            await self._peer.call("POST", path, caller=caller, body=body)
        )
