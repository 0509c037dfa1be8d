"""News from other services, told twice as Kafka may, and replayed after the inbox has forgotten."""

import pytest

from services.user.domain.message import drafts_for
from services.user.storage.messages import Message
from shared.contracts.dispatch import JobAssigned, SearchEscalated
from shared.contracts.order import (
    OrderAccepted,
    OrderArrived,
    OrderAssigned,
    OrderCancelled,
    OrderCompleted,
    OrderCompletedUnreviewed,
    OrderDeparted,
    OrderPaid,
    OrderPlaced,
    OrderReleased,
    OrderReviewed,
    OrderStarted,
)
from shared.contracts.payment import LateCaptured, Refunded, RefundFailed, Settled
from shared.contracts.promotion import PackIssued
from shared.contracts.user import RoleGranted
from shared.contracts.worker import WorkerApproved
from shared.kit.caller import Role
from shared.kit.events import Event
from shared.kit.ids import new_id
from shared.kit.inbox import Outcome, handlers_of
from tests.services.user.news import NEWS
from tests.services.user.people import Person, log_in_by_wechat
from tests.support.service import Running


async def messages_in(user: Running) -> list[tuple[str, str]]:
    """Recipient and kind of each message."""
    async with user.begin() as tx:
        rows = await tx.run("SELECT recipient, kind FROM messages")
    return sorted((str(row["recipient"]), row["kind"]) for row in rows)


HEARD: list[type[Event]] = [
    OrderPlaced,
    OrderPaid,
    OrderCancelled,
    OrderAssigned,
    OrderReleased,
    OrderDeparted,
    OrderArrived,
    OrderStarted,
    OrderCompleted,
    OrderAccepted,
    OrderReviewed,
    OrderCompletedUnreviewed,
    LateCaptured,
    Refunded,
    RefundFailed,
    Settled,
    JobAssigned,
    SearchEscalated,
    PackIssued,
]


@pytest.mark.parametrize("kind", HEARD, ids=lambda kind: kind.type)
async def test_told_twice_everybody_gets_one_message_an_event(
    user: Running, kind: type[Event]
) -> None:
    events = [news.event for news in NEWS if type(news.event) is kind]
    for event in events:
        await user.tell_twice(event)

    drafts = [draft for event in events for draft in drafts_for(event)]
    assert drafts
    expected = [(str(draft.recipient), draft.kind) for draft in drafts]
    assert await messages_in(user) == sorted(expected)


def test_nothing_is_listened_to_that_is_not_told_twice_here() -> None:
    assert {*(kind.type for kind in HEARD), WorkerApproved.type} == handlers_of("user").keys()


async def test_a_replay_past_the_inbox_writes_nothing_twice(user: Running) -> None:
    [news] = [news for news in NEWS if news.id == "order.cancelled.v1-3"]
    envelope = user.envelope(news.event)
    await user.tell(news.event, envelope)
    before = await messages_in(user)
    async with user.begin() as tx:
        await tx.run("DELETE FROM inbox")
        await tx.run("DELETE FROM inbox_keys")

    assert await user.tell(news.event, envelope) == [Outcome.DONE]
    assert await messages_in(user) == before
    assert len(before) == 3


async def test_an_approved_worker_gets_the_role_once(user: Running, ming: Person) -> None:
    await user.tell_twice(WorkerApproved(worker_id=ming.account_id))
    await user.tell(WorkerApproved(worker_id=ming.account_id))

    [told] = await user.told(RoleGranted)
    assert (told.account_id, told.role) == (ming.account_id, Role.WORKER)
    async with user.begin() as tx:
        rows = await tx.run("SELECT role FROM account_roles WHERE account_id = $1", ming.account_id)
    assert sorted(row["role"] for row in rows) == ["user", "worker"]


async def test_an_approval_of_nobody_is_parked_not_lost(
    user: Running,
) -> None:
    outcomes = await user.tell(WorkerApproved(worker_id=new_id()))
    assert Outcome.PARKED in outcomes


async def test_messages_keep_no_personal_detail(user: Running) -> None:
    person = await log_in_by_wechat(user, f"facts-{new_id()}")
    for news in NEWS:
        if not isinstance(news.event, WorkerApproved):
            await user.tell(news.event)
    async with user.begin() as tx:
        rows = await tx.run("SELECT DISTINCT jsonb_object_keys(facts) AS name FROM messages")
    assert person.account_id
    assert {row["name"] for row in rows} == {
        "number", "offering", "pay_until", "payable", "fee", "accept_until", "amount", "net",
        "count",
    }  # fmt: skip
    assert Message.__tablename__ == "messages"


def test_every_event_that_people_hear_of_is_listened_to() -> None:
    heard = {news.event.type for news in NEWS if news.kinds}
    assert heard <= handlers_of("user").keys()
