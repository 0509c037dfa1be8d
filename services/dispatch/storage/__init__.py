"""Dispatch's tables."""

from shared.kit.rows import Base, new_metadata


class Row(Base):
    """A row of dispatch's database."""

    __abstract__ = True
    metadata = new_metadata()


# The metadata is whole only when every module of rows is loaded.
from services.dispatch.storage import (  # noqa: E402, F401
    candidates,
    offers,
    presences,
    rounds,
    searches,
    slots,
)
