"""Who is told what, without a database."""

import json
from uuid import UUID

import pytest

from services.user.domain.message import Box, Draft, MessageNotFound, drafts_for
from shared.contracts.order import CancelReason, OrderReleased
from shared.contracts.payment import LateCaptured, Refunded, RefundFailed, Settled
from shared.kit.events import Event
from shared.kit.ids import new_id
from tests.services.user.news import (
    HKD,
    LEAD,
    NEWS,
    NOTHING,
    OF_ORDER,
    ORDER,
    SECOND,
    USER,
    VISIT,
    News,
    about,
    cancelled,
    crew_of,
    share,
)


def told(event: Event) -> list[tuple[UUID, str]]:
    """Who hears of an event, and which kind of message."""
    return [(draft.recipient, draft.kind) for draft in drafts_for(event)]


@pytest.mark.parametrize("news", NEWS, ids=lambda news: news.id)
def test_facts_are_plain_json_and_the_order_can_be_opened(news: News) -> None:
    for draft in drafts_for(news.event):
        assert json.loads(json.dumps(draft.facts)) == draft.facts
        assert (draft.order_id == ORDER) == (draft.box is Box.SERVICE)


def test_a_cancelled_order_is_told_to_its_user_and_each_worker_once() -> None:
    assert told(cancelled(CancelReason.USER, LEAD, SECOND, LEAD)) == [
        (USER, "order.cancelled.user"),
        (LEAD, "job.cancelled"),
        (SECOND, "job.cancelled"),
    ]


def test_who_is_user_and_worker_of_an_order_reads_one_message() -> None:
    assert told(cancelled(CancelReason.USER, USER, LEAD)) == [
        (USER, "order.cancelled.user"),
        (LEAD, "job.cancelled"),
    ]


def test_only_workers_who_are_released_hear_of_it() -> None:
    event = OrderReleased(
        **about(crew=crew_of(LEAD)),
        visit_id=VISIT,
        positions=[2, 3],
        workers=[SECOND, SECOND],
        offers=[],
        reason="ill",
        breach=True,
    )
    assert told(event) == [(USER, "order.released"), (SECOND, "job.released")]
    assert "ill" not in str(drafts_for(event))  # A reason may hold anything.


def test_a_worker_reads_what_all_their_positions_earned() -> None:
    shares = [share(LEAD, 1), share(SECOND, 2), share(LEAD, 3)]
    drafts = drafts_for(Settled(**OF_ORDER, shares=shares, commission=HKD))
    assert [(draft.recipient, draft.facts["net"]["minor"]) for draft in drafts] == [
        (LEAD, 2 * HKD.minor),
        (SECOND, HKD.minor),
    ]


def test_who_earned_nothing_reads_nothing() -> None:
    unpaid = share(LEAD, 1).model_copy(update={"net": NOTHING})
    assert told(Settled(**OF_ORDER, shares=[unpaid], commission=NOTHING)) == []


@pytest.mark.parametrize(
    "event",
    [
        LateCaptured(**OF_ORDER, amount=NOTHING, refund_id=new_id()),
        Refunded(**OF_ORDER, refund_id=new_id(), amount=NOTHING, full=True),
        RefundFailed(**OF_ORDER, refund_id=new_id(), amount=NOTHING, reason="closed"),
    ],
)
def test_nothing_that_went_nowhere_is_no_news(event: Event) -> None:
    assert told(event) == []


def test_a_draft_lies_with_ones_own_orders_unless_it_says_otherwise() -> None:
    assert Draft(USER, "order.paid").box is Box.SERVICE


def test_a_message_of_somebody_else_is_not_found() -> None:
    assert (MessageNotFound("No.").status, MessageNotFound.code()) == (404, "message-not-found")
