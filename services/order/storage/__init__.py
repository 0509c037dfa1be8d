"""What the order service keeps, and the few queries of each noun."""

from shared.kit.rows import Base, new_metadata


class Row(Base):
    """The base of every table of the order service."""

    __abstract__ = True
    metadata = new_metadata()
