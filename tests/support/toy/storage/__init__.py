"""The toy's tables."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from shared.kit.ids import new_id
from shared.kit.rows import Base, new_metadata
from tests.support.toy.domain.tool import ToolState


class Row(Base):
    """The toy's rows."""

    __abstract__ = True
    metadata = new_metadata()


class Tool(Row):
    __tablename__ = "tools"

    name: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[ToolState] = mapped_column(default=ToolState.SHELVED)
    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=new_id)
