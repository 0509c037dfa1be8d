"""Messages that an event causes."""

import asyncio

from services.user.use_cases.write_messages import write_messages
from shared.kit.ids import new_id
from tests.services.user.news import LEAD, NEWS, NOW, ORDER, SECOND, USER
from tests.support.service import Running

CANCELLED = next(news for news in NEWS if news.id == "order.cancelled.v1-3")
SILENT = [news for news in NEWS if not news.kinds]


async def test_each_recipient_gets_the_facts_of_the_event(user: Running) -> None:
    event_id = new_id()
    async with user.begin() as tx:
        await write_messages(tx, CANCELLED.event, event_id, NOW)
    async with user.begin() as tx:
        rows = await tx.run("SELECT * FROM messages ORDER BY id")

    assert [row["kind"] for row in rows] == CANCELLED.kinds
    assert [row["recipient"] for row in rows] == [USER, LEAD, SECOND]
    assert {row["event_id"] for row in rows} == {event_id}
    assert {row["order_id"] for row in rows} == {ORDER}
    assert {row["happened_at"] for row in rows} == {NOW}
    assert {row["facts"]["number"] for row in rows} == {"JA-7K3M-92Q4"}
    assert {row["read_at"] for row in rows} == {None}


async def test_one_event_at_once_many_times_is_one_message_each(user: Running) -> None:
    event_id = new_id()

    async def write() -> None:
        async with user.begin() as tx:
            await write_messages(tx, CANCELLED.event, event_id, NOW)

    await asyncio.gather(*(write() for _ in range(10)))
    async with user.begin() as tx:
        [row] = await tx.run("SELECT count(*) FROM messages")
    assert row[0] == 3


async def test_what_is_no_news_writes_nothing(user: Running) -> None:
    assert SILENT
    async with user.begin() as tx:
        for news in SILENT:
            await write_messages(tx, news.event, new_id(), NOW)
        assert await tx.run("SELECT 1 FROM messages") == []
