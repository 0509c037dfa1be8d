"""Make a category of the catalogue, or change it."""

from services.order.domain.catalogue import CategoryTerms
from services.order.storage.catalogue import CategoryRow, catalogue_for_update
from services.order.storage.catalogue_changes import index_offerings, record_change
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def put_category(
    tx: Transaction, caller: Caller, code: str, terms: CategoryTerms, reason: str
) -> bool:
    """Staff put a category as it shall be; whether that changed anything.

    The same again changes nothing. Its offerings are found by its new name at once.
    """
    catalogue = await catalogue_for_update(tx)
    known = await tx.session.get(CategoryRow, code)
    after = terms.as_json()
    if known is not None and known.terms == after:
        return False

    before = None if known is None else known.terms
    place = ("category", code)
    record_change(tx, catalogue, caller, place, scrub(reason), before=before, after=after)
    if known is None:
        tx.add(CategoryRow(code=code, rank=terms.rank, is_on=terms.on, terms=after))
    else:
        known.rank, known.is_on, known.terms = terms.rank, terms.on, after
        await tx.session.flush()
        await index_offerings(tx)
    return True
