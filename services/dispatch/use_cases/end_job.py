"""Free the workers of a visit whose work is done."""

from datetime import datetime

from services.dispatch.storage.offers import end_jobs
from shared.contracts.ids import OrderId, VisitId
from shared.kit.session import Transaction


async def end_job(
    tx: Transaction, order_id: OrderId, visit_id: VisitId, ended_at: datetime
) -> None:
    """The workers of the visit are idle and may be offered jobs again."""
    await end_jobs(tx, order_id, visit_id, ended_at)
