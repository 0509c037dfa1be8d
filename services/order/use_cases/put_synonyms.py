"""Say which words searches take for the same."""

from collections.abc import Sequence

from services.order.storage.catalogue import SynonymRow, catalogue_for_update
from services.order.storage.catalogue_changes import index_offerings, record_change
from shared.kit.caller import Caller
from shared.kit.session import Transaction
from shared.privacy.masks import scrub


async def put_synonyms(
    tx: Transaction, caller: Caller, concept: str, words: Sequence[str], reason: str
) -> bool:
    """Staff put the words of a concept; whether that changed anything.

    Every offering is made findable anew, so that searches agree with the words at once.
    """
    catalogue = await catalogue_for_update(tx)
    known = await tx.session.get(SynonymRow, concept)
    after = sorted(set(words))
    if known is not None and known.words == after:
        return False

    before = None if known is None else {"words": known.words}
    place, now = ("synonyms", concept), {"words": after}
    record_change(tx, catalogue, caller, place, scrub(reason), before=before, after=now)
    if known is None:
        tx.add(SynonymRow(concept=concept, words=after))
    else:
        known.words = after
    await tx.session.flush()
    await index_offerings(tx)
    return True
