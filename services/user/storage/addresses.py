"""Rows of addresses. What leads to the door is sealed apart from what names the block."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import orjson
from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    Uuid,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.user.domain.address import (
    LAT_MAX,
    LAT_MIN,
    LNG_MAX,
    LNG_MIN,
    AddressDetails,
    AddressNotFound,
    District,
    Place,
    Unit,
)
from services.user.storage import Row
from shared.contracts.ids import AccountId, AddressId
from shared.kit.caller import Caller
from shared.kit.ids import new_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction
from shared.kit.writes import as_json
from shared.privacy.sealing import reveal, seal, unseal

_PLACE, _UNIT = "addresses.place", "addresses.unit"


class Address(Row):
    """A place that a person orders to."""

    __tablename__ = "addresses"

    account_id: Mapped[AccountId] = mapped_column(Uuid, ForeignKey("accounts.id"))
    lat: Mapped[float] = mapped_column(Double)
    lng: Mapped[float] = mapped_column(Double)
    district: Mapped[District] = mapped_column(one_of(District, "district"))
    place: Mapped[bytes]  # Sealed: estate, building, block, label.
    unit: Mapped[bytes]  # Sealed: floor, flat, parking note.
    has_lift: Mapped[bool]
    steps: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    is_default: Mapped[bool] = mapped_column(default=False)
    id: Mapped[AddressId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)

    __table_args__ = (
        CheckConstraint(f"lat BETWEEN {LAT_MIN} AND {LAT_MAX}", name="lat"),
        CheckConstraint(f"lng BETWEEN {LNG_MIN} AND {LNG_MAX}", name="lng"),
        CheckConstraint("steps >= 0", name="steps"),
        Index("ix_addresses_list", "account_id", "id"),
        Index(
            "uq_addresses_default",
            "account_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )


async def new_address(tx: Transaction, caller: Caller, details: AddressDetails) -> Address:
    """A fresh address of the caller, its lines sealed."""
    id = AddressId(new_id())
    address = Address(
        id=id,
        account_id=AccountId(caller.id),
        lat=details.lat,
        lng=details.lng,
        district=details.district,
        place=await _seal(tx, caller, _PLACE, id, details.place),
        unit=await _seal(tx, caller, _UNIT, id, details.unit),
        has_lift=details.has_lift,
        steps=details.steps,
        created_at=tx.now,
        changed_at=tx.now,
    )
    tx.add(address)
    return address


async def rewrite_address(
    tx: Transaction, caller: Caller, address: Address, details: AddressDetails
) -> None:
    """Put new details in the place of the old."""
    address.lat, address.lng = details.lat, details.lng
    address.district = details.district
    address.place = await _seal(tx, caller, _PLACE, address.id, details.place)
    address.unit = await _seal(tx, caller, _UNIT, address.id, details.unit)
    address.has_lift, address.steps = details.has_lift, details.steps
    address.changed_at = tx.now


async def address_of(tx: Transaction, caller: Caller, address_id: AddressId) -> Address:
    """One of the caller's own addresses. Raises AddressNotFound."""
    address: Address | None = await tx.session.scalar(
        select(Address).where(Address.id == address_id, Address.account_id == caller.id)
    )
    if address is None:
        raise AddressNotFound(f"No address {address_id}.")
    return address


async def addresses_of(
    tx: Transaction, caller: Caller, cursor: AddressId | None, limit: int
) -> Sequence[Address]:
    """The caller's addresses, newest first."""
    mine = select(Address).where(Address.account_id == caller.id)
    if cursor is not None:
        mine = mine.where(Address.id < cursor)
    return (await tx.session.scalars(mine.order_by(Address.id.desc()).limit(limit))).all()


async def count_addresses(tx: Transaction, account_id: AccountId) -> int:
    """How many addresses an account has."""
    count = select(func.count()).select_from(Address).where(Address.account_id == account_id)
    return await tx.session.scalar(count) or 0


async def latest_address(tx: Transaction, account_id: AccountId) -> Address | None:
    """The address that was added last."""
    mine = select(Address).where(Address.account_id == account_id)
    latest: Address | None = await tx.session.scalar(mine.order_by(Address.id.desc()).limit(1))
    return latest


async def make_default(tx: Transaction, address: Address) -> None:
    """Let this one be the account's default. The account's row must be locked."""
    others = update(Address).where(Address.account_id == address.account_id, Address.is_default)
    # Two statements, for the index allows two defaults not even for a moment.
    await tx.session.execute(others.values(is_default=False))
    await tx.session.execute(
        update(Address).where(Address.id == address.id).values(is_default=True)
    )


async def open_place(tx: Transaction, address: Address) -> Place:
    """The lines down to the block: what lists show."""
    plain = await unseal(tx, address.account_id, _PLACE, address.id, address.place)
    return Place(**orjson.loads(plain))


async def reveal_unit(tx: Transaction, caller: Caller, purpose: str, address: Address) -> Unit:
    """The lines that lead to the door; who opened them and why is recorded."""
    subject = address.account_id
    plain = await reveal(tx, caller, purpose, subject, _UNIT, address.id, address.unit)
    return Unit(**orjson.loads(plain))


async def _seal(
    tx: Transaction, caller: Caller, place: str, id: AddressId, lines: Place | Unit
) -> bytes:
    return await seal(tx, caller.id, place, id, as_json(asdict(lines)))
