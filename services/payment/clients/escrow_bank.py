"""The escrow bank on our own wire: instructions by id, HMAC-SHA-256 signed both ways.

The signature is the hex HMAC of ``timestamp.METHOD.path.body``; answers repeat the request's method
and path under the bank's own timestamp.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

import httpx

from services.payment.domain.ports import BankRefused, BankSplit
from shared.kit.clock import Clock
from shared.kit.errors import Unavailable
from shared.kit.log import get_logger

PATH = "/bank/v1/instructions"
WINDOW_SECONDS = 300
REFUSALS = {400, 409, 422}

log = get_logger(__name__)


class EscrowBank:
    """Implements ``domain.ports.EscrowBank``."""

    def __init__(self, base_url: str, folder: Path, clock: Clock, seconds_max: float) -> None:
        self._folder = folder
        self._clock = clock
        self._http = httpx.AsyncClient(base_url=base_url, timeout=seconds_max)

    @cached_property
    def _key(self) -> tuple[str, bytes]:
        read = json.loads((self._folder / "bank.json").read_text())
        return read["key_id"], (self._folder / read["secret_file"]).read_bytes().strip()

    async def instruct(self, id: str, order_id: str, splits: Sequence[BankSplit]) -> datetime:
        """Pay out of an order's sub-account; when the bank did so."""
        lines = [
            {
                "party": split.party,
                "account": split.account,
                "amount_minor": split.amount.minor,
                "currency": split.amount.currency,
            }
            for split in splits
        ]
        body = json.dumps({"id": id, "order_id": order_id, "splits": lines}).encode()
        answer = await self._send(body)
        told = json.loads(answer.content)
        if answer.status_code in REFUSALS:
            raise BankRefused(str(told.get("message", "")), bank_code=str(told.get("code", "")))
        if not answer.is_success or told.get("state") != "executed" or told.get("id") != id:
            log.error("bank.answer_unexpected", status=answer.status_code)
            raise Unavailable("The bank does not serve us.", retry_after_seconds=5)
        return datetime.fromisoformat(told["executed_at"])

    async def _send(self, body: bytes) -> httpx.Response:
        key_id, _ = self._key
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Bank-Key": key_id,
            "X-Bank-Timestamp": timestamp,
            "X-Bank-Signature": self._signature(timestamp, body),
        }
        try:
            answer = await self._http.post(PATH, content=body, headers=headers)
        except httpx.TransportError as lost:
            raise Unavailable("The bank is silent.", retry_after_seconds=5) from lost
        if not self._is_signed(answer):
            log.error("bank.answer_not_signed", status=answer.status_code)
            raise Unavailable("The bank's answer is not signed.", retry_after_seconds=5)
        return answer

    def _is_signed(self, answer: httpx.Response) -> bool:
        timestamp = answer.headers.get("x-bank-timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        fresh = abs(self._clock.now().timestamp() - int(timestamp)) < WINDOW_SECONDS
        given = answer.headers.get("x-bank-signature", "")
        expected = self._signature(timestamp, answer.content)
        return fresh and hmac.compare_digest(given.encode(), expected.encode())

    def _signature(self, timestamp: str, body: bytes) -> str:
        text = b".".join([timestamp.encode(), b"POST", PATH.encode(), body])
        return hmac.new(self._key[1], text, hashlib.sha256).hexdigest()
