"""The masked names of workers, kept from their profiles so that an order can show its crew."""

from sqlalchemy import Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.order.storage import Row
from shared.contracts.ids import WorkerId
from shared.kit.session import Transaction


class WorkerName(Row):
    """What a worker is called on screen: "陳**"."""

    __tablename__ = "worker_names"

    worker_id: Mapped[WorkerId] = mapped_column(Uuid, primary_key=True)
    display_name: Mapped[str]


_KEEP = """
INSERT INTO worker_names (worker_id, display_name) VALUES ($1, $2)
ON CONFLICT (worker_id) DO UPDATE SET display_name = excluded.display_name
"""


def keep_worker_name(tx: Transaction, worker_id: WorkerId, display_name: str) -> None:
    """Remember the newest name."""
    tx.later(_KEEP, worker_id, display_name)
