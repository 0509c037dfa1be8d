"""The message centre over HTTP."""

import pytest

from shared.kit.ids import new_id
from tests.services.user.news import assign, issue, page
from tests.services.user.people import Person, code_of, log_in_by_wechat
from tests.support.service import Running, as_json


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
