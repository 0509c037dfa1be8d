"""Rows of the payment service and the few queries asked of them."""

from shared.kit.rows import Base, new_metadata


class Row(Base):
    """A row of this service's database."""

    __abstract__ = True
    metadata = new_metadata()
