"""Each convention was seen to fail: a file that breaks it is found, one that keeps it is not."""

import pytest

from tests.conventions import rules
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
    rules.told_but_not_said: (
        "services/x/use_cases/a.py",
        'async def a(tx):\n    """Do."""\n    tx.publish(OrderPlaced())\n',
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
    (rules.transaction_and_port, "async def a(tx: Transaction, *, peer: Peer): ...\n"),
    (rules.transaction_and_port, "async def a(tx: Transaction, bank: Promotion | None): ...\n"),
]
FINE = """
from shared.kit.session import Transaction

async def lend(tx: Transaction) -> None:
    \"\"\"Lend. Tells toy.lent.v1.\"\"\"
    tx.publish(ToolLent(at=tx.now))
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
