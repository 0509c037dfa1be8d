"""Clear up after an upload that was cut."""

from uuid import UUID

from services.order.domain.ports import PhotoStore
from services.order.storage.evidence import forget_evidence
from shared.kit.once import Steps
from shared.kit.session import Begin


async def clear_cut_upload(begin: Begin, store: PhotoStore, evidence_id: UUID, name: str) -> None:
    """Forget a photo that never was stored whole, here and in the object store.

    Raises Unavailable.
    """
    async with Steps.resumed(begin, evidence_id).undo() as tx:
        if not await forget_evidence(tx, evidence_id):
            return
    await store.delete(name)
