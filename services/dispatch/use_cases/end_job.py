"""Free the workers of a visit whose work is done."""

from datetime import datetime

from services.dispatch.storage.offers import end_jobs
from services.dispatch.storage.presences import became_idle
from shared.contracts.ids import OrderId, VisitId
from shared.kit.session import Transaction


async def end_job(
    tx: Transaction, order_id: OrderId, visit_id: VisitId, ended_at: datetime
) -> None:
    """The workers of the visit are idle and may be offered jobs again."""
    worker_ids = await end_jobs(tx, order_id, visit_id, ended_at)

    await became_idle(tx, worker_ids)
