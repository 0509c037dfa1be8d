"""Note that a person has read all messages."""

from services.user.domain.message import Box, MessageId
from services.user.storage.messages import mark_all_read
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def read_all_messages(
    tx: Transaction, caller: Caller, box: Box | None, up_to: MessageId | None
) -> int:
    """Empties the unread count of one box or of both; what came after ``up_to`` stays unread."""
    return await mark_all_read(tx, caller, box, up_to)
