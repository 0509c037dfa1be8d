"""Events between services under test, carried by hand with their own envelopes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from tests.support.service import Running, Told


def at_once() -> float:
    """No way at all."""
    return 0.0


@dataclass
class Courier:
    """Hands what one service has told to the others that listen, each event once."""

    services: list[Running]
    _carried: set[UUID] = field(default_factory=set)

    async def carry(self, seconds: Callable[[], float] = at_once) -> None:
        """Until nobody has anything new to tell; each listener hears it that much later."""
        while news := await self._news():
            await asyncio.gather(*(self._hand(each, news, seconds()) for each in self.services))

    async def _news(self) -> list[Told]:
        news = [told for each in self.services for told in await each.outbox()]
        news = [told for told in news if told.envelope.id not in self._carried]
        self._carried |= {told.envelope.id for told in news}
        return news

    async def _hand(self, listener: Running, news: list[Told], after: float) -> None:
        await asyncio.sleep(after)
        for told in news:
            await listener.tell(told.event, told.envelope)
