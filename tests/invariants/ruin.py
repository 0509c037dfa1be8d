"""Books in which a test may plant what no guard of ours would ever let in."""

import contextlib
import importlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from shared.kit.ids import new_id
from shared.kit.inbox import handlers_of
from tests.invariants.books import SERVICES, Books
from tests.support import databases
from tests.support.cluster import postgres_of

_COLUMNS = """
SELECT column_name AS name, data_type AS type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND is_nullable = 'NO'
    AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'
"""
_GUARDS = """
SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('c', 'x')
"""
_ANYTHING = {
    "uuid": "gen_random_uuid()", "timestamp with time zone": "now()", "jsonb": "'[]'",
    "boolean": "false", "bytea": "''", "date": "now()", "tstzrange": "'empty'",
}  # fmt: skip
_NUMBERS = ("bigint", "smallint", "integer", "double precision", "numeric")


def now() -> datetime:
    """The instant; a run of all tests lasts longer than a timer may be overdue."""
    return datetime.now(UTC)


@dataclass
class Ruin:
    """The books while something is planted that no guard of ours would let in."""

    databases: dict[str, asyncpg.Connection]
    logs: Path
    wechat: dict[str, Any] = field(default_factory=lambda: {"transactions": [], "refunds": []})
    bank: list[dict[str, Any]] = field(default_factory=list)
    sub_accounts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def books(self) -> Books:
        """As the rules read them."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.outside))
        return Books(self.databases, "http://outside", http, self.logs)

    async def plant(self, service: str, table: str, **values: Any) -> None:
        """A row with these values, whatever else it needs, past checks, keys and exclusions."""
        connection = self.databases[service]
        for guard in await connection.fetch(_GUARDS, table):
            await connection.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{guard["conname"]}"')
        columns = {row["name"]: row["type"] for row in await connection.fetch(_COLUMNS, table)}
        fill = {name: _anything(kind) for name, kind in columns.items() if name not in values}
        names = ", ".join([*fill, *values])
        rows = ", ".join([*fill.values(), *(f"${n}" for n in range(1, len(values) + 1))])
        await connection.execute(
            f'INSERT INTO "{table}" ({names}) VALUES ({rows})', *values.values()
        )

    async def told(self, service: str, type: str, **values: Any) -> Any:
        """An event that has left its outbox; who listens has not heard of it."""
        id = new_id()
        event = {"id": id, "type": type, "version": 1, "sent_at": values.pop("sent_at", now())}
        await self.plant(service, "outbox", **(event | values))
        return id

    async def heard(self, event: Any, type: str, **values: Any) -> None:
        """Everybody who listens has."""
        for service in SERVICES:
            for handler in handlers_of(service).get(type, []):
                await self.plant(service, "inbox", handler=handler.name, event_id=event, **values)

    async def posted(self, *lines: tuple[str, int], **about: Any) -> None:
        """One transfer between unlimited accounts of these codes."""
        transfer = new_id()
        await self.plant("payment", "transfers", id=transfer, **about)
        for code, minor in lines:
            account = new_id()
            await self.plant("payment", "accounts", id=account, code=code, limited=False)
            posting = {"transfer_id": transfer, "account_id": account, "amount_minor": minor}
            await self.plant("payment", "entries", **posting)

    async def placed(self, state: str, minor: int = 0) -> Any:
        """An order in this state, whose history is its first row."""
        order = new_id()
        values = {"id": order, "number": order.hex, "state": state, "payable_minor": minor}
        await self.plant("order", "orders", **values, version=1)
        await self.plant("order", "order_history", order_id=order, number=1, after=state)
        return order

    async def ordered(self, state: str, payable: str, minor: int = 0, shares: str = "[]") -> Any:
        """An order and its payable in these states, paid out to these shares once it is settled."""
        order = await self.placed(state, minor)
        await self.plant("payment", "payables", order_id=order, state=payable)
        if payable == "settled":
            paid_out = {"order_id": order, "state": "executed", "shares": shares}
            await self.plant("payment", "settlements", **paid_out)
        return order

    async def seated(self, state: str, payable: str, worker: Any) -> dict[str, Any]:
        """Such an order, with a position that the worker fills; as offer and booking say."""
        order, offer = await self.ordered(state, payable), new_id()
        who = {"worker_id": worker, "order_id": order}
        await self.plant("order", "positions", visit_id=order, offer_id=offer, **who)
        return {"id": offer, **who}

    async def owing(self, minor: int) -> Any:
        """An order that owes its user so much of what the bank holds."""
        order = new_id()
        lines = ((f"liab:refund_payable:order:{order}", minor), ("asset:till", -minor))
        await self.posted(*lines, order_id=order)
        self.sub_accounts.append({"order_id": str(order), "balance_minor": minor})
        return order

    def outside(self, request: httpx.Request) -> httpx.Response:
        """The books of the outside world."""
        match request.url.path.removeprefix("/__sandbox/"):
            case "clock":
                return httpx.Response(200, json={"offset_seconds": 0})
            case "wechat/book":
                return httpx.Response(200, json=self.wechat)
        book = {"lines": self.bank, "sub_accounts": self.sub_accounts, "next_after": None}
        return httpx.Response(200, json=book)


def _anything(kind: str) -> str:
    return _ANYTHING.get(kind, "0" if kind in _NUMBERS else "''")


@contextlib.asynccontextmanager
async def ruin_in(logs: Path) -> AsyncIterator[Ruin]:
    """Six migrated databases without an order; all that is planted is rolled back."""
    for service in SERVICES:  # So that each service's handlers are known.
        importlib.import_module(f"services.{service}.events.handlers")
    postgres = postgres_of(os.environ)
    async with contextlib.AsyncExitStack() as stack:
        opened = {}
        for service in SERVICES:
            name = await databases.take(os.environ, service, f"services.{service}")
            stack.push_async_callback(databases.give_back, os.environ, service, name)
            # Without triggers and foreign keys, which only a superuser can put aside.
            connection = await asyncpg.connect(
                postgres.url("postgres", name, "postgresql"),
                server_settings={"session_replication_role": "replica"},
            )
            stack.push_async_callback(connection.close)
            transaction = connection.transaction()
            await transaction.start()
            stack.push_async_callback(transaction.rollback)
            opened[service] = connection
        yield Ruin(opened, logs)
