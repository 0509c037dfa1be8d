"""A worker's credit: the score, its terms, and what moved it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.worker.api.shapes import PAGE_MAX, View
from services.worker.domain.credit import FactKind, in_window, terms_of
from services.worker.domain.worker import WorkerNotFound
from services.worker.storage.credit import CreditEvent, credit_events_of, recent_facts
from services.worker.storage.workers import worker_of
from shared.contracts.ids import WorkerId
from shared.kit.web import ReadDep, WorkerCaller, problems

router = APIRouter(prefix="/workers/me/credit", tags=["credit"])


class TermsView(View):
    """The terms behind the score: shares from 0 to 1, the rating from 1 to 5."""

    completion: float
    rating: float
    complaints: float
    on_time: float


class CreditEventView(View):
    """One thing that moved the score, or left it: what it was and on which order."""

    id: UUID
    cause: FactKind
    value: int
    order_id: UUID | None
    before: float
    after: float
    at: datetime


class CreditView(View):
    """The score from 0 to 100, on how many orders it rests, and its latest movements."""

    credit: float
    jobs_done: int
    orders_counted: int
    terms: TermsView
    events: list[CreditEventView]
    next_cursor: UUID | None


def _event(row: CreditEvent) -> CreditEventView:
    return CreditEventView(
        id=row.id,
        cause=row.kind,
        value=row.value,
        order_id=row.order_id,
        before=row.before / 100,
        after=row.after / 100,
        at=row.at,
    )


@router.get("", responses=problems(WorkerNotFound))
async def get_credit(
    caller: WorkerCaller,
    read: ReadDep,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
) -> CreditView:
    """The credit score with everything that explains it. Without history it is 89.75."""
    async with read() as tx:
        worker = await worker_of(tx, caller, WorkerId(caller.id))
        facts = await recent_facts(tx, worker.id)
        events = await credit_events_of(tx, worker.id, cursor, limit)
        now = tx.now
    terms = terms_of(facts, now)
    return CreditView(
        credit=worker.credit_points / 100,
        jobs_done=worker.jobs_done,
        orders_counted=len({fact.order_id for fact in in_window(facts, now)}),
        terms=TermsView(
            completion=float(terms.completion),
            rating=float(terms.rating),
            complaints=float(terms.complaints),
            on_time=float(terms.on_time),
        ),
        events=[_event(row) for row in events],
        next_cursor=events[-1].id if len(events) == limit else None,
    )
