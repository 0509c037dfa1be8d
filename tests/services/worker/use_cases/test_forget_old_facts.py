"""What is ninety days old stops counting, by itself."""

from services.worker.domain.credit import FactKind
from services.worker.use_cases.count_fact import count_fact
from shared.contracts.ids import OrderId
from shared.contracts.worker import CreditChanged
from shared.kit.caller import SYSTEM
from shared.kit.ids import new_id
from tests.services.worker.given import approved, get
from tests.support.service import Running


async def test_a_breach_is_forgotten_after_ninety_days(run: Running) -> None:
    worker = await approved(run)
    for days in (0, 30):
        run.clock.advance_to(run.clock.offset_seconds + days * 86_400)
        async with run.begin() as tx:
            order = OrderId(new_id())
            await count_fact(tx, SYSTEM, worker, order, FactKind.BREACHED, 0, new_id())

    assert await run.pass_time(days=59) == 0
    assert await run.pass_time(days=1, seconds=1) == 1
    last = (await run.told(CreditChanged))[-1]
    assert (last.cause, last.order_id) == ("lapsed", None)
    assert last.credit > last.before
    assert await run.pass_time(days=30) == 1
    assert (await get(run, worker, "credit"))["credit"] == 89.75
    assert await run.pass_time(days=365) == 0
