"""Rows of packs and of who got which, and the few queries we ask of them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.promotion.domain.pack import PackNotFound
from services.promotion.storage import Row
from shared.contracts.ids import AccountId
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.kit.writes import as_json
from shared.privacy.masks import scrub


class Pack(Row):
    """The campaigns that a pack gives a coupon of."""

    __tablename__ = "packs"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    campaigns: Mapped[list[str]]
    changed_by: Mapped[AccountId] = mapped_column(Uuid)
    reason: Mapped[str]
    changed_at: Mapped[datetime]


class PackIssue(Row):
    """A person got a pack; the key lets it happen once, however often the news comes."""

    __tablename__ = "pack_issues"

    account_id: Mapped[AccountId] = mapped_column(Uuid, primary_key=True)
    pack: Mapped[str] = mapped_column(Text, ForeignKey("packs.code"), primary_key=True)
    at: Mapped[datetime]


_PUT = """
INSERT INTO packs (code, campaigns, changed_by, reason, changed_at)
VALUES ($1, $2::jsonb, $3, $4, $5)
ON CONFLICT (code) DO UPDATE SET campaigns = excluded.campaigns, changed_by = excluded.changed_by,
    reason = excluded.reason, changed_at = excluded.changed_at
WHERE packs.campaigns <> excluded.campaigns RETURNING true
"""
_ISSUE = """
INSERT INTO pack_issues (account_id, pack, at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""


async def find_pack(tx: Transaction, code: str) -> Pack | None:
    """The pack by its code."""
    return await tx.session.get(Pack, code, populate_existing=True)


async def pack_of(tx: Transaction, code: str) -> Pack:
    """The pack by its code. Raises PackNotFound."""
    pack = await find_pack(tx, code)
    if pack is None:
        raise PackNotFound(f"No pack {code}.", code=code)
    return pack


async def keep_pack(
    tx: Transaction, caller: Caller, code: str, campaigns: list[str], reason: str
) -> bool:
    """Make the pack, or change what it gives; False if it gives just that already."""
    return bool(await tx.run(_PUT, code, as_json(campaigns), caller.id, scrub(reason), tx.now))


async def note_issue(tx: Transaction, account_id: AccountId, pack: str) -> bool:
    """Be the first to give this person this pack; False if they have it."""
    return bool(await tx.run(_ISSUE, account_id, pack, tx.now))
