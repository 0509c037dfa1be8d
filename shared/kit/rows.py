"""How rows are declared: typed constructors, aware instants, named constraints."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Enum, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, MappedColumn, mapped_column

from shared.kit.money import Currency

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def one_of(kind: type[enum.Enum], name: str | None = None) -> Enum:
    """A text column that a CHECK holds to the values of an enum."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name,
        values_callable=lambda kinds: [str(kind.value) for kind in kinds],
    )


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Rows have typed constructors: a half-built one does not type-check.

    Each service subclasses it once as its ``Row`` with ``__abstract__`` and its own ``metadata``.
    """

    type_annotation_map = {
        int: BigInteger(),
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: JSONB(),
        enum.Enum: one_of(enum.Enum),
    }


def new_metadata() -> MetaData:
    """The metadata of one service's tables."""
    return MetaData(naming_convention=NAMING)


def money_columns(name: str) -> tuple[MappedColumn[int], MappedColumn[Currency]]:
    """The two columns of one amount, for ``composite``; each amount has its own currency check."""
    currency = one_of(Currency, f"{name}_currency")
    return mapped_column(f"{name}_minor"), mapped_column(f"{name}_currency", currency)
