"""Change a refresh token for fresh tokens."""

from services.user.domain.session import (
    Lifetimes,
    OpenedSession,
    RefreshTokenRefused,
    RefreshTokenReused,
    SessionMove,
    SessionState,
    token_digest,
)
from services.user.storage.accounts import roles_of
from services.user.storage.sessions import (
    RefreshToken,
    forget_tokens,
    session_of_token_for_update,
)
from shared.kit.caller import SYSTEM, Caller, Role
from shared.kit.session import Transaction


async def refresh_session(
    tx: Transaction, lifetimes: Lifetimes, refresh_token: str, next_token: str
) -> OpenedSession | RefreshTokenRefused | RefreshTokenReused:
    """Each refresh token serves once. A second use means that it was stolen: the session ends.

    A refusal is returned, not raised: the end of the session must be kept.
    """
    found = await session_of_token_for_update(tx, token_digest(refresh_token))

    if found is None or found[0].state is not SessionState.ACTIVE:
        return RefreshTokenRefused("Log in again.")
    session, token = found
    if token.used_at is not None:
        tx.move(session, SessionMove.REVOKE, by=SYSTEM)
        await forget_tokens(tx, session.id)
        await tx.cancel_timer("expire_session", session.id)
        return RefreshTokenReused("Log in again.")
    roles = await roles_of(tx, session.account_id)
    if tx.now >= lifetimes.ends_at(session.opened_at, session.used_at, roles):
        return RefreshTokenRefused("The session is over. Log in again.")

    tx.move(session, SessionMove.REFRESH, by=Caller(session.account_id, Role.USER))
    session.used_at = token.used_at = tx.now
    await tx.session.flush()  # The old one is used before the new one is there.
    digest = token_digest(next_token)
    tx.add(RefreshToken(digest=digest, session_id=session.id, issued_at=tx.now))
    ends_at = lifetimes.ends_at(session.opened_at, tx.now, roles)
    await tx.schedule("expire_session", session.id, ends_at)

    return OpenedSession(session.account_id, roles, session.id, next_token, tx.now)
