"""Calls between services: bounded in time, retried within a budget, cut off by a breaker."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from pydantic import BaseModel
from pydantic_core import to_json
from yarl import URL

from shared.kit.caller import Caller
from shared.kit.clock import Clock
from shared.kit.errors import Refused, Unavailable
from shared.kit.log import get_logger, request_id, traceparent
from shared.kit.metrics import peer_calls_total
from shared.tokens import ServiceTokens

deadline_at: ContextVar[float | None] = ContextVar("deadline_at", default=None)
"""When the request being answered must be answered, by the monotonic clock."""

BACKOFF_SECONDS = 0.1
RETRY_SHARE, RETRIES_KEPT_MAX = 0.1, 10.0
WINDOW_SECONDS, CALLS_MIN, FAILED_SHARE, REST_SECONDS = 10.0, 20, 0.5, 5.0
_STANDARD = {"type", "title", "status", "detail", "instance"}

log = get_logger(__name__)


class Breaker:
    """Stops calls to a peer when half of ten seconds' failed, then lets one through to see."""

    def __init__(self) -> None:
        self._calls: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._opened_at: float | None = None
        self._probing = False

    def admits(self, now: float) -> bool:
        """True if a call may go; ``record`` must then be told how it ended."""
        if self._opened_at is None:
            return True
        if self._probing or now < self._opened_at + REST_SECONDS:
            return False
        self._probing = True
        return True

    def record(self, now: float, ok: bool | None) -> None:
        """How an admitted call ended; None if that says nothing of the peer."""
        if self._opened_at is not None:
            if self._probing and ok is not None:
                self._opened_at = None if ok else now
            self._probing = False
            return
        if ok is None:
            return
        self._calls.append((now, ok))
        self._failed += not ok
        while self._calls[0][0] < now - WINDOW_SECONDS:
            self._failed -= not self._calls.popleft()[1]
        if len(self._calls) >= CALLS_MIN and self._failed >= len(self._calls) * FAILED_SHARE:
            self._opened_at, self._failed = now, 0
            self._calls.clear()


class _Lost(Exception):
    """No usable answer came; the text says what happened."""


@dataclass
class Peer:
    """Another service, as seen from this one."""

    name: str
    base_url: str
    tokens: ServiceTokens
    clock: Clock
    session: aiohttp.ClientSession
    _retries: float = RETRIES_KEPT_MAX
    _breaker: Breaker = field(default_factory=Breaker)

    async def call(
        self,
        method: str,
        path: str,
        *,
        caller: Caller,
        body: Mapping[str, Any] | BaseModel | None = None,
        query: Mapping[str, Any] | None = None,
        deadline_seconds: float = 2.0,
        idempotent: bool = True,
        key: str | None = None,
    ) -> Any:
        """The peer's answer as parsed JSON, asked for this caller; ``key`` is the Idempotency-Key.

        Only an idempotent call is tried again, once, and not after its deadline.
        Raises Refused (the peer said no) or Unavailable (it did not say).
        """
        until = time.monotonic() + deadline_seconds
        if (incoming := deadline_at.get()) is not None:
            until = min(until, incoming)
        given = {name: str(value) for name, value in (query or {}).items() if value is not None}
        url = URL(self.base_url.rstrip("/") + path).update_query(given)
        headers = self._headers(caller, key)
        content = None if body is None else to_json(body)
        # Each call earns a tenth of a retry, so that retries do not double a sick peer's load.
        self._retries = min(RETRIES_KEPT_MAX, self._retries + RETRY_SHARE)
        once_more = idempotent
        while True:
            try:
                return await self._try(method, url, headers, content, until)
            except _Lost as lost:
                log.warning("peer.call_lost", peer=self.name, path=path, reason=str(lost))
                pause = random.uniform(0, BACKOFF_SECONDS)
                if not once_more or self._retries < 1 or time.monotonic() + pause >= until:
                    raise self._unavailable("given_up") from lost
            once_more = False
            self._retries -= 1
            await asyncio.sleep(pause)

    async def _try(
        self, method: str, url: URL, headers: dict[str, str], content: bytes | None, until: float
    ) -> Any:
        left = until - time.monotonic()
        if left < 0.001:
            raise self._unavailable("late")
        if not self._breaker.admits(time.monotonic()):
            raise self._unavailable("open")
        headers = headers | {"X-Deadline-Ms": str(int(left * 1000))}
        limit = aiohttp.ClientTimeout(total=left)
        answered: bool | None = None  # It stays so when we are cancelled.
        try:
            async with self.session.request(
                method, url, headers=headers, data=content, timeout=limit, allow_redirects=False
            ) as answer:
                text = await answer.read()
                answered = answer.status < 500
                return self._read(answer.status, answer.content_type, text)
        except (aiohttp.ClientError, OSError) as lost:  # A time-out is an OSError.
            answered = False
            raise _Lost(type(lost).__name__) from lost
        finally:
            self._breaker.record(time.monotonic(), answered)

    def _read(self, status: int, content_type: str, text: bytes) -> Any:
        """The parsed answer, or what its status means."""
        if status >= 500:
            raise _Lost(f"status {status}")
        try:
            parsed = orjson.loads(text) if text else None
        except orjson.JSONDecodeError:
            parsed, status = None, 0
        if 200 <= status < 300:
            peer_calls_total.labels(self.name, "ok").inc()
            return parsed
        problem = parsed if content_type == "application/problem+json" else None
        # A 401 refuses this service's own token: that is not the caller's fault.
        if status < 400 or status == 401 or not isinstance(problem, dict):
            log.error("peer.answer_unexpected", peer=self.name, status=status)
            raise self._unavailable("unexpected")
        peer_calls_total.labels(self.name, "refused").inc()
        code = str(problem.get("type", "")).rpartition("/")[2]
        refused = Refused(code, status, str(problem.get("detail", "")))
        # By update, for a fact may have the name of an argument.
        refused.facts.update((name, problem[name]) for name in problem.keys() - _STANDARD)
        raise refused

    def _headers(self, caller: Caller, key: str | None) -> dict[str, str]:
        given = {
            "Authorization": f"Bearer {self.tokens.issue(self.name, caller, self.clock.now())}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-Request-Id": request_id.get(),
            "traceparent": traceparent.get(),
        }
        return {name: value for name, value in given.items() if value}

    def _unavailable(self, outcome: str) -> Unavailable:
        peer_calls_total.labels(self.name, outcome).inc()
        return Unavailable(f"{self.name} does not answer.", retry_after_seconds=1)
