"""The escrow bank on a wire of its own: top-ups, instructions, statements, HMAC-signed both ways.

`X-Bank-Signature` is the hex HMAC-SHA-256 of `timestamp.METHOD.path.body`; path is the request
line's, query included. Answers repeat the caller's method and path under the bank's timestamp.
"""

import hashlib
import hmac
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deploy.sandbox import bank_book
from deploy.sandbox.clock import Clock
from deploy.sandbox.faults import Kind
from deploy.sandbox.keys import Keys
from deploy.sandbox.store import Store

LINES_MAX = 1000
Act = Callable[[sqlite3.Connection, float], dict[str, Any]]


class BankRefused(Exception):
    """A refusal of the bank."""

    def __init__(self, http_status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.http_status = http_status
        self.body = {"code": code, "message": message}


class Split(BaseModel):
    """One payment out of the sub-account."""

    model_config = ConfigDict(extra="forbid", strict=True)
    party: str = Field(min_length=1, max_length=100)
    account: str = Field(min_length=1, max_length=200)
    amount_minor: int = Field(ge=1, le=10_000_000_000)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class Instruction(BaseModel):
    """POST /bank/v1/instructions: who gets what of an order's money, all or nothing."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field(min_length=1, max_length=64)
    order_id: str = Field(min_length=1, max_length=64)
    splits: list[Split] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def one_currency(self) -> "Instruction":
        """A sub-account is kept in one currency."""
        if len({split.currency for split in self.splits}) > 1:
            raise ValueError("splits must share one currency")
        return self


class TopUp(BaseModel):
    """POST /bank/v1/top-ups: the platform's own money comes into an order's sub-account."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field(min_length=1, max_length=64)
    order_id: str = Field(min_length=1, max_length=64)
    amount_minor: int = Field(ge=1, le=10_000_000_000)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class BankDesk:
    """Verifies what comes in, acts on the book, signs what goes out."""

    def __init__(self, store: Store, clock: Clock, keys: Keys) -> None:
        self._store, self._clock = store, clock
        bank = keys.credential("bank")
        self._key_id: str = bank["key_id"]
        self._secret = keys.secret(bank["secret_file"])

    async def serve(self, request: Request, act: Callable[[bytes], Act]) -> Response:
        """One signed request, one transaction, one signed answer."""
        raw = await request.body()
        offset = self._clock.offset
        try:
            offset = self._verified(request, raw)
            work, now = act(raw), self._clock.now()
            body = await self._store.run(lambda db: work(db, now))
        except BankRefused as refused:
            return self._signed(request, refused.http_status, refused.body, offset)
        return self._signed(request, 200, body, offset)

    def _verified(self, request: Request, raw: bytes) -> float:
        """The clock offset the request was signed under, if its signature is good."""
        headers = request.headers
        if headers.get("x-bank-key") != self._key_id:
            raise BankRefused(401, "unknown_key", "X-Bank-Key is not known.")
        timestamp = headers.get("x-bank-timestamp", "")
        if not re.fullmatch(r"\d{1,12}", timestamp, re.ASCII):
            raise BankRefused(401, "bad_timestamp", "X-Bank-Timestamp must be seconds since 1970.")
        given = headers.get("x-bank-signature", "")
        expected = self._signature(request, timestamp, raw)
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise BankRefused(401, "bad_signature", "X-Bank-Signature does not match the request.")
        offset = self._clock.offset_of(int(timestamp))
        if offset is None:
            raise BankRefused(401, "stale_timestamp", "X-Bank-Timestamp is over 5 minutes away.")
        return offset

    def _signature(self, request: Request, timestamp: str, body: bytes) -> str:
        query: bytes = request.scope["query_string"]
        target = request.scope["raw_path"] + (b"?" + query if query else b"")
        text = b".".join([timestamp.encode(), request.method.encode(), target, body])
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()

    def _signed(
        self, request: Request, http_status: int, body: dict[str, Any], offset: float
    ) -> Response:
        """The answer under the bank's signature, by the clock the caller goes by."""
        content = json.dumps(body, separators=(",", ":")).encode()
        timestamp = str(int(self._clock.now() - self._clock.offset + offset))
        faults = request.scope.get("sandbox_faults", frozenset())
        wrong = b"!" if Kind.WRONG_SIGNATURE in faults else b""
        headers = {
            "X-Bank-Key": self._key_id,
            "X-Bank-Timestamp": timestamp,
            "X-Bank-Signature": self._signature(request, timestamp, content + wrong),
        }
        return Response(content, http_status, headers, media_type="application/json")


def router(desk: BankDesk, store: Store) -> APIRouter:
    """The bank's routes and its book."""
    routes = APIRouter()

    @routes.post("/bank/v1/instructions")
    async def instruct(request: Request) -> Response:
        """Pay out an order's sub-account; idempotent by the instruction's id."""
        return await desk.serve(request, lambda raw: doing(raw, Instruction, bank_book.execute))

    @routes.post("/bank/v1/top-ups")
    async def top_up(request: Request) -> Response:
        """Pay from the platform's account into an order's sub-account; idempotent by its id."""
        return await desk.serve(request, lambda raw: doing(raw, TopUp, bank_book.top_up))

    @routes.get("/bank/v1/instructions/{instruction_id}")
    async def get_instruction(request: Request, instruction_id: str) -> Response:
        """What became of an instruction."""

        def read(db: sqlite3.Connection, now: float) -> dict[str, Any]:
            known = bank_book.instruction(db, instruction_id)
            if known is None:
                raise BankRefused(404, "unknown_instruction", "No instruction has this id.")
            return bank_book.executed_view(known)

        return await desk.serve(request, lambda raw: read)

    @routes.get("/bank/v1/statements")
    async def get_statement(request: Request) -> Response:
        """The lines of one Hong Kong day."""
        return await desk.serve(request, lambda raw: statement_of(request))

    @routes.get("/__sandbox/bank/book")
    async def book(
        order_id: Annotated[str | None, Query(max_length=64)] = None,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
    ) -> Any:
        """Balances and lines as the bank knows them, unsigned, for observers."""
        return await store.run(lambda db: bank_book.book(db, order_id, after, limit))

    return routes


def doing(raw: bytes, kind: type[BaseModel], act: Callable[..., dict[str, Any]]) -> Act:
    """The work that a body of this kind asks for, done once for each id."""
    try:
        body = kind.model_validate_json(raw).model_dump()
    except ValidationError as wrong:
        raise BankRefused(400, "invalid_body", first_issue(wrong)) from None
    fingerprint = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

    def work(db: sqlite3.Connection, now: float) -> dict[str, Any]:
        try:
            return act(db, body, fingerprint, now)
        except bank_book.InstructionDiffers:
            message = "What has this id was executed with another body."
            raise BankRefused(409, "instruction_differs", message) from None
        except bank_book.InsufficientFunds:
            message = "The account that should pay holds less than that."
            raise BankRefused(422, "insufficient_funds", message) from None
        except bank_book.WrongCurrency:
            message = "The order's sub-account is kept in another currency."
            raise BankRefused(422, "wrong_currency", message) from None

    return work


def first_issue(wrong: ValidationError) -> str:
    """The first thing wrong with a body, by field."""
    issue = wrong.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in issue["loc"])
    return f"{field}: {issue['msg']}" if field else str(issue["msg"])


def statement_of(request: Request) -> Act:
    """The work of reading one day's statement."""
    query = request.query_params
    try:
        day = date.fromisoformat(query.get("date", "")).isoformat()
        after, limit = int(query.get("after", "0")), int(query.get("limit", str(LINES_MAX)))
    except ValueError:
        message = "date must be YYYY-MM-DD; after and limit whole numbers."
        raise BankRefused(400, "invalid_query", message) from None
    if not (0 <= after < 2**62 and 1 <= limit <= LINES_MAX):
        raise BankRefused(400, "invalid_query", f"limit must be 1 to {LINES_MAX}.")
    return lambda db, now: bank_book.statement(db, day, after, limit)
