"""A POST told twice is done once and answered twice the same."""

import asyncio

from shared.kit.caller import Role
from shared.kit.ids import new_id
from tests.support.service import Running
from tests.support.toy.domain.tool import ToolLent
from tests.support.toy.storage import Tool


async def test_ten_retries_of_one_request_lend_once(toy: Running, tool: Tool) -> None:
    headers = toy.headers(new_id(), Role.WORKER)
    asks = [
        toy.http.post(f"/tools/{tool.id}/loans", json={"days": 3}, headers=headers)
        for _ in range(10)
    ]
    answers = await asyncio.gather(*asks)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 9
    assert len(await toy.told(ToolLent)) == 1


async def test_one_of_ten_workers_gets_the_tool(toy: Running, tool: Tool) -> None:
    answers = await asyncio.gather(
        *(
            toy.http.post(
                f"/tools/{tool.id}/loans",
                json={"days": 3},
                headers=toy.headers(new_id(), Role.WORKER),
            )
            for _ in range(10)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    refusal = next(answer for answer in answers if answer.status_code == 409)
    assert refusal.headers["content-type"] == "application/problem+json"
    assert refusal.json()["type"].endswith("/move-refused")
    assert refusal.json()["state"] == "lent"
    assert refusal.json()["allowed"] == ["return"]
