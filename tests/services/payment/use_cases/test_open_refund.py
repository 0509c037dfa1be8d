"""A refund is opened with the timer that sends it; a late payment has one at most."""

from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from services.payment.domain.payment import PaymentMove
from services.payment.domain.refund import RefundReason
from services.payment.storage.payments import payment
from services.payment.use_cases.open_refund import open_refund
from shared.contracts.ids import PaymentId
from shared.kit.caller import SYSTEM
from tests.services.payment.world import World


async def test_the_database_refuses_a_second_refund_of_a_late_payment(world: World) -> None:
    placed = await world.place()
    view = await world.begin_paying(placed)

    async def refund_late() -> None:
        async with world.payment.begin() as tx:
            late = await payment(tx, SYSTEM, PaymentId(UUID(view["payment_id"])))
            if late.state in PaymentMove.SURPASS.sources:
                tx.move(late, PaymentMove.SURPASS, by=SYSTEM)
            await open_refund(tx, late, late.amount, RefundReason.LATE)

    await refund_late()
    with pytest.raises(IntegrityError):
        await refund_late()
    async with world.payment.begin() as tx:
        rows = await tx.run("SELECT 1 FROM timers WHERE kind = 'send_refund'")
    assert len(rows) == 1
