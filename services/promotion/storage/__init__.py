"""The promotion service's tables."""

from shared.kit.rows import Base, new_metadata


class Row(Base):
    """A row of the promotion service's database."""

    __abstract__ = True
    metadata = new_metadata()


# The metadata is whole only when every module of rows is loaded.
from services.promotion.storage import (  # noqa: E402, F401
    campaigns,
    coupons,
    locks,
    outcomes,
    packs,
)
