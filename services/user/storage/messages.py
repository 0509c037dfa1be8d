"""Rows of messages: what happened and its facts, never a text and never a personal detail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, Uuid, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from services.user.domain.message import Box, Draft, MessageId, MessageNotFound
from services.user.storage import Row
from shared.contracts.ids import AccountId, OrderId
from shared.kit.caller import Caller
from shared.kit.ids import new_id
from shared.kit.rows import one_of
from shared.kit.session import Transaction
from shared.kit.writes import as_json


class Message(Row):
    """One thing a person is told; an event tells each recipient once."""

    __tablename__ = "messages"

    recipient: Mapped[AccountId] = mapped_column(Uuid)
    event_id: Mapped[UUID]
    box: Mapped[Box] = mapped_column(one_of(Box, "box"))
    kind: Mapped[str]  # Chooses the text: "order.placed".
    facts: Mapped[dict[str, Any]]
    happened_at: Mapped[datetime]
    order_id: Mapped[OrderId | None] = mapped_column(Uuid, default=None)
    read_at: Mapped[datetime | None] = mapped_column(default=None)
    id: Mapped[MessageId] = mapped_column(Uuid, primary_key=True, default_factory=new_id)

    __table_args__ = (
        UniqueConstraint("recipient", "event_id"),
        Index("ix_messages_all", "recipient", "id"),
        Index("ix_messages_box", "recipient", "box", "id"),
        Index("ix_messages_unread", "recipient", "box", postgresql_where=text("read_at IS NULL")),
    )


# One statement for all whom an event concerns.
_KEEP = """
INSERT INTO messages (id, recipient, event_id, box, kind, facts, order_id, happened_at)
SELECT draft.id, draft.recipient, $1, draft.box, draft.kind, draft.facts::jsonb, draft.order_id, $2
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[])
    AS draft (id, recipient, box, kind, facts, order_id)
ON CONFLICT DO NOTHING
"""


async def keep_messages(
    tx: Transaction, event_id: UUID, happened_at: datetime, drafts: Sequence[Draft]
) -> None:
    """Keep what an event tells people; who has it already keeps what they have."""
    if not drafts:
        return
    await tx.run(
        _KEEP,
        event_id,
        happened_at,
        [new_id() for _ in drafts],
        [draft.recipient for draft in drafts],
        [draft.box for draft in drafts],
        [draft.kind for draft in drafts],
        [as_json(draft.facts) for draft in drafts],
        [draft.order_id for draft in drafts],
    )


async def messages_of(
    tx: Transaction, caller: Caller, box: Box | None, cursor: MessageId | None, limit: int
) -> Sequence[Message]:
    """The caller's messages, newest first, of one box or of both."""
    mine = select(Message).where(Message.recipient == caller.id)
    if box is not None:
        mine = mine.where(Message.box == box)
    if cursor is not None:
        mine = mine.where(Message.id < cursor)
    return (await tx.session.scalars(mine.order_by(Message.id.desc()).limit(limit))).all()


async def unread_of(tx: Transaction, caller: Caller) -> dict[Box, int]:
    """How many messages of each box the caller has not read."""
    unread = select(Message.box, func.count()).where(
        Message.recipient == caller.id, Message.read_at.is_(None)
    )
    counted = {box: count for box, count in await tx.session.execute(unread.group_by(Message.box))}
    return {box: counted.get(box, 0) for box in Box}


async def mark_read(tx: Transaction, caller: Caller, message_id: MessageId) -> None:
    """Note that the caller has read a message; the first time counts. Raises MessageNotFound."""
    read = (
        update(Message)
        .where(Message.id == message_id, Message.recipient == caller.id)
        .values(read_at=func.coalesce(Message.read_at, tx.now))
    )
    if await tx.session.scalar(read.returning(Message.id)) is None:
        raise MessageNotFound(f"No message {message_id}.")


async def mark_all_read(
    tx: Transaction, caller: Caller, box: Box | None, up_to: MessageId | None
) -> int:
    """Note that the caller has read all of a box up to a message; how many that were."""
    unread = update(Message).where(Message.recipient == caller.id, Message.read_at.is_(None))
    if box is not None:
        unread = unread.where(Message.box == box)
    if up_to is not None:
        unread = unread.where(Message.id <= up_to)
    read = await tx.session.scalars(unread.values(read_at=tx.now).returning(Message.id))
    return len(read.all())
