"""Note that a person has read a message."""

from services.user.domain.message import MessageId
from services.user.storage.messages import mark_read
from shared.kit.caller import Caller
from shared.kit.session import Transaction


async def read_message(tx: Transaction, caller: Caller, message_id: MessageId) -> None:
    """A message is unread until its recipient has opened it; the first time counts.

    Raises MessageNotFound.
    """
    await mark_read(tx, caller, message_id)
