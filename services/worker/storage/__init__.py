"""The worker service's tables."""

from shared.kit.rows import Base, new_metadata


class Row(Base):
    """A row of the worker service's database."""

    __abstract__ = True
    metadata = new_metadata()


# The metadata is whole only when every module of rows is loaded.
from services.worker.storage import (  # noqa: E402, F401
    bookings,
    credit,
    decisions,
    skills,
    time_off,
    workers,
)
