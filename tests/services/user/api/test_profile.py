"""One's own profile over HTTP."""

import pytest

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.user.people import Person, code_of, log_in_by_phone, new_phone
from tests.support.sandbox import Sandbox
from tests.support.service import Running, as_json


async def test_a_profile_shows_phone_and_name_masked(user: Running, sandbox: Sandbox) -> None:
    phone = new_phone()
    person = await log_in_by_phone(user, sandbox, phone)
    body = {"display_name": "陳大文", "locale": "en", "large_text": True}
    changed = as_json(await user.http.put("/me", json=body, headers=person.headers()))

    assert changed["display_name"] == "陳**"
    assert changed["phone"] == f"6*** **{phone[-2:]}"
    assert (changed["locale"], changed["large_text"]) == ("en", True)
    assert as_json(await user.http.get("/me", headers=person.headers())) == changed


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"display_name": "x" * 41}, "body.display_name"),
        ({"locale": "fr"}, "body.locale"),
        ({"large_text": "yes"}, "body.large_text"),
        ({"roles": ["staff"]}, "body.roles"),
    ],
)
async def test_bad_input_is_refused_by_field(
    user: Running, ming: Person, body: dict[str, object], field: str
) -> None:
    answer = await user.http.put("/me", json=body, headers=ming.headers())
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_an_account_that_is_not_there_has_no_profile(user: Running) -> None:
    answer = await user.http.get("/me", headers=user.bearer(new_id(), Role.USER))
    assert (answer.status_code, code_of(answer)) == (404, "account-not-found")
