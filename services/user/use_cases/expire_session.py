"""End a session that has not been used, or is too old."""

from services.user.domain.session import SessionId, SessionMove, SessionState
from services.user.storage.sessions import forget_tokens, session_for_update
from shared.kit.caller import SYSTEM
from shared.kit.session import Transaction


async def expire_session(tx: Transaction, session_id: SessionId) -> None:
    """A session that fell due is over; its tokens are forgotten."""
    session = await session_for_update(tx, session_id)
    if session is None or session.state is not SessionState.ACTIVE:
        return

    tx.move(session, SessionMove.EXPIRE, by=SYSTEM)
    await forget_tokens(tx, session.id)
