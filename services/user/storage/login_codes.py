"""Rows of login codes: hashes only, found by request or by blind index."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Uuid, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.user.domain.login_code import LoginCodeState
from services.user.storage import Row
from shared.kit.rows import one_of
from shared.kit.session import Transaction
from shared.networks import network_of

ASKED_MAX = 1_000  # More than any limit looks back at.


class LoginCode(Row):
    """A code that was asked for; neither the code nor the phone can be read from it."""

    __tablename__ = "login_codes"

    id: Mapped[UUID] = mapped_column(
        Uuid, primary_key=True
    )  # The request's id, which it is bound to.
    phone_index: Mapped[bytes]
    address_index: Mapped[bytes]  # Of the network that asked.
    digest: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)  # Wrong ones.
    state: Mapped[LoginCodeState] = mapped_column(
        one_of(LoginCodeState, "state"), default=LoginCodeState.WAITING
    )

    __table_args__ = (
        CheckConstraint("tries >= 0", name="tries"),
        Index("ix_login_codes_phone", "phone_index", "created_at"),
        Index("ix_login_codes_address", "address_index", "created_at"),
    )


def address_index(tx: Transaction, client_address: str) -> bytes:
    """The blind index of the network that an address belongs to."""
    return tx.keyring.index(f"address {network_of(client_address)}")


async def lock_askers(tx: Transaction, *indexes: bytes) -> None:
    """Let nobody else count or ask for these until the transaction ends."""
    for lock in sorted({int.from_bytes(index[8:16], signed=True) for index in indexes}):
        await tx.run("SELECT pg_advisory_xact_lock($1::bigint)", lock)


async def asked_by_phone(tx: Transaction, index: bytes, seconds: int) -> Sequence[datetime]:
    """When codes were asked for this phone within so many seconds, newest first."""
    since = tx.now - timedelta(seconds=seconds)
    asked = select(LoginCode.created_at).where(
        LoginCode.phone_index == index, LoginCode.created_at > since
    )
    newest = asked.order_by(LoginCode.created_at.desc()).limit(ASKED_MAX)
    return (await tx.session.scalars(newest)).all()


async def asked_by_address(tx: Transaction, index: bytes, seconds: int) -> Sequence[datetime]:
    """When codes were asked from this network address within so many seconds, newest first."""
    since = tx.now - timedelta(seconds=seconds)
    asked = select(LoginCode.created_at).where(
        LoginCode.address_index == index, LoginCode.created_at > since
    )
    newest = asked.order_by(LoginCode.created_at.desc()).limit(ASKED_MAX)
    return (await tx.session.scalars(newest)).all()


async def login_code_for_update(tx: Transaction, request_id: UUID) -> LoginCode | None:
    """The code of a request, locked; None if there is no such request."""
    asked = select(LoginCode).where(LoginCode.id == request_id).with_for_update()
    code: LoginCode | None = await tx.session.scalar(asked)
    return code


async def forget_login_code(tx: Transaction, request_id: UUID) -> None:
    """Remove a code that no limit looks back at any more."""
    await tx.session.execute(delete(LoginCode).where(LoginCode.id == request_id))
