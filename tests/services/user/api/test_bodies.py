"""What bodies, headers and pages have in common."""

import pytest
from pydantic import ValidationError

from services.user.api.bodies import PAGE_DEFAULT, PAGE_MAX, Body
from tests.services.user.news import assign, page
from tests.services.user.people import Person
from tests.support.service import Running


class Greeting(Body):
    """A body of this test."""

    words: str = ""


def test_a_body_refuses_what_it_does_not_know() -> None:
    assert Greeting(words="hello").words == "hello"
    with pytest.raises(ValidationError, match="loud"):
        Greeting.model_validate({"words": "hello", "loud": True})


async def test_a_page_has_its_size_and_its_end(user: Running, ming: Person) -> None:
    for _ in range(PAGE_DEFAULT + 1):
        await assign(user, ming)

    assert len((await page(user, ming))["items"]) == PAGE_DEFAULT
    assert len((await page(user, ming, f"?limit={PAGE_MAX}"))["items"]) == PAGE_DEFAULT + 1
    assert len((await page(user, ming, "?limit=1"))["items"]) == 1


@pytest.mark.parametrize("limit", [0, PAGE_MAX + 1, -1, "x"])
@pytest.mark.parametrize("path", ["/me/messages", "/me/addresses"])
async def test_a_page_of_another_size_is_refused_by_field(
    user: Running, ming: Person, path: str, limit: object
) -> None:
    answer = await user.http.get(f"{path}?limit={limit}", headers=ming.headers())
    assert answer.status_code == 422
    assert answer.json()["field"] == "query.limit"


async def test_a_wish_for_languages_that_never_ends_is_refused(user: Running, ming: Person) -> None:
    headers = ming.headers() | {"Accept-Language": "en," * 67}
    answer = await user.http.get("/me/messages", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["field"] == "header.accept-language"
