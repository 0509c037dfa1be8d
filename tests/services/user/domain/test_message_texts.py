"""Every kind of message has its three languages, and every fact it names."""

import itertools
import string

import pytest

from services.user.domain.message import drafts_for
from services.user.domain.message_texts import TEXTS, render
from shared.contracts.order import OrderEvent
from shared.kit.events import EVENTS
from shared.locales import Locale
from tests.services.user.news import NEWS

OFFERING = {"zh-HK": "拖車", "zh-CN": "拖车", "en": "Towing"}


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("kind", "locale"), list(itertools.product(TEXTS, Locale)))
def test_a_kind_says_the_same_facts_in_each_language(kind: str, locale: Locale) -> None:
    title, body = TEXTS[kind][locale]
    assert title
    assert names_in(body) == names_in(TEXTS[kind][Locale.EN][1])


@pytest.mark.parametrize("news", NEWS, ids=lambda news: news.id)
def test_every_message_can_be_written_in_every_language(news: object) -> None:
    event, kinds = news.event, news.kinds  # type: ignore[attr-defined]
    drafts = drafts_for(event)
    assert [draft.kind for draft in drafts] == kinds
    for draft, locale in itertools.product(drafts, Locale):
        title, body = render(draft.kind, draft.facts, locale)
        assert title
        assert "{" not in body


def test_every_kind_is_told_by_some_event() -> None:
    told = {draft.kind for news in NEWS for draft in drafts_for(news.event)}
    assert told == set(TEXTS)


def test_no_order_event_is_without_a_message() -> None:
    order_events = {kind for kind in EVENTS.values() if issubclass(kind, OrderEvent)}
    assert order_events <= {type(news.event) for news in NEWS}


def test_money_names_and_times_are_written_for_the_reader() -> None:
    facts = {
        "number": "JA-1",
        "offering": OFFERING,
        "payable": {"minor": 123_456_05, "currency": "HKD"},
        "pay_until": {"at": "2026-11-23T16:05:00+00:00"},
    }
    assert render("order.placed", facts, Locale.EN)[1] == (
        "Towing, order JA-1: please pay HK$123,456.05 by 24 Nov 00:05."
    )
    chinese = render("order.placed", facts, Locale.ZH_HK)[1]
    assert "「拖車」" in chinese
    assert "11月24日 00:05" in chinese


def test_a_name_without_the_readers_language_is_written_in_another() -> None:
    facts = {"number": "JA-1", "offering": {"zh-HK": "拖車"}}
    assert "拖車" in render("order.paid", facts, Locale.EN)[1]
