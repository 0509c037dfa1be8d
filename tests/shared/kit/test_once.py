"""A POST told twice is done once and answered twice the same."""

import asyncio
from uuid import UUID

import pytest
from pydantic import BaseModel

from shared.kit.caller import SYSTEM, Caller, Role
from shared.kit.errors import Conflict
from shared.kit.ids import new_id
from shared.kit.once import Once, RequestKey, RequestStillRunning, RequestUndone, Steps
from shared.kit.session import Begin, Transaction
from tests.support.service import Running
from tests.support.toy.domain.tool import ToolLent, ToolMove
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


async def test_the_same_key_with_another_body_is_refused(toy: Running, tool: Tool) -> None:
    headers = toy.headers(new_id(), Role.WORKER)
    url = f"/tools/{tool.id}/loans"
    first = await toy.http.post(url, json={"days": 3}, headers=headers)
    second = await toy.http.post(url, json={"days": 4}, headers=headers)

    assert (first.status_code, second.status_code) == (201, 422)
    assert second.json()["type"].endswith("/key-used-for-another-request")
    assert second.json()["field"] == "Idempotency-Key"


async def test_spaces_and_order_of_keys_do_not_make_another_body(toy: Running, tool: Tool) -> None:
    headers = toy.headers(new_id(), Role.WORKER) | {"content-type": "application/json"}
    url = f"/tools/{tool.id}/loans"
    for text in (b'{"days":3}', b'{ "days" : 3 }'):
        assert (await toy.http.post(url, content=text, headers=headers)).status_code == 201


async def test_a_missing_key_is_refused_by_name(toy: Running, tool: Tool) -> None:
    headers = toy.bearer(new_id(), Role.WORKER)
    answer = await toy.http.post(f"/tools/{tool.id}/loans", json={"days": 3}, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/idempotency-key-missing")


async def test_a_refusal_is_not_kept(toy: Running, tool: Tool) -> None:
    """The same key succeeds once the reason for the refusal has gone."""
    headers = toy.headers(new_id(), Role.WORKER)
    url = f"/tools/{tool.id}/loans"
    async with toy.begin() as tx:
        await tx.move_where(Tool, tool.id, ToolMove.LEND, by=Caller(new_id(), Role.WORKER))
    assert (await toy.http.post(url, json={"days": 3}, headers=headers)).status_code == 409
    async with toy.begin() as tx:
        await tx.move_where(Tool, tool.id, ToolMove.RETURN, by=SYSTEM)

    assert (await toy.http.post(url, json={"days": 3}, headers=headers)).status_code == 201


class Loan(BaseModel):
    """The answer of the stepped requests below."""

    id: UUID
    note: str


class Cut(Exception):
    """The process died here."""


class Stepped:
    """A request in steps that can be cut at each of its three places."""

    def __init__(self, begin: Begin, *, cut_at: str = "", refuse: bool = False) -> None:
        self.begin, self.cut_at, self.refuse = begin, cut_at, refuse
        self.called = 0

    def once(self, key: str) -> Once:
        request = RequestKey("POST /stepped", key, b"same body")
        return Once(self.begin, request, lambda: None)

    async def use_case(self, steps: Steps) -> Loan:
        ref = new_id()
        async with steps.claim(ref) as tx:
            await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'intent')", ref)
            if self.cut_at == "claim":
                raise Cut
        self.called += 1
        if self.refuse:
            async with steps.undo() as tx:
                await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'undone')", ref)
            raise Conflict("no")
        if self.cut_at == "call":
            raise Cut
        return await self.finish(steps, ref)

    async def finish(self, steps: Steps, ref: UUID) -> Loan:
        loan = Loan(id=ref, note="done")
        async with steps.finish() as tx:
            await tx.run("INSERT INTO notes (tool, note) VALUES ($1, 'done')", ref)
            steps.answer(loan)
            if self.cut_at == "finish":
                raise Cut
        return loan

    async def again(self, tx: Transaction, ref: UUID) -> Loan:
        return Loan(id=ref, note="again")

    async def run(self, key: str) -> Loan:
        return await self.once(key).in_steps(Loan, self.use_case, self.again)

    async def notes(self) -> list[str]:
        async with self.begin() as tx:
            return [row["note"] for row in await tx.run("SELECT note FROM notes ORDER BY seq")]


async def test_steps_answer_twins_the_same(toy: Running) -> None:
    stepped = Stepped(toy.begin)
    first, second = await stepped.run("k"), await stepped.run("k")

    assert first == second
    assert stepped.called == 1
    assert await stepped.notes() == ["intent", "done"]


async def test_a_step_cut_before_its_claim_commits_leaves_nothing(toy: Running) -> None:
    with pytest.raises(Cut):
        await Stepped(toy.begin, cut_at="claim").run("k")
    stepped = Stepped(toy.begin)

    assert (await stepped.run("k")).note == "done"
    assert await stepped.notes() == ["intent", "done"]


@pytest.mark.parametrize("place", ["call", "finish"])
async def test_what_was_cut_later_is_finished_by_a_timer(toy: Running, place: str) -> None:
    """Meanwhile a twin is told to come back; afterwards it gets the answer."""
    stepped = Stepped(toy.begin, cut_at=place)
    with pytest.raises(Cut):
        await stepped.run("k")
    with pytest.raises(RequestStillRunning):
        await stepped.run("k")

    async with toy.begin() as tx:
        [row] = await tx.run("SELECT ref FROM requests")
    stepped.cut_at = ""
    await stepped.finish(Steps.resumed(toy.begin, row["ref"]), row["ref"])

    assert (await stepped.run("k")) == Loan(id=row["ref"], note="again")
    assert await stepped.notes() == ["intent", "done"]


async def test_a_refusal_undoes_the_claim_and_frees_the_key(toy: Running) -> None:
    stepped = Stepped(toy.begin, refuse=True)
    with pytest.raises(Conflict):
        await stepped.run("k")
    stepped.refuse = False

    assert (await stepped.run("k")).note == "done"


async def test_one_undone_by_a_timer_cannot_finish(toy: Running) -> None:
    stepped = Stepped(toy.begin, cut_at="call")
    with pytest.raises(Cut):
        await stepped.run("k")
    async with toy.begin() as tx:
        [row] = await tx.run("SELECT ref FROM requests")
    slow = Steps(toy.begin, RequestKey("POST /stepped", "k", b"same body"), Loan)
    slow.ref = row["ref"]
    async with Steps.resumed(toy.begin, row["ref"]).undo():
        pass
    stepped.cut_at = ""

    with pytest.raises(RequestUndone):
        await stepped.finish(slow, row["ref"])
