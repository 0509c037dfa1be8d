"""The bank's answers are believed only under its signature; its instructions are idempotent."""

import pytest

from services.payment.clients.escrow_bank import EscrowBank
from services.payment.clients.outside import Outside
from services.payment.domain.ports import BankRefused, BankSplit
from shared.kit.errors import Unavailable
from shared.kit.ids import new_id
from tests.services.payment.world import World, hkd
from tests.support.sandbox import Sandbox

ROUTE = "POST /bank/v1/instructions"


@pytest.fixture
def bank(world: World, sandbox: Sandbox) -> EscrowBank:
    http = world.payment.kit.http
    return EscrowBank(Outside(http, sandbox.url, 4), sandbox.credentials, world.payment.clock)


async def test_the_same_instruction_twice_is_one(world: World, bank: EscrowBank) -> None:
    placed, _ = await world.captured()
    id, splits = str(new_id()), [BankSplit("worker", "worker:1", hkd(60_000))]
    first = await bank.instruct(id, str(placed.order_id), splits)
    assert await bank.instruct(id, str(placed.order_id), splits) == first

    with pytest.raises(BankRefused) as other:
        other_splits = [BankSplit("worker", "worker:1", hkd(1))]
        await bank.instruct(id, str(placed.order_id), other_splits)
    assert other.value.facts["bank_code"] == "instruction_differs"
    with pytest.raises(BankRefused) as beyond:
        await bank.instruct(str(new_id()), str(placed.order_id), splits)
    assert beyond.value.facts["bank_code"] == "insufficient_funds"


async def test_the_same_top_up_twice_is_one(world: World, bank: EscrowBank) -> None:
    placed, _ = await world.captured()
    id, order_id = str(new_id()), str(placed.order_id)
    first = await bank.top_up(id, order_id, hkd(700))
    assert await bank.top_up(id, order_id, hkd(700)) == first
    assert (await world.book(placed))["sub_accounts"][0]["balance_minor"] == 100_700

    with pytest.raises(BankRefused) as other:
        await bank.top_up(id, order_id, hkd(701))
    assert other.value.facts["bank_code"] == "instruction_differs"
    with pytest.raises(BankRefused) as beyond:
        await bank.top_up(str(new_id()), order_id, hkd(10_000_000_000))
    assert beyond.value.facts["bank_code"] == "insufficient_funds"


@pytest.mark.parametrize("kind", ["wrong_signature", "drop_before", "error"])
async def test_an_answer_that_proves_nothing_is_no_answer(
    world: World, bank: EscrowBank, kind: str
) -> None:
    placed, _ = await world.captured()
    await world.fault(ROUTE, kind, times=1)
    with pytest.raises(Unavailable):
        splits = [BankSplit("worker", "worker:1", hkd(60_000))]
        await bank.instruct(str(new_id()), str(placed.order_id), splits)
