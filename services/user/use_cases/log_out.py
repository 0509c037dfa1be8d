"""Log out of one device."""

from services.user.domain.session import SessionMove, SessionState, token_digest
from services.user.storage.sessions import forget_tokens, session_of_token_for_update
from shared.kit.caller import Caller, Role
from shared.kit.session import Transaction


async def log_out(tx: Transaction, refresh_token: str) -> None:
    """The session of this refresh token ends; one that is over or unknown is logged out already."""
    found = await session_of_token_for_update(tx, token_digest(refresh_token))
    if found is None or found[0].state is not SessionState.ACTIVE:
        return
    session, _ = found

    tx.move(session, SessionMove.LOG_OUT, by=Caller(session.account_id, Role.USER))
    await forget_tokens(tx, session.id)
    await tx.cancel_timer("expire_session", session.id)
