"""Rows of login sessions and the hashes of their refresh tokens."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Uuid, delete, select, text
from sqlalchemy.orm import Mapped, mapped_column

from services.user.domain.session import SessionId, SessionState
from services.user.storage import Row
from shared.contracts.ids import AccountId
from shared.kit.ids import new_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction


class LoginSession(Row):
    """One device's way in; its refresh tokens are a family that falls together."""

    __tablename__ = "sessions"

    account_id: Mapped[AccountId] = mapped_column(Uuid, ForeignKey("accounts.id"), index=True)
    opened_at: Mapped[datetime]
    used_at: Mapped[datetime]  # When it last gave tokens.
    state: Mapped[SessionState] = mapped_column(
        one_of(SessionState, "state"), default=SessionState.ACTIVE
    )
    id: Mapped[SessionId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)


class RefreshToken(Row):
    """The hash of a refresh token; used ones are kept to notice a second use."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[SessionId] = mapped_column(Uuid, ForeignKey("sessions.id"), index=True)
    issued_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)

    __table_args__ = (
        Index(
            "uq_refresh_tokens_unused",
            "session_id",
            unique=True,
            postgresql_where=text("used_at IS NULL"),
        ),
    )


async def session_for_update(tx: Transaction, session_id: SessionId) -> LoginSession | None:
    """A session, locked until the transaction ends."""
    one = select(LoginSession).where(LoginSession.id == session_id).with_for_update()
    session: LoginSession | None = await tx.session.scalar(one)
    return session


async def session_of_token_for_update(
    tx: Transaction, digest: bytes
) -> tuple[LoginSession, RefreshToken] | None:
    """The locked session that a refresh token belongs to, and the token as it then is."""
    found = select(RefreshToken.session_id).where(RefreshToken.digest == digest)
    session_id = await tx.session.scalar(found)
    if session_id is None:
        return None
    session = await session_for_update(tx, session_id)
    # The session's lock covers its tokens, so the token is read only now.
    token = await tx.session.get(RefreshToken, digest)
    return (session, token) if session and token else None


async def forget_tokens(tx: Transaction, session_id: SessionId) -> None:
    """Remove all refresh tokens of a session that is over."""
    await tx.session.execute(delete(RefreshToken).where(RefreshToken.session_id == session_id))
