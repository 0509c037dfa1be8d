"""Lists of offerings that can be ordered: by category in their rank, or by a search.

A cursor is the code of the last offering seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.order.domain.catalogue import Offering
from services.order.domain.search import CONCEPT, CONCEPT_WEIGHT
from services.order.storage.catalogue import OFFERING_COLUMNS, OFFERINGS, offering_in
from shared.kit.session import Transaction

_SHOWN = """
o.on_sale AND c.is_on AND ($2::text IS NULL OR o.category = $2)
AND ($3::text IS NULL OR o.districts = '{}' OR $3 = ANY (o.districts))
"""
_BY_RANK = f"""
SELECT {OFFERING_COLUMNS} FROM {OFFERINGS} WHERE {_SHOWN}
AND ($4::text IS NULL OR (o.category, o.rank, o.code) >
    (SELECT l.category, l.rank, l.code FROM offerings l WHERE l.code = $4))
ORDER BY o.category, o.rank, o.code LIMIT $5
"""
# The more of the query an offering meets the higher it stands; concepts weigh more than words.
_SCORE = """
(SELECT sum(CASE WHEN starts_with(asked, $7) THEN $8::int ELSE 1 END)
    FROM unnest($6::text[]) asked WHERE asked = ANY ({tokens}))
"""
_BY_SCORE = f"""
SELECT * FROM (
    SELECT {OFFERING_COLUMNS}, o.rank, {_SCORE.format(tokens="o.tokens")} AS score
    FROM {OFFERINGS} WHERE {_SHOWN} AND o.tokens && $6::text[]) found
WHERE $4::text IS NULL OR (-score, rank, code) > (
    SELECT -{_SCORE.format(tokens="l.tokens")}, l.rank, l.code FROM offerings l WHERE l.code = $4)
ORDER BY -score, rank, code LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which offerings to list; ``tokens`` None lists them without a search."""

    category: str | None = None
    district: str | None = None
    tokens: Sequence[str] | None = None


async def offerings_shown(
    tx: Transaction, wanted: Wanted, cursor: str | None, limit: int
) -> list[Offering]:
    """The offerings that can be ordered now, with the price that holds now."""
    where = (tx.now, wanted.category, wanted.district, cursor, limit)
    if wanted.tokens is None:
        rows = await tx.run(_BY_RANK, *where)
    else:
        found = (list(wanted.tokens), CONCEPT, CONCEPT_WEIGHT)
        rows = await tx.run(_BY_SCORE, *where, *found)
    return [offering_in(row) for row in rows]
