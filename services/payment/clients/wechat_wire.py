"""One signed call to WeChat Pay and its verified answer, and the check of a notice's headers.

The strings that are signed, the headers and the five-minute window are those of WeChat Pay API v3:
five lines ``METHOD, path, timestamp, nonce, body`` each ended by LF for requests, three lines
``timestamp, nonce, body`` for answers and notices.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from services.payment.clients.outside import LOST, Answer, Outside
from services.payment.clients.wechat_keys import Credentials, PlatformKeys, SealBroken
from services.payment.domain.ports import ChannelRefused, ChannelUnavailable
from shared.kit.clock import Clock
from shared.kit.log import get_logger

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
WINDOW_SECONDS = 300
PASSING = {"SYSTEM_ERROR", "BANK_ERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "SIGN_ERROR"}
CERTIFICATES = "/v3/global/certificates"

log = get_logger(__name__)


class Wire:
    """Signs what goes out, verifies what comes back; tries a call that got lost once more."""

    def __init__(self, outside: Outside, folder: Path, clock: Clock) -> None:
        self._outside = outside
        self._folder = folder
        self._clock = clock

    @cached_property
    def credentials(self) -> Credentials:
        """Read when first needed, so that the process starts before the channel is set up."""
        return Credentials.load(self._folder)

    @cached_property
    def keys(self) -> PlatformKeys:
        """Who may sign answers and notices."""
        return PlatformKeys(self.credentials, self._certificates)

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer's JSON, None for an empty one.

        Raises ChannelRefused with the channel's code, or ChannelUnavailable: nothing is known then.
        """
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = await self._send_twice(method, path, content)
        if not await self.is_signed(answer.headers, answer.content):
            log.error("wechat_pay.answer_not_signed", path=path, status=answer.status)
            raise ChannelUnavailable("The channel's answer is not signed.", retry_after_seconds=2)
        return _read(answer, path)

    async def _send_twice(self, method: str, path: str, content: bytes) -> Answer:
        try:
            return await self._send(method, path, content)
        except LOST as lost:
            log.warning("wechat_pay.call_lost", path=path, reason=type(lost).__name__)
        try:
            return await self._send(method, path, content)
        except LOST as lost:
            raise ChannelUnavailable("The channel is silent.", retry_after_seconds=2) from lost

    async def _send(self, method: str, path: str, content: bytes) -> Answer:
        """One try; each has a nonce of its own."""
        mine = self.credentials
        timestamp, nonce = str(int(self._clock.now().timestamp())), secrets.token_hex(16)
        text = f"{method}\n{path}\n{timestamp}\n{nonce}\n{content.decode()}\n"
        pairs = {
            "mchid": mine.mchid,
            "nonce_str": nonce,
            "timestamp": timestamp,
            "serial_no": mine.merchant_serial,
            "signature": mine.sign(text),
        }
        headers = {
            "Authorization": f"{SCHEME} " + ",".join(f'{k}="{v}"' for k, v in pairs.items()),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "jajaya-payment",
        }
        if mine.public_key_id:
            headers["Wechatpay-Serial"] = mine.public_key_id
        return await self._outside.send(method, path, headers, content)

    async def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether these headers are the platform's signature of the body, made just now."""
        found = _signature(headers)
        now = self._clock.now()
        if found is None or not _is_fresh(found["timestamp"], now):
            return False
        text = f"{found['timestamp']}\n{found['nonce']}\n".encode() + body + b"\n"
        return await self.keys.verifies(found["serial"], text, found["signature"], now)

    async def _certificates(self) -> dict[str, Any]:
        """The platform's certificates; the answer must be signed by one of those it brings.

        Raises ChannelUnavailable, a refusal included: it is none of what the caller asked for.
        """
        answer = await self._send_twice("GET", CERTIFICATES, b"")
        try:
            page: dict[str, Any] = _read(answer, CERTIFICATES)
        except ChannelRefused as refused:
            raise ChannelUnavailable("The certificates are refused.") from refused
        fresh = PlatformKeys(self.credentials, self._certificates)
        try:
            fresh.learn(page)
        except (SealBroken, KeyError, TypeError, ValueError) as broken:
            raise ChannelUnavailable("The certificates do not open.") from broken
        found = _signature(answer.headers)
        if found is None or not _is_fresh(found["timestamp"], self._clock.now()):
            raise ChannelUnavailable("The certificates are not signed.")
        text = f"{found['timestamp']}\n{found['nonce']}\n".encode() + answer.content + b"\n"
        if not fresh.matches(found["serial"], text, found["signature"]):
            raise ChannelUnavailable("The certificates are not signed by one of them.")
        return page


def _signature(headers: Mapping[str, str]) -> dict[str, str] | None:
    """The four parts of a signature, if all are there and it is not a probe."""
    parts = ("timestamp", "nonce", "serial", "signature")
    found = {part: headers.get(f"wechatpay-{part}", "") for part in parts}
    kind = headers.get("wechatpay-signature-type", SCHEME)
    if not all(found.values()) or kind != SCHEME or found["signature"].startswith(PROBE):
        return None
    return found


def _is_fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) < WINDOW_SECONDS


def _read(answer: Answer, path: str) -> Any:
    """The parsed answer, or what its status says."""
    try:
        parsed = json.loads(answer.content) if answer.content else None
    except ValueError as broken:
        raise ChannelUnavailable("The channel's answer is not JSON.") from broken
    if 200 <= answer.status < 300:
        return parsed
    code = str(parsed.get("code", "")) if isinstance(parsed, dict) else ""
    log.info("wechat_pay.refused", path=path, status=answer.status, code=code)
    if answer.status >= 500 or answer.status == 429 or code in PASSING:
        raise ChannelUnavailable(f"The channel answers {code}.", retry_after_seconds=2)
    raise ChannelRefused(f"WeChat Pay answers {code}.", channel_code=code)
