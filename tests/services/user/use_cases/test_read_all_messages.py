"""Messages that are all read at once."""

from services.user.use_cases.read_all_messages import read_all_messages
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.services.user.news import assign, issue, page
from tests.services.user.people import Person
from tests.support.service import Running, as_json


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


async def test_it_says_how_many_were_unread_and_touches_nobody_elses(
    user: Running, ming: Person
) -> None:
    await assign(user, ming)
    await issue(user, ming)
    counts = []
    for caller in (Caller(new_id(), Role.USER), ming.caller, ming.caller):
        async with user.begin() as tx:
            counts.append(await read_all_messages(tx, caller, None, None))
    assert counts == [0, 2, 0]
