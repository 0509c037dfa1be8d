"""The masked names of workers, kept from their profiles so that an order can show its crew."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Uuid, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.order.storage import Row
from shared.contracts.ids import WorkerId
from shared.kit.session import Transaction


class WorkerName(Row):
    """What a worker is called on screen: "陳**"."""

    __tablename__ = "worker_names"

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, primary_key=True)
    display_name: Mapped[str]


async def keep_worker_name(tx: Transaction, worker_id: WorkerId, display_name: str) -> None:
    """Remember the newest name."""
    row = insert(WorkerName).values(worker_id=worker_id, display_name=display_name)
    await tx.session.execute(
        row.on_conflict_do_update(index_elements=["worker_id"], set_={"display_name": display_name})
    )


async def worker_names(tx: Transaction, workers: Iterable[UUID]) -> dict[UUID, str]:
    """The names we know of these workers, by id."""
    wanted = set(workers)
    if not wanted:
        return {}
    query = select(WorkerName).where(WorkerName.worker_id.in_(wanted))
    return {row.worker_id: row.display_name for row in await tx.session.scalars(query)}
