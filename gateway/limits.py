"""How often an address or an account may ask: sliding windows, counted in this process.

A window's count is this window's plus the share of the last one that the sliding window still
covers. With more than one gateway each counts for itself.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qsl

from limits import parse

from gateway.problems import TooManyRequests
from gateway.routes import Door, Route
from gateway.settings import Settings
from shared.networks import network_of

Headers = list[tuple[bytes, bytes]]
# What is counted by itself too, for it costs more than a request: money, an SMS, a place.
ACTS = {
    ("POST", "/auth/otp"): "otp",
    ("POST", "/auth/login/wechat"): "login",
    ("POST", "/orders"): "orders",
    ("POST", "/coupons/claim"): "claims",
    ("GET", "/catalog/offerings"): "searches",
    ("GET", "/workers"): "searches",
}
NAMES_MAX = 100_000  # Counted apart in one window; those beyond it share one count.


class Count(NamedTuple):
    """How one request was counted."""

    remaining: int
    reset_seconds: int  # Until this window ends.
    wait_seconds: int  # 0 if the request may pass, else how long it should wait.


class Window:
    """Counts names against one limit; both tables are dropped as time passes, so none is swept."""

    def __init__(self, amount: int, seconds: float, clock: Callable[[], float]) -> None:
        self.amount = amount
        self.seconds = seconds
        self._clock = clock
        self._number = 0
        self._now: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def count(self, name: str) -> Count:
        """Count a request of this name, unless it is one too many."""
        number, into = divmod(self._clock(), self.seconds)
        if number != self._number:
            self._last = self._now if number == self._number + 1 else {}
            self._now, self._number = {}, int(number)
        if name not in self._now and len(self._now) >= NAMES_MAX:
            name = ""
        now, last = self._now.get(name, 0), self._last.get(name, 0)
        left = self.seconds - into
        used = now + last * left / self.seconds
        reset = math.ceil(left)
        if used + 1 <= self.amount:
            self._now[name] = now + 1
            return Count(int(self.amount - used - 1), reset, 0)
        return Count(0, reset, max(1, math.ceil(self._wait(now, last, left, used))))

    def _wait(self, now: int, last: int, left: float, used: float) -> float:
        """Seconds until enough of what was counted has slid out of the window."""
        excess = used + 1 - self.amount
        if last and (wait := excess * self.seconds / last) <= left:
            return wait
        return left + max(0.0, self.seconds * (1 - (self.amount - 1) / max(now, 1)))


class Limits:
    """The counters of one gateway."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = _window(settings.address_limit, clock)
        self._notify = _window(settings.notify_limit, clock)
        self._account = _window(settings.account_limit, clock)
        self._acts = {
            "otp": _window(settings.otp_address_limit, clock),
            "login": _window(settings.otp_address_limit, clock),
            "orders": _window(settings.order_limit, clock),
            "claims": _window(settings.claim_limit, clock),
            "searches": _window(settings.search_limit, clock),
        }

    def admit_address(self, route: Route | None, address: str, told: Headers) -> None:
        """Count a request of an address; ``told`` gets what is left. Raises TooManyRequests."""
        name = network_of(address)
        if route is not None and route.door is Door.NOTIFY:
            _admit(self._notify, "notify", name, told)
            return
        _admit(self._address, "address", name, told)

    def admit_account(self, account: str, told: Headers) -> None:
        """Count a request of an account; ``told`` gets what is left. Raises TooManyRequests."""
        _admit(self._account, "account", account, told)

    def admit_act(self, method: str, target: str, who: str, told: Headers) -> None:
        """Count what is counted by itself; ``who`` is an account, or an address without one.

        Raises TooManyRequests.
        """
        path, _, query = target.partition("?")
        kind = ACTS.get((method, path))
        if kind is None or (path == "/catalog/offerings" and not _is_search(query)):
            return
        _admit(self._acts[kind], kind, who, told)


def _admit(window: Window | None, kind: str, name: str, told: Headers) -> None:
    if window is None:
        return
    count = window.count(name)
    told[:] = [
        (b"ratelimit-limit", b"%d;w=%d" % (window.amount, window.seconds)),
        (b"ratelimit-remaining", b"%d" % count.remaining),
        (b"ratelimit-reset", b"%d" % (count.wait_seconds or count.reset_seconds)),
    ]
    if count.wait_seconds:
        limit = f"{window.amount} per {window.seconds:.0f} s"
        raise TooManyRequests(limit=limit, counted_by=kind, retry_after_seconds=count.wait_seconds)


def _is_search(query: str) -> bool:
    """Whether words are asked for; browsing the catalogue is no search."""
    return any(name == "q" for name, _ in parse_qsl(query))


def _window(text: str, clock: Callable[[], float]) -> Window | None:
    """A limit as its setting writes it; None if it is lifted."""
    if not text:
        return None
    item = parse(text)
    return Window(item.amount, item.get_expiry(), clock)
