"""How often one address, one account or a channel may ask; sliding windows in memory.

With more than one gateway the memory counts per gateway; then point it at Redis.
"""

import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from gateway.problems import TooManyRequests
from gateway.routes import Door, Route
from gateway.settings import Settings

Headers = list[tuple[bytes, bytes]]


class Limits:
    """The counters of one gateway."""

    def __init__(self, settings: Settings) -> None:
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._address = _item(settings.address_limit)
        self._notify = _item(settings.notify_limit)
        self._account = _item(settings.account_limit)
        self._otp = _item(settings.otp_address_limit)

    async def admit_address(self, route: Route, path: str, address: str) -> None:
        """Count a request of an address. Raises TooManyRequests."""
        if route.door is Door.NOTIFY:
            await self._hit(self._notify, "notify", "all")
            return
        await self._hit(self._address, "address", address)
        if path == "/auth/otp":
            await self._hit(self._otp, "otp", address)

    async def admit_account(self, account: str) -> Headers:
        """Count a request of an account; what is left, as headers. Raises TooManyRequests."""
        await self._hit(self._account, "account", account)
        if self._account is None:
            return []
        seconds = self._account.get_expiry()
        window = f"{self._account.amount};w={seconds}".encode()
        return [(b"ratelimit-limit", window)]

    async def _hit(self, item: RateLimitItem | None, kind: str, who: str) -> None:
        if item is None or await self._counter.hit(item, kind, who):
            return
        stats = await self._counter.get_window_stats(item, kind, who)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        limit = f"{item.amount} per {item.get_expiry()} s"
        raise TooManyRequests(limit=limit, counted_by=kind, retry_after_seconds=wait)


def _item(text: str) -> RateLimitItem | None:
    return parse(text) if text else None
