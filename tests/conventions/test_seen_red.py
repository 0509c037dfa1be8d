"""Each convention was seen to fail: a file that breaks it is found, one that keeps it is not."""

import pytest

from tests.conventions import borders, rules
from tests.conventions.tree import Source

BROKEN = {
    rules.long_file: ("services/x/a.py", "x = 1\n" * 401),
    rules.long_functions: ("services/x/a.py", "def f():\n" + "    x = 1\n" * 50),
    rules.assigned_states: ("services/x/a.py", "order.state = 1\n"),
    rules.commits: ("services/x/a.py", "async def f(s):\n    await s.commit()\n"),
    rules.impure_time: ("services/x/a.py", "import datetime\nx = datetime.now()\n"),
    rules.sleeps: (
        "services/x/a.py",
        "import asyncio\nasync def f():\n    await asyncio.sleep(1)\n",
    ),
    rules.use_case_shape: ("services/x/use_cases/a.py", "async def b(): ...\n"),
    rules.transaction_and_port: (
        "services/x/use_cases/a.py",
        "async def a(tx: Transaction, bank: EscrowBank): ...\n",
    ),
    borders.told_but_not_said: (
        "services/x/use_cases/a.py",
        'async def a(tx):\n    """Do."""\n    tx.publish(OrderPlaced())\n',
    ),
    borders.opened_unrecorded: (
        "services/x/storage/a.py",
        "async def phone(tx):\n    return await unseal(tx, 1, 'a.b', 1, b'')\n",
    ),
    borders.port_in_transaction: (
        "services/x/use_cases/a.py",
        "async def a(begin: Begin, bank: EscrowBank):\n"
        "    async with begin() as tx:\n        await bank.instruct(1)\n",
    ),
    borders.transaction_round_yield: (
        "services/x/api/a.py",
        "async def a(kit):\n    async with kit.begin() as tx:\n        yield tx\n",
    ),
    borders.framework_refusals: (
        "services/x/api/a.py",
        "from fastapi import HTTPException\n",
    ),
    borders.time_in_sql: ("services/x/storage/a.py", "_OLD = 'DELETE FROM a WHERE at < now()'\n"),
    borders.addresses: ("services/x/clients/a.py", "URL = 'https://api.bank.example/v1'\n"),
    borders.replaced: (
        "tests/a.py",
        "from services.x import b\ndef t(m):\n    m.setattr(b, 'pay', None)\n",
    ),
    borders.locks: (
        "services/x/storage/a.py",
        "_ANY = 'SELECT 1 FROM t'\n_SQL = f'{_ANY} FOR UPDATE OF t'\n"
        "async def note(tx):\n    await tx.run(_SQL)\n",
    ),
    rules.relative_imports: ("services/x/a.py", "from . import b\n"),
    rules.banned_names: ("services/x/utils.py", "x = 1\n"),
    rules.loose_requests: (
        "services/x/api/a.py",
        "class ThingRequest(BaseModel):\n    days: int\n",
    ),
    rules.shardless: (
        "services/order/storage/a.py",
        "async def a(tx):\n    return await tx.run('SELECT 1 FROM orders WHERE id = $1')\n",
    ),
    rules.mocks: ("tests/a.py", "mock" + ".patch('services.x')\n"),
}
MORE_BROKEN = [
    (rules.assigned_states, "x = update(T).values(state=1)\n"),
    (rules.assigned_states, "x = 'UPDATE orders SET state = $1'\n"),
    (rules.assigned_states, "x = 'UPDATE orders SET paid_at = $2, state = $1'\n"),
    (rules.shardless, "_SQL = 'UPDATE positions SET rate = $1 WHERE id = $2'\n"),
    (rules.shardless, "def a(id):\n    return select(Order.id).where(Order.id == id)\n"),
    (rules.banned_names, "class OrderManager: ...\n"),
    (rules.banned_names, "# the customer pays\n"),
    (rules.assigned_states, "x = update(T).values({'state': 1})\n"),
    (rules.impure_time, "x = uuid4()\n"),
    (rules.impure_time, "import datetime as dt\nx = dt.datetime.now()\n"),
    (rules.impure_time, "from random import Random\nx = Random().random()\n"),
    (rules.impure_time, "import secrets\nx = secrets.randbelow(9)\n"),
    (rules.sleeps, "from asyncio import sleep\nasync def f():\n    await sleep(1)\n"),
    (rules.impure_time, "import os\nx = os.urandom(16)\n"),
    (rules.impure_time, "from os import urandom\nx = urandom(16)\n"),
    (borders.opened_unrecorded, "from shared.privacy.sealing import unseal as look\n"),
    (borders.opened_unrecorded, "from shared.privacy import sealing\nlook = sealing.unseal\n"),
    *(
        (
            borders.port_in_transaction,
            "async def a(begin, steps, some: Mapping[str, Channel]):\n    one = some['x']\n"
            f"    async with {opened} as t:\n        {waited}\n",
        )
        for opened, waited in [
            ("begin()", "await some['x'].query(1)"),
            ("begin.alone()", "await one.query(1)"),
            ("steps.claim(1)", "await _ask(t, one)"),
            ("steps.finish()", "await asyncio.gather(*(one.query(n) for n in (1, 2)))"),
            ("Steps.resumed(begin, 1).undo()", "task = asyncio.create_task(one.query(1))"),
        ]
    ),
    (
        borders.told_but_not_said,
        'async def a(tx):\n    """Do. Tells order.placed.v1."""\n    await tx.flush()\n',
    ),
    (
        borders.told_but_not_said,
        'async def a(tx):\n    """Do. Tells order.placed.v1, order.paid.v1."""\n'
        "    tx.publish(_told())\ndef _told() -> OrderPlaced: ...\n",
    ),
    (borders.framework_refusals, "import fastapi\nraise fastapi.HTTPException(404)\n"),
    (borders.time_in_sql, "x = select(A).where(A.at < func.now())\n"),
    (borders.time_in_sql, "x = f'SELECT {y} FROM a WHERE at < CURRENT_TIMESTAMP'\n"),
    (borders.addresses, "HOST = 'sms.provider.com'\n"),
    (borders.replaced, "def t(m):\n    m.setattr('services.x.b.pay', None)\n"),
    (borders.replaced, "from services.x import b\nb.pay = None\n"),
    (borders.replaced, "from services.x.b import Bank\nsetattr(Bank, 'pay', None)\n"),
    (borders.locks, "async def a(tx):\n    await tx.session.get(A, 1, with_for_update=True)\n"),
    (borders.locks, "async def a(q):\n    return q.with_for_update()\n"),
    (
        borders.locks,
        "def b():\n    return 'FOR SHARE'\nasync def a(tx):\n    await tx.run(b())\n",
    ),
    (rules.transaction_and_port, "async def a(tx: Transaction, *, peer: Peer): ...\n"),
    (rules.transaction_and_port, "async def a(tx: Transaction, bank: Promotion | None): ...\n"),
]
FINE = """
from shared.kit.session import Transaction

async def lend(tx: Transaction) -> None:
    \"\"\"Lend. Tells user.registered.v1.\"\"\"
    tx.publish(UserRegistered(at=tx.now))
"""


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_a_file_that_breaks_it_is_found(rule: object) -> None:
    path, text = BROKEN[rule]  # type: ignore[index]
    assert rule(Source(path, text)) != []  # type: ignore[operator]


@pytest.mark.parametrize(("rule", "text"), MORE_BROKEN)
def test_other_ways_to_break_it_are_found(rule: object, text: str) -> None:
    assert rule(Source("services/x/a.py", text)) != []  # type: ignore[operator]


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_a_file_that_keeps_it_is_not(rule: object) -> None:
    assert rule(Source("services/x/use_cases/lend.py", FINE)) == []  # type: ignore[operator]
