"""Write the messages that an event causes."""

from datetime import datetime
from uuid import UUID

from services.user.domain.message import drafts_for
from services.user.storage.messages import keep_messages
from shared.kit.events import Event
from shared.kit.session import Transaction


async def write_messages(
    tx: Transaction, event: Event, event_id: UUID, happened_at: datetime
) -> None:
    """Everybody whom the event concerns gets one message, however often it is told."""
    drafts = drafts_for(event)

    await keep_messages(tx, event_id, happened_at, drafts)
