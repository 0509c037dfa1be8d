"""Many orders more, written by SQL after the model of one that was really placed.

The model has one visit with one stop.
"""

import asyncpg

BATCH = 20_000
ORDERS_OF_A_USER = 10  # As many as one may place in a minute: the limits hold here too.

# Ids like the kit's: born at a millisecond of some year, in the order of the numbers; the low 12
# bits name the shard of the user. Each user's orders lie far apart.
_FRESH = """
CREATE TEMP TABLE fresh ON COMMIT DROP AS
SELECT n, shard, CAST(concat('0198', lpad(to_hex(of_user), 8, '0'), '70008000', lpad('', 9, '0'),
        lpad(to_hex(shard), 3, '0')) AS uuid) AS user_id,
    CAST(concat(born, '8', rest) AS uuid) AS order_id,
    CAST(concat(born, '9', rest) AS uuid) AS visit_id,
    CAST(concat(born, 'a', rest) AS uuid) AS quote_id,
    CAST(concat(born, 'b', rest) AS uuid) AS stop_id
FROM (SELECT n, n % {users} AS of_user, (n % {users} * 2654435761 % 4096)::int AS shard
    FROM generate_series({first}::bigint, {last}::bigint) AS n) AS numbered
CROSS JOIN LATERAL (SELECT md5(n::text) AS drawn) AS random
CROSS JOIN LATERAL (SELECT
    concat(lpad(to_hex(1750000000000 + n * 1000), 12, '0'), '7', substr(drawn, 1, 3)) AS born,
    concat(substr(drawn, 4, 12), lpad(to_hex(shard), 3, '0')) AS rest) AS made
"""
_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_OF_ORDER = {"shard": "f.shard", "order_id": "f.order_id"}
# What is each new row's own; everything else is the model's.
_OWN = {
    "orders": {
        "shard": "f.shard", "id": "f.order_id", "user_id": "f.user_id", "quote_id": "f.quote_id",
        "number": "concat('B', f.n)",
    },
    "visits": _OF_ORDER | {"id": "f.visit_id"},
    "stops": _OF_ORDER | {"visit_id": "f.visit_id", "id": "f.stop_id"},
    "positions": _OF_ORDER | {"visit_id": "f.visit_id"},
    "order_history": _OF_ORDER,
}  # fmt: skip


async def more_orders(book: asyncpg.Connection, model: str, first: int, last: int) -> None:
    """Write the orders of these numbers, of users nobody knows, each with all its rows."""
    users = max(1, (last - first) // ORDERS_OF_A_USER)
    for start in range(first, last, BATCH):
        end = min(start + BATCH, last) - 1
        async with book.transaction():
            await book.execute("SET LOCAL synchronous_commit = off")
            await book.execute(_FRESH.format(users=users, first=start, last=end))
            for table, own in _OWN.items():
                await _copy(book, table, own, model)
    await book.execute("ANALYZE")


async def _copy(book: asyncpg.Connection, table: str, own: dict[str, str], model: str) -> None:
    columns = [row[0] for row in await book.fetch(_COLUMNS, table)]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(own.get(name, f'm."{name}"') for name in columns)
    key = "id" if table == "orders" else "order_id"
    await book.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM fresh f"
        f" CROSS JOIN {table} m WHERE m.{key} = '{model}'"
    )
