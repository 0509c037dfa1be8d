"""The escrow bank on our own wire: instructions by id, HMAC-SHA-256 signed both ways.

The signature is the hex HMAC of ``timestamp.METHOD.path.body``; answers repeat the request's method
and path under the bank's own timestamp.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from services.payment.clients.outside import LOST, Answer, Outside
from services.payment.domain.ports import BankRefused, BankSplit
from shared.kit.clock import Clock
from shared.kit.errors import Unavailable
from shared.kit.log import get_logger
from shared.kit.money import Money

INSTRUCTIONS, TOP_UPS = "/bank/v1/instructions", "/bank/v1/top-ups"
WINDOW_SECONDS = 300
REFUSALS = {400, 409, 422}

log = get_logger(__name__)


class EscrowBank:
    """Implements ``domain.ports.EscrowBank``."""

    def __init__(self, outside: Outside, folder: Path, clock: Clock) -> None:
        self._outside = outside
        self._folder = folder
        self._clock = clock

    @cached_property
    def _key(self) -> tuple[str, bytes]:
        read = json.loads((self._folder / "bank.json").read_text())
        return read["key_id"], (self._folder / read["secret_file"]).read_bytes().strip()

    async def top_up(self, id: str, order_id: str, amount: Money) -> datetime:
        """Pay from the platform's account into an order's sub-account; when the bank did so."""
        return await self._ask(TOP_UPS, {"id": id, "order_id": order_id, **_amount(amount)})

    async def instruct(self, id: str, order_id: str, splits: Sequence[BankSplit]) -> datetime:
        """Pay out of an order's sub-account; when the bank did so."""
        lines = [
            {"party": split.party, "account": split.account, **_amount(split.amount)}
            for split in splits
        ]
        return await self._ask(INSTRUCTIONS, {"id": id, "order_id": order_id, "splits": lines})

    async def _ask(self, path: str, asked: Mapping[str, Any]) -> datetime:
        """When the bank executed it. Raises BankRefused, Unavailable."""
        answer = await self._send(path, json.dumps(asked).encode())
        told = json.loads(answer.content)
        if answer.status in REFUSALS:
            raise BankRefused(str(told.get("message", "")), bank_code=str(told.get("code", "")))
        executed = (answer.status, told.get("state"), told.get("id"))
        if executed != (200, "executed", asked["id"]):
            log.error("bank.answer_unexpected", path=path, status=answer.status)
            raise Unavailable("The bank does not serve us.", retry_after_seconds=5)
        return datetime.fromisoformat(told["executed_at"])

    async def _send(self, path: str, body: bytes) -> Answer:
        """An answer that the bank has signed."""
        key_id, _ = self._key
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Bank-Key": key_id,
            "X-Bank-Timestamp": timestamp,
            "X-Bank-Signature": self._signature(path, timestamp, body),
        }
        try:
            answer = await self._outside.send("POST", path, headers, body)
        except LOST as lost:
            raise Unavailable("The bank is silent.", retry_after_seconds=5) from lost
        if not self._is_signed(path, answer.headers, answer.content):
            log.error("bank.answer_not_signed", path=path, status=answer.status)
            raise Unavailable("The bank's answer is not signed.", retry_after_seconds=5)
        return answer

    def _is_signed(self, path: str, headers: Mapping[str, str], content: bytes) -> bool:
        timestamp = headers.get("x-bank-timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        fresh = abs(self._clock.now().timestamp() - int(timestamp)) < WINDOW_SECONDS
        given = headers.get("x-bank-signature", "")
        expected = self._signature(path, timestamp, content)
        return fresh and hmac.compare_digest(given.encode(), expected.encode())

    def _signature(self, path: str, timestamp: str, body: bytes) -> str:
        text = b".".join([timestamp.encode(), b"POST", path.encode(), body])
        return hmac.new(self._key[1], text, hashlib.sha256).hexdigest()


def _amount(amount: Money) -> dict[str, Any]:
    return {"amount_minor": amount.minor, "currency": amount.currency}
