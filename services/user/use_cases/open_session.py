"""Open a session for who has just logged in."""

from services.user.domain.session import Lifetimes, OpenedSession, token_digest
from services.user.storage.accounts import roles_of
from services.user.storage.sessions import LoginSession, RefreshToken
from shared.contracts.ids import AccountId
from shared.kit.session import Transaction


async def open_session(
    tx: Transaction, lifetimes: Lifetimes, account_id: AccountId, refresh_token: str
) -> OpenedSession:
    """A login gives a session with its first refresh token, of which only the hash is kept."""
    roles = await roles_of(tx, account_id)

    session = LoginSession(account_id=account_id, opened_at=tx.now, used_at=tx.now)
    tx.add(session)
    await tx.session.flush()
    digest = token_digest(refresh_token)
    tx.add(RefreshToken(digest=digest, session_id=session.id, issued_at=tx.now))
    ends_at = lifetimes.ends_at(tx.now, tx.now, roles)
    await tx.schedule("expire_session", session.id, ends_at)

    return OpenedSession(account_id, roles, session.id, refresh_token, tx.now)
