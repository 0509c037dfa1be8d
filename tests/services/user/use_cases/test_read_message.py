"""Messages that are opened."""

import asyncio

import httpx
import pytest

from services.user.domain.message import MessageId, MessageNotFound
from services.user.use_cases.read_message import read_message
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.user.news import assign, page
from tests.services.user.people import Person, patiently
from tests.support.service import Running


async def test_fifty_reads_at_once_count_each_message_once(user: Running, ming: Person) -> None:
    for _ in range(5):
        await assign(user, ming)
    ids = [item["message_id"] for item in (await page(user, ming))["items"]]

    async def read(id: str) -> httpx.Response:
        url = f"/me/messages/{id}/read"
        return await patiently(lambda: user.http.post(url, headers=ming.headers()))

    answers = await asyncio.gather(*(read(ids[turn % 4]) for turn in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await page(user, ming))["unread"] == {"system": 0, "service": 1}


async def test_the_first_reading_counts(user: Running, ming: Person) -> None:
    await assign(user, ming)
    [message] = (await page(user, ming))["items"]
    read = []
    for _ in range(2):
        async with user.begin() as tx:
            await read_message(tx, ming.caller, message["message_id"])
            [row] = await tx.run("SELECT read_at FROM messages")
            read.append((row["read_at"], tx.now))
        await user.pass_time(minutes=1)
    assert read[0][0] == read[0][1] == read[1][0]


async def test_nobody_reads_what_is_not_theirs(user: Running, ming: Person) -> None:
    await assign(user, ming)
    [message] = (await page(user, ming))["items"]
    stranger = Caller(new_id(), Role.USER)
    tries = ((stranger, message["message_id"]), (ming.caller, MessageId(new_id())))
    for caller, id in tries:
        with pytest.raises(MessageNotFound):
            async with user.begin() as tx:
                await read_message(tx, caller, id)
    assert (await page(user, ming))["unread"]["service"] == 1
