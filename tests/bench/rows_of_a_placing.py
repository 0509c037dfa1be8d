"""The rows that placing one order really wrote, read off the tables, as a script for pgbench.

An order is placed through the gateway and every row that came with it is found again by the
transaction that wrote it. The script writes the same rows with fresh ids, column for column.
"""

import re
from dataclasses import dataclass, field

import asyncpg

# Values of these names are drawn anew for each order the script places.
DRAWN = "SELECT uuidv7() AS o, uuidv7() AS v, uuidv7() AS q, uuidv7() AS k, uuidv7() AS e"
PREPARED_QUOTES = 20_000
_QUOTE = "CAST(concat('00000000-0000-7000-8000-', lpad(to_hex(CAST(:n AS int)), 12, '0')) AS uuid)"

_COLUMNS = """
SELECT attname AS name, format_type(atttypid, atttypmod) AS type
FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
    AND attidentity = '' ORDER BY attnum
"""
# A row's xmin is the number of the transaction that wrote it last.
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"

_WROTE = """
SELECT o.xmin::text AS wrote, o.quote_id, o.number, v.id AS visit_id, e.id AS event_id,
    r.scope, r.key, r.answer
FROM orders o JOIN visits v ON v.order_id = o.id JOIN outbox e ON e.key = o.id AND e.version = 1
    JOIN requests r ON r.answer LIKE $2
WHERE o.id = $1::text::uuid
"""


@dataclass
class Script:
    """The transaction as plain statements, and the rows it is made of by table."""

    lines: list[str]
    rows: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """As pgbench reads it."""
        drawn = f"\\set n random(1, {PREPARED_QUOTES})\n{DRAWN}, nextval('order_numbers') AS s"
        return "\n".join([f"{drawn} \\gset", "BEGIN;", *self.lines, "COMMIT;"]) + "\n"


async def script_of(book: asyncpg.Connection, order_id: str) -> Script:
    """The script that writes what placing this order wrote."""
    wrote = await book.fetchrow(_WROTE, order_id, f"%{order_id}%")
    if wrote is None:
        raise RuntimeError(f"order {order_id}, its event or its request is gone")
    request = {name: str(wrote[name]) for name in ("scope", "key", "answer")}
    names = {
        order_id: "CAST(:o AS uuid)",
        str(wrote["visit_id"]): "CAST(:v AS uuid)",
        str(wrote["quote_id"]): "CAST(:q AS uuid)",
        str(wrote["event_id"]): "CAST(:e AS uuid)",
        request["key"]: "CAST(:k AS text)",
        str(wrote["number"]): "concat('P', CAST(:s AS text))",
    }
    script = Script([])
    for table in [row[0] for row in await book.fetch(_TABLES)]:
        await _add_table(book, script, table, wrote["wrote"], order_id, names)
    _in_order_of_reference(script)
    answer = _literal(request["answer"])
    script.lines.append(
        f"UPDATE requests SET done = true, answer = {answer}"
        f" WHERE scope = {_literal(request['scope'])} AND key = CAST(:k AS text);"
    )
    script.rows["requests answered"] = 1
    return script


async def _add_table(
    book: asyncpg.Connection, script: Script, table: str, xmin: str, order_id: str,
    names: dict[str, str],
) -> None:  # fmt: skip
    """The rows of one table that the transaction wrote."""
    columns = await book.fetch(_COLUMNS, table)
    texts = ", ".join(f'"{column["name"]}"::text' for column in columns)
    where = "xmin::text = $1"
    values = [xmin]
    if table == "outbox":  # The relay has marked it as sent since, which is its own affair.
        where, values = "key::text = $1 AND version = 1", [order_id]
    for row in await book.fetch(f"SELECT {texts} FROM {table} WHERE {where}", *values):
        told = dict(zip([column["name"] for column in columns], row, strict=True))
        types = {column["name"]: column["type"] for column in columns}
        if table == "price_quotes":
            script.lines.append(_use_quote(told))
        else:
            script.lines.append(_insert(table, told, types, names))
        script.rows[table] = script.rows.get(table, 0) + 1


def _use_quote(told: dict[str, str | None]) -> str:
    where = f"shard = {told['shard']} AND id = {_QUOTE}"
    return f"UPDATE price_quotes SET order_id = CAST(:o AS uuid) WHERE {where};"


def _insert(
    table: str, told: dict[str, str | None], types: dict[str, str], names: dict[str, str]
) -> str:
    """The row as an INSERT. What is filled in by a later statement is left out here."""
    if table == "requests":
        told = told | {"done": "false", "answer": None}
    if table == "outbox":
        told = told | {"sent_at": None}
    values = []
    for name, text in told.items():
        if text is None:
            values.append("NULL")
        elif text in names:
            values.append(names[text])
        elif types[name] == "uuid" and name == "id":
            values.append("uuidv7()")
        else:
            values.append(f"CAST({_literal(text)} AS {types[name]})")
    return f"INSERT INTO {table} ({', '.join(told)}) VALUES ({', '.join(values)});"


def _literal(text: str) -> str:
    """A literal in which pgbench sees no variable of its own: it looks for colons even in text."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return "E'" + re.sub(":", r"\\x3a", escaped).replace("\n", "\\n") + "'"


def _in_order_of_reference(script: Script) -> None:
    """The claimed key first and orders before what refers to them, as the service writes them."""
    ranks = ("requests", "price_quotes", "order_history", "orders", "visits", "stops", "positions",
             "timers", "event_versions", "outbox")  # fmt: skip

    def rank(line: str) -> int:
        words = line.split()
        table = words[2] if words[0] == "INSERT" else words[1]
        return ranks.index(table) if table in ranks else len(ranks)

    script.lines.sort(key=rank)
