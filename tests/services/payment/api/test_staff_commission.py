"""HTTP for staff: commission rules."""

from typing import Any

import pytest

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.services.payment.world import World
from tests.support.service import as_json

PATH = "/staff/payment/commission-rules"
GOOD: dict[str, Any] = {
    "category": "towing",
    "brackets": [{"upto_minor": 50_000, "rate_bps": 1500}, {"upto_minor": None, "rate_bps": 1000}],
    "reason": "yearly review, ask 6123 4567",
}


async def test_a_version_says_who_made_it_and_why(world: World) -> None:
    staff = new_id()
    headers = world.payment.headers(staff, Role.STAFF)
    made = as_json(await world.payment.http.post(PATH, json=GOOD, headers=headers))
    assert (made["made_by"], made["reason"]) == (str(staff), "yearly review, ask 6*** **67")

    path = f"{PATH}?category=towing&limit=1"
    page = as_json(await world.payment.http.get(path, headers=headers))
    assert page["items"] == [made]
    path = f"{path}&cursor={page['next_cursor']}"
    rest = as_json(await world.payment.http.get(path, headers=headers))
    assert [rule["reason"] for rule in rest["items"]] == ["opening figures"]


@pytest.mark.parametrize(
    "change",
    [
        {"brackets": []},
        {"brackets": [{"upto_minor": 5, "rate_bps": 1500}]},
        {"brackets": [{"upto_minor": None, "rate_bps": 2001}]},
        {"brackets": [{"upto_minor": None, "rate_bps": 15.5}]},
        {"category": "No Such"},
        {"effective_at": "2020-01-01T00:00:00Z"},
        {"effective_at": "2090-01-01T00:00:00"},
        {"reason": "x"},
    ],
    ids=str,
)
async def test_what_makes_no_rule_is_refused_by_field(world: World, change: dict[str, Any]) -> None:
    headers = world.payment.headers(new_id(), Role.STAFF)
    answer = await world.payment.http.post(PATH, json={**GOOD, **change}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["field"]
