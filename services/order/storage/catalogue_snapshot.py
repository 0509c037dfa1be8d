"""The categories kept in memory, so that the first screen of everybody costs no query each time.

At most once a second a reader asks whether the catalogue moved: by its version, or by a price that
began to hold meanwhile. While the database does not answer, the last known is shown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from time import monotonic

from services.order.domain.catalogue import CategoryTerms, Offering
from services.order.domain.search import Synonyms
from services.order.domain.shown import CategoryShown, category_shown
from services.order.storage.catalogue import OFFERING_COLUMNS, OFFERINGS, offering_in
from services.order.storage.catalogue_changes import synonyms_of
from shared.kit.database import is_passing
from shared.kit.session import Begin, Transaction

CHECK_SECONDS = 1.0

_MARK = """
SELECT (SELECT version FROM catalogue_versions),
    (SELECT max(effective_at) FROM price_versions WHERE effective_at <= $1)
"""
_CATEGORIES = "SELECT code, terms FROM categories WHERE is_on ORDER BY rank, code"
_OFFERINGS = f"""
SELECT {OFFERING_COLUMNS} FROM {OFFERINGS} WHERE o.on_sale AND c.is_on ORDER BY o.category
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The categories and synonyms of one instant, with what was rendered from them so far."""

    mark: tuple[object, ...]
    categories: Sequence[CategoryShown]
    synonyms: Synonyms
    rendered: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # By locale: ETag, body.


class CatalogueInMemory:
    """The newest snapshot, at most a second behind."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._snapshot: Snapshot | None = None
        self._checked_at = float("-inf")
        self._lock = asyncio.Lock()

    def expire(self) -> None:
        """Ask again at the next read: this process has just changed the catalogue."""
        self._checked_at = float("-inf")

    async def now(self) -> Snapshot:
        """The catalogue as it is shown."""
        if self._snapshot is not None and monotonic() - self._checked_at < CHECK_SECONDS:
            return self._snapshot
        async with self._lock:
            if self._snapshot is None or monotonic() - self._checked_at >= CHECK_SECONDS:
                self._snapshot = await self._refreshed(self._snapshot)
                self._checked_at = monotonic()
        return self._snapshot

    async def _refreshed(self, known: Snapshot | None) -> Snapshot:
        try:
            async with self._begin() as tx:
                [mark] = await tx.run(_MARK, tx.now)
                if known is not None and known.mark == tuple(mark):
                    return known
                return await _read(tx, tuple(mark))
        except Exception as fault:
            if known is None or not is_passing(fault):
                raise
            return known


async def _read(tx: Transaction, mark: tuple[object, ...]) -> Snapshot:
    found = [offering_in(row) for row in await tx.run(_OFFERINGS, tx.now)]
    offerings: dict[str, list[Offering]] = {
        code: list(of_category) for code, of_category in groupby(found, lambda o: o.category)
    }
    categories = [
        category_shown(
            row["code"], CategoryTerms.model_validate(row["terms"]), offerings.get(row["code"], [])
        )
        for row in await tx.run(_CATEGORIES)
    ]
    return Snapshot(mark, categories, await synonyms_of(tx))
