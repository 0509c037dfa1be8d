"""The user database: rows and the few queries we ask of them."""

from shared.kit.rows import Base, new_metadata


class Row(Base):
    """A row of the user database."""

    __abstract__ = True
    metadata = new_metadata()


# The metadata is whole only when every row has been read.
from services.user.storage import (  # noqa: E402, F401
    accounts,
    addresses,
    login_codes,
    messages,
    sessions,
)
