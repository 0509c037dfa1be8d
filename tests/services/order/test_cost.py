"""What an order costs the database, so that nobody makes it dearer unawares."""

from shared.kit.caller import Caller, Role
from tests.services.order.given import Shop
from tests.services.order.works import THERE, Works
from tests.support.service import as_json
from tests.support.statements import statements_of

PAID_MAX = 16  # Statements; BEGIN and COMMIT count too.
STEP_MAX = 7


async def test_an_order_from_its_quote_to_its_capture_costs_few_statements(shop: Shop) -> None:
    await shop.paid(shop.cleaning)  # Connections learn their types at their first statements.
    with statements_of(shop.running.kit.engine) as seen:
        order = await shop.placed(shop.cleaning)
        headers = shop.running.internal(Caller(shop.user, Role.USER), "payment")
        as_json(await shop.http.get(f"/internal/orders/{order['id']}/payable", headers=headers))
        await shop.running.tell(shop.captured(order))

    assert await shop.state(order) == "pending_dispatch"
    assert 0 < len(seen) <= PAID_MAX, "\n".join(seen)


async def test_a_step_of_a_job_costs_few_statements(works: Works) -> None:
    await works.accepted()
    order = await works.assigned()
    engine = works.running.kit.engine
    with statements_of(engine) as departed:
        as_json(await works.step(order, "depart"))
    with statements_of(engine) as arrived:
        as_json(await works.step(order, "arrive", body=THERE))

    assert 0 < len(departed) <= STEP_MAX, "\n".join(departed)
    assert 0 < len(arrived) <= STEP_MAX, "\n".join(arrived)
