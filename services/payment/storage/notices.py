"""Notices of channels that were taken in, so that a second copy changes nothing."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.payment.domain.payment import ChannelName
from services.payment.domain.ports import Notice, NoticeRefused
from services.payment.storage import Row
from shared.kit.session import Transaction


class ChannelNotice(Row):
    """One notice by the channel's own id."""

    __tablename__ = "channel_notices"

    nonce: Mapped[str]  # Of the signature it came with; used once.
    kind: Mapped[str]
    received_at: Mapped[datetime]
    channel: Mapped[ChannelName] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (
        Index("uq_channel_notices_nonce", "channel", "nonce", unique=True),
        Index("ix_channel_notices_received_at", "received_at"),
    )


async def is_new_notice(tx: Transaction, channel: ChannelName, notice: Notice) -> bool:
    """Take the notice in; False if it came before. Raises NoticeRefused for a used nonce."""
    taken = await tx.run(
        "INSERT INTO channel_notices (channel, id, nonce, kind, received_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id",
        *(channel, notice.id, notice.nonce, notice.kind, tx.now),
    )
    if taken:
        return True
    known = "SELECT 1 FROM channel_notices WHERE channel = $1 AND id = $2"
    if not await tx.run(known, channel, notice.id):
        raise NoticeRefused("This nonce signed another notice.")
    return False
