"""Beginning to pay: one open attempt, one channel order, whatever is cut or repeated."""

import asyncio

import pytest

from services.payment.domain.payment import PREPARE_SECONDS_MAX
from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World, coupon

OPEN = "POST /v3/global/transactions/jsapi"


def code_of(answer: object) -> str:
    body: dict[str, str] = answer.json()  # type: ignore[attr-defined]
    return body["type"].rpartition("/")[2]


async def test_ten_equal_requests_open_one_attempt(world: World) -> None:
    placed = await world.place()
    body = {
        "order_id": str(placed.order_id),
        "channel": "wechat",
        "wechat_code": f"sandbox-{placed.user_id}.once",
    }
    headers = world.payment.headers(placed.user_id, Role.USER, key="same")
    answers = await asyncio.gather(
        *(world.payment.http.post("/payments", json=body, headers=headers) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    again = await world.payment.http.post("/payments", json=body, headers=headers)
    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len((await world.money(placed))["attempts"]) == 1


@pytest.mark.race("checkout_for_update")
async def test_rivals_for_one_order_leave_one_open_attempt(world: World) -> None:
    placed = await world.place()
    answers = await asyncio.gather(*(world.ask_to_pay(placed) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    won = next(answer for answer in answers if answer.status_code == 201).json()
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert code_of(lost) == "payment-already-open"
    assert lost.json()["payment_id"] == won["payment_id"]


async def test_an_account_learnt_once_needs_no_code_again(world: World) -> None:
    first = await world.place()
    await world.begin_paying(first)
    second = world.order().model_copy(update={"user_id": first.user_id})
    await world.payment.tell(second)
    body = {"order_id": str(second.order_id), "channel": "wechat"}
    headers = world.payment.headers(first.user_id, Role.USER)
    answer = await world.payment.http.post("/payments", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    async with world.payment.begin() as tx:
        [row] = await tx.run("SELECT account FROM payers")
    assert b"o-" not in row["account"]


async def test_a_stranger_needs_a_code_and_a_used_code_does_not_do(world: World) -> None:
    placed = await world.place()
    headers = world.payment.headers(placed.user_id, Role.USER)
    body = {"order_id": str(placed.order_id), "channel": "wechat"}
    answer = await world.payment.http.post("/payments", json=body, headers=headers)
    assert (answer.status_code, code_of(answer)) == (422, "payer-unknown")

    bad = {**body, "wechat_code": "no-such-code"}
    answer = await world.payment.http.post("/payments", json=bad, headers=headers)
    assert (answer.status_code, code_of(answer)) == (422, "login-code-refused")
    assert (await world.ask_to_pay(placed)).status_code == 201


async def test_what_cannot_be_paid_is_refused(world: World) -> None:
    free = await world.place(5_000, coupon(5_000))
    assert code_of(await world.ask_to_pay(free)) == "move-refused"

    soon = await world.place(pay_minutes=0.01)
    assert code_of(await world.ask_to_pay(soon)) == "pay-time-over"

    placed, _ = await world.captured()
    assert code_of(await world.ask_to_pay(placed)) == "move-refused"

    theirs = placed.model_copy(update={"user_id": new_id()})
    answer = await world.ask_to_pay(theirs)
    assert (answer.status_code, code_of(answer)) == (404, "payable-not-found")
    unheard = await world.ask_to_pay(world.order())
    assert unheard.status_code == 503  # The order service, which is not there, would know.


async def test_an_answer_dropped_after_executing_is_asked_for_again(world: World) -> None:
    placed = await world.place()
    await world.fault(OPEN, "drop_after", times=1)
    assert (await world.ask_to_pay(placed)).status_code == 201


async def test_a_silent_channel_is_undone_by_the_timer_and_the_key_is_free(world: World) -> None:
    placed = await world.place()
    await world.fault(OPEN, "drop_after", times=2)
    answer = await world.ask_to_pay(placed, key="mine")
    assert (answer.status_code, code_of(answer)) == (503, "channel-unavailable")
    await world.sandbox.delete("/__sandbox/faults")

    await world.pass_time(seconds=PREPARE_SECONDS_MAX + 1)
    [attempt] = (await world.money(placed))["attempts"]
    assert attempt["state"] == "closed"
    assert (await world.ask_to_pay(placed, key="mine")).status_code == 201


async def test_an_answer_with_a_wrong_signature_is_not_believed(world: World) -> None:
    placed = await world.place()
    await world.fault(OPEN, "wrong_signature", times=1)
    answer = await world.ask_to_pay(placed)
    assert (answer.status_code, code_of(answer)) == (503, "channel-unavailable")


@pytest.mark.race("checkout_for_update")
async def test_ten_a_minute_holds_for_payments_begun_at_once(world: World) -> None:
    orders = [await world.place() for _ in range(14)]
    user = orders[0].user_id
    async with world.payment.begin() as tx:
        await tx.run("UPDATE payables SET user_id = $1", user)
    theirs = [placed.model_copy(update={"user_id": user}) for placed in orders]
    answers = await asyncio.gather(*(world.ask_to_pay(placed) for placed in theirs))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [429] * 4


async def test_another_account_at_wechat_replaces_the_one_learnt(world: World) -> None:
    first = await world.place()
    await world.begin_paying(first)
    kept = await _accounts(world)
    second = world.order().model_copy(update={"user_id": first.user_id})
    await world.payment.tell(second)
    await world.begin_paying(second)
    assert await _accounts(world) == kept  # The same account: sealed once.

    third = world.order().model_copy(update={"user_id": first.user_id})
    await world.payment.tell(third)
    code = f"sandbox-{new_id()}"
    body = {"order_id": str(third.order_id), "channel": "wechat", "wechat_code": code}
    headers = world.payment.headers(first.user_id, Role.USER)
    answer = await world.payment.http.post("/payments", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert await _accounts(world) != kept


async def _accounts(world: World) -> list[bytes]:
    async with world.payment.begin() as tx:
        return [row["account"] for row in await tx.run("SELECT account FROM payers")]


async def test_a_user_begins_no_more_than_ten_payments_a_minute(world: World) -> None:
    orders = [await world.place() for _ in range(11)]
    user = orders[0].user_id
    answers = []
    for placed in orders:
        async with world.payment.begin() as tx:
            sql = "UPDATE payables SET user_id = $1 WHERE order_id = $2"
            await tx.run(sql, user, placed.order_id)
        answers.append(await world.ask_to_pay(placed.model_copy(update={"user_id": user})))
    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
