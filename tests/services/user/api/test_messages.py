"""The message centre over HTTP."""

import asyncio
from typing import Any

import pytest

from shared.contracts.order import OrderAssigned
from shared.contracts.promotion import PackIssued
from shared.kit.ids import new_id
from tests.services.user.news import VISIT, about
from tests.services.user.people import Person, code_of, log_in_by_wechat
from tests.support.service import Running, as_json


async def assign(user: Running, person: Person) -> None:
    """A worker takes an order of this person."""
    event = OrderAssigned(**about(user_id=person.account_id, order_id=new_id()), visit_id=VISIT)
    await user.tell(event)


async def issue(user: Running, person: Person) -> None:
    """Coupons come to this person."""
    pack = PackIssued(account_id=person.account_id, pack="welcome", coupons=[new_id()] * 3)
    await user.tell(pack)


async def page(user: Running, person: Person, query: str = "", **headers: str) -> Any:
    url = f"/me/messages{query}"
    return as_json(await user.http.get(url, headers=person.headers() | headers))


async def test_messages_lie_in_two_boxes_and_are_counted_until_read(
    user: Running, ming: Person
) -> None:
    await assign(user, ming)
    await assign(user, ming)
    await issue(user, ming)

    assert (await page(user, ming))["unread"] == {"system": 1, "service": 2}
    service = (await page(user, ming, "?box=service"))["items"]
    [system] = (await page(user, ming, "?box=system"))["items"]
    assert [message["kind"] for message in service] == ["order.assigned"] * 2
    assert (system["kind"], system["order_id"], system["read"]) == ("pack.issued", None, False)

    url = f"/me/messages/{service[0]['message_id']}/read"
    for _ in range(2):
        unread = as_json(await user.http.post(url, headers=ming.headers()))
        assert unread == {"system": 1, "service": 1}
    assert [item["read"] for item in (await page(user, ming, "?box=service"))["items"]] == [
        True,
        False,
    ]


async def test_reading_all_leaves_what_came_later_unread(user: Running, ming: Person) -> None:
    await assign(user, ming)
    await issue(user, ming)
    [newest, _] = (await page(user, ming))["items"]
    await assign(user, ming)

    url, body = "/me/messages/read-all", {"up_to": newest["message_id"]}
    unread = as_json(await user.http.post(url, json=body, headers=ming.headers()))
    assert unread == {"system": 0, "service": 1}
    unread = as_json(await user.http.post(url, json={"box": "system"}, headers=ming.headers()))
    assert unread == {"system": 0, "service": 1}
    assert as_json(await user.http.post(url, json={}, headers=ming.headers())) == {
        "system": 0,
        "service": 0,
    }
    unread = as_json(await user.http.get("/me/messages/unread", headers=ming.headers()))
    assert unread == {"system": 0, "service": 0}


async def test_fifty_reads_at_once_count_each_message_once(user: Running, ming: Person) -> None:
    for _ in range(5):
        await assign(user, ming)
    ids = [item["message_id"] for item in (await page(user, ming))["items"]]
    await asyncio.gather(
        *(
            user.http.post(f"/me/messages/{ids[turn % 4]}/read", headers=ming.headers())
            for turn in range(50)
        )
    )
    assert (await page(user, ming))["unread"] == {"system": 0, "service": 1}


@pytest.mark.parametrize(
    ("language", "title"),
    [("zh-HK", "已安排服務人員"), ("zh-CN", "已安排服务人员"), ("en", "Worker found")],
)
async def test_a_message_is_written_in_the_readers_language(
    user: Running, ming: Person, language: str, title: str
) -> None:
    await assign(user, ming)
    [message] = (await page(user, ming, **{"Accept-Language": language}))["items"]
    assert message["title"] == title
    assert "JA-7K3M-92Q4" in message["body"]


async def test_without_a_wish_the_language_is_that_of_the_profile(
    user: Running, ming: Person
) -> None:
    await assign(user, ming)
    await user.http.put("/me", json={"locale": "en"}, headers=ming.headers())
    [message] = (await page(user, ming, **{"Accept-Language": "fr"}))["items"]
    assert message["title"] == "Worker found"


async def test_pages_show_each_message_once(user: Running, ming: Person) -> None:
    for _ in range(5):
        await assign(user, ming)
    seen: list[str] = []
    cursor = ""
    while True:
        read = await page(user, ming, f"?box=service&limit=2{cursor}")
        seen += [item["message_id"] for item in read["items"]]
        if read["next_cursor"] is None:
            break
        cursor = f"&cursor={read['next_cursor']}"
    assert len(seen) == len(set(seen)) == 5


async def test_other_peoples_messages_are_not_there(user: Running, ming: Person) -> None:
    await assign(user, ming)
    [message] = (await page(user, ming))["items"]
    other = await log_in_by_wechat(user, f"other-{new_id()}")

    assert (await page(user, other))["items"] == []
    url = f"/me/messages/{message['message_id']}/read"
    answer = await user.http.post(url, headers=other.headers())
    assert (answer.status_code, code_of(answer)) == (404, "message-not-found")
    assert (await page(user, ming))["unread"]["service"] == 1


@pytest.mark.parametrize("query", ["?box=spam", "?limit=0", "?limit=101", "?cursor=x"])
async def test_bad_input_is_refused_by_field(user: Running, ming: Person, query: str) -> None:
    answer = await user.http.get(f"/me/messages{query}", headers=ming.headers())
    assert answer.status_code == 422
    assert answer.json()["field"].startswith("query.")
