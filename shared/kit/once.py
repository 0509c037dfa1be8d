"""Idempotency: a POST told twice is done once and answered twice the same.

``once`` keeps key, effect and answer in one transaction; a twin blocks and gets the first answer.
``once.in_steps`` is for a POST that must call out: see ``Steps``. Refusals store nothing, so a
later retry is judged afresh. Keys live 72 hours.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.kit.errors import Conflict, Invalid
from shared.kit.session import Begin, Transaction

P = ParamSpec("P")
View = TypeVar("View", bound=BaseModel)

_CLAIM = """
INSERT INTO requests (scope, key, fingerprint, ref, created_at)
VALUES ($1, $2, $3, $4, now()) ON CONFLICT DO NOTHING RETURNING true
"""
_FIRST = "SELECT fingerprint, ref, done, answer FROM requests WHERE scope = $1 AND key = $2"
_ANSWER = "UPDATE requests SET done = true, answer = $3 WHERE scope = $1 AND key = $2"
_RESUME = "SELECT done, answer FROM requests WHERE ref = $1 FOR UPDATE"
_FINISH = "UPDATE requests SET done = true, answer = $2 WHERE ref = $1"


class KeyUsedForAnotherRequest(Invalid):
    """This Idempotency-Key came before with another body."""


class RequestStillRunning(Conflict):
    """The first request with this Idempotency-Key is still being worked on."""


class RequestUndone(Conflict):
    """What this request began was undone meanwhile; send it again with a new key."""


@dataclass(eq=False)
class Answered(Exception):
    """A twin has the answer already; a timer that comes second has nothing left to do."""

    ref: UUID | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A request's identity: route and caller, the key they chose, the body's hash."""

    scope: str
    key: str
    fingerprint: bytes


@dataclass
class Steps:
    """The two transactions of a request that calls out between them.

    ``claim(ref)`` writes the intent under the new id ``ref`` (and a timer that resolves what a
    crash cuts); ``finish()`` writes rows and answer; ``undo()`` takes the intent back after a
    refusal and frees the key. A timer resumes with ``Steps.resumed(begin, ref)``.
    """

    begin: Begin
    request: RequestKey | None
    view: type[BaseModel] | None
    ref: UUID | None = None
    _answer: str | None = None

    @classmethod
    def resumed(cls, begin: Begin, ref: UUID) -> "Steps":
        """The same steps taken up by a timer, by the id that the claim stored."""
        return cls(begin, None, None, ref)

    @asynccontextmanager
    async def claim(self, ref: UUID) -> AsyncIterator[Transaction]:
        """The first transaction: claims the key and stores the intent."""
        async with self.begin() as tx:
            if self.request is not None:
                await _claim(tx, self.request, ref)
            self.ref = ref
            yield tx

    @asynccontextmanager
    async def finish(self) -> AsyncIterator[Transaction]:
        """The last transaction: rows and answer. Raises RequestUndone if a timer was faster."""
        async with self.begin() as tx:
            rows = await tx.run(_RESUME, self.ref)
            if rows and rows[0]["done"]:
                raise Answered(self.ref, rows[0]["answer"])
            if not rows and self.request is not None:
                raise RequestUndone("Send the request again with a new Idempotency-Key.")
            yield tx
            tx.later(_FINISH, self.ref, self._answer)

    @asynccontextmanager
    async def undo(self) -> AsyncIterator[Transaction]:
        """Takes the intent back after a refusal; the key is free again."""
        async with self.begin() as tx:
            tx.later("DELETE FROM requests WHERE ref = $1 AND NOT done", self.ref)
            yield tx

    def answer(self, answer: object) -> None:
        """What the caller and every twin will get; call it inside ``finish``."""
        if self.view is not None:
            self._answer = self.view.model_validate(answer).model_dump_json()


@dataclass
class Once:
    """Runs a use case under the caller's key: the second time gets the first answer."""

    begin: Begin
    request: RequestKey
    replayed: Callable[[], None]

    async def __call__(
        self,
        view: type[View],
        use_case: Callable[Concatenate[Transaction, P], Awaitable[object]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> View:
        """One transaction. The use case's answer is read into ``view`` and kept."""
        try:
            async with self.begin() as tx:
                await _claim(tx, self.request, None)
                answer = view.model_validate(await use_case(tx, *args, **kwargs))
                mine = (self.request.scope, self.request.key)
                tx.later(_ANSWER, *mine, answer.model_dump_json())
        except Answered as twin:
            self.replayed()
            return view.model_validate_json(twin.answer or "{}")
        return answer

    async def in_steps(
        self,
        view: type[View],
        use_case: Callable[Concatenate[Steps, P], Awaitable[object]],
        again: Callable[[Transaction, UUID], Awaitable[object]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> View:
        """For a use case that calls out. ``again`` renders the answer of one a timer finished."""
        try:
            steps = Steps(self.begin, self.request, view)
            return view.model_validate(await use_case(steps, *args, **kwargs))
        except Answered as twin:
            self.replayed()
            if twin.answer is not None or twin.ref is None:
                return view.model_validate_json(twin.answer or "{}")
            async with self.begin() as tx:
                return view.model_validate(await again(tx, twin.ref))


async def _claim(tx: Transaction, request: RequestKey, ref: UUID | None) -> None:
    """Be the first with this key; otherwise raise what the twin left. A twin in flight blocks."""
    mine = (request.scope, request.key)
    if await tx.run(_CLAIM, *mine, request.fingerprint, ref):
        return
    first = next(iter(await tx.run(_FIRST, *mine)), None)
    if first is None or (not first["done"] and first["fingerprint"] == request.fingerprint):
        # Not even there: it was undone or pruned between the two statements.
        raise RequestStillRunning("Ask again soon.", retry_after_seconds=1)
    if first["fingerprint"] != request.fingerprint:
        raise KeyUsedForAnotherRequest(field="Idempotency-Key", reason="used with another body")
    raise Answered(first["ref"], first["answer"])
