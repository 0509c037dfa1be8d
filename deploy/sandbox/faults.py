"""Faults by switch: what the outside world is told to do wrong, and how often it did.

A rule matches `METHOD /path` by prefix; notices are matched as `NOTIFY <event type>`, and also by
the call that caused them, so that `POST /v3/global/refunds` reaches the refund's notice too.
"""

import asyncio
import json
import random
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.sandbox.store import Store


class Kind(StrEnum):
    """What goes wrong."""

    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    DELAY = "delay"
    DELAY_AFTER = "delay_after"
    ERROR = "error"
    ERROR_AFTER = "error_after"
    WRONG_SIGNATURE = "wrong_signature"
    SIGNTEST = "signtest"
    DUPLICATE_NOTIFY = "duplicate_notify"
    LOSE_NOTIFY = "lose_notify"
    REORDER_NOTIFY = "reorder_notify"
    REFUND_ABNORMAL = "refund_abnormal"
    REFUND_CLOSED = "refund_closed"
    REFUND_PROCESSING = "refund_processing"


ON_REQUESTS = frozenset(Kind) - {
    Kind.DUPLICATE_NOTIFY, Kind.LOSE_NOTIFY, Kind.REORDER_NOTIFY
}  # fmt: skip
ON_NOTICES = frozenset(
    {Kind.DELAY, Kind.WRONG_SIGNATURE, Kind.SIGNTEST}
    | {Kind.DUPLICATE_NOTIFY, Kind.LOSE_NOTIFY, Kind.REORDER_NOTIFY}
)
FIRST_TRY_ONLY = frozenset({Kind.DUPLICATE_NOTIFY, Kind.LOSE_NOTIFY, Kind.REORDER_NOTIFY})


class Rule(BaseModel):
    """One switch: where, what, how many times (for ever without), how long, how often."""

    model_config = ConfigDict(extra="forbid")
    route: str = Field(default="", max_length=300)
    kind: Kind
    times: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=1.0, ge=0, le=86_400)
    share: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0


@dataclass
class Fault:
    """A rule at work: how often it matched, and how often it struck."""

    seq: int
    rule: Rule
    matched: int = 0
    hits: int = 0

    def strikes(self, routes: Iterable[str], kinds: frozenset[Kind]) -> bool:
        """Whether the rule strikes here; its own seeded dice decide a share."""
        rule = self.rule
        if rule.kind not in kinds or (rule.times is not None and self.hits >= rule.times):
            return False
        if not any(route.startswith(rule.route) for route in routes):
            return False
        self.matched += 1
        dice = random.Random(f"{rule.seed}:{self.matched}").random()
        if dice >= rule.share:
            return False
        self.hits += 1
        return True


class Faults:
    """All rules in force. They are on disk, so a killed sandbox comes back with them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        rows = store.at_once(lambda db: db.execute("SELECT * FROM faults ORDER BY seq").fetchall())
        self.all = [
            Fault(row["seq"], Rule.model_validate_json(row["rule"]), row["matched"], row["hits"])
            for row in rows
        ]

    async def strike(self, routes: Iterable[str], kinds: frozenset[Kind]) -> list[Rule]:
        """The rules that strike here, in the order they were given; counted on disk."""
        if not self.all:
            return []
        struck = [fault for fault in self.all if fault.strikes(routes, kinds)]
        if struck:
            counts = [(fault.matched, fault.hits, fault.seq) for fault in struck]
            count = "UPDATE faults SET matched = ?, hits = ? WHERE seq = ?"
            await self._store.run(lambda db: db.executemany(count, counts))
        return [fault.rule for fault in struck]

    async def replace(self, rules: list[Rule]) -> None:
        """Put these rules in force and none else."""
        faults = [Fault(seq, rule) for seq, rule in enumerate(rules, 1)]

        def keep(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM faults")
            rows = [(fault.seq, fault.rule.model_dump_json()) for fault in faults]
            db.executemany("INSERT INTO faults (seq, rule, matched, hits) VALUES (?,?,0,0)", rows)

        await self._store.run(keep)
        self.all = faults

    def listing(self) -> dict[str, Any]:
        """The rules with their counts."""
        return {
            "faults": [
                fault.rule.model_dump(mode="json") | {"matched": fault.matched, "hits": fault.hits}
                for fault in self.all
            ]
        }


class DroppedConnection(ConnectionError):
    """The caller sees a closed connection; raised where no socket can be closed."""


class FaultGate:
    """Stands before every route of the outside world and lets the switched faults happen."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let faults strike; the sandbox's own doors are never faulty."""
        faultless = scope["type"] != "http" or not self.faults.all
        if faultless or scope["path"].startswith(("/__sandbox", "/livez", "/readyz")):
            return await self.app(scope, receive, send)
        route = f"{scope['method']} {scope['path']}"
        rules = {r.kind: r for r in await self.faults.strike([route], ON_REQUESTS)}
        scope["sandbox_faults"] = frozenset(rules)
        if Kind.DELAY in rules:
            await asyncio.sleep(rules[Kind.DELAY].seconds)
        if Kind.DROP_BEFORE in rules:
            return await drop(scope, receive)
        if Kind.ERROR in rules:
            return await broken(scope["path"])(scope, receive, send)
        if rules.keys().isdisjoint({Kind.DROP_AFTER, Kind.ERROR_AFTER, Kind.DELAY_AFTER}):
            return await self.app(scope, receive, send)
        kept = await executed(self.app, scope, receive)
        if Kind.DELAY_AFTER in rules:
            await asyncio.sleep(rules[Kind.DELAY_AFTER].seconds)
        if Kind.DROP_AFTER in rules:
            return await drop(scope, receive)
        if Kind.ERROR_AFTER in rules:
            return await broken(scope["path"])(scope, receive, send)
        for message in kept:
            await send(message)
        return None


async def executed(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    """Run the request to its end and keep the answer back."""
    kept: list[Message] = []

    async def keep(message: Message) -> None:
        kept.append(message)

    await app(scope, receive, keep)
    return kept


async def drop(scope: Scope, receive: Receive) -> None:
    """Close the caller's socket without a byte of answer."""
    transport = scope.get("sandbox_transport")
    if transport is None:
        raise DroppedConnection(scope["path"])
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def broken(path: str) -> Response:
    """The true shape of a server error, in the words of whoever is asked."""
    if path.startswith("/sns"):
        return told({"errcode": -1, "errmsg": "system error"}, 200)
    if path.startswith("/2010-04-01"):
        return told({"code": 20500, "message": "Internal Server Error", "status": 500})
    if path.startswith("/v3"):
        return told({"code": "SYSTEM_ERROR", "message": "系统异常，请使用相同参数稍后重新调用"})
    if path.startswith("/bank"):
        return told({"code": "system_error", "message": "The bank could not answer; try again."})
    xml = "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message>"
    return Response(f"{xml}</Error>", 500, media_type="application/xml")


def told(body: dict[str, Any], http_status: int = 500) -> Response:
    """A JSON answer."""
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, http_status, media_type="application/json")


def router(faults: Faults) -> APIRouter:
    """Put, read and clear the switches."""
    routes = APIRouter(prefix="/__sandbox/faults")

    @routes.put("")
    async def put(rules: list[Rule]) -> dict[str, Any]:
        """Put these rules in force instead of those before."""
        await faults.replace(rules)
        return faults.listing()

    @routes.get("")
    async def get() -> dict[str, Any]:
        """The rules in force, with how often each matched and struck."""
        return faults.listing()

    @routes.delete("", status_code=204)
    async def clear() -> None:
        """Nothing goes wrong any more."""
        await faults.replace([])

    return routes
