"""Staff say which words mean the same."""

from services.order.storage.catalogue import offering_row
from services.order.use_cases.put_synonyms import put_synonyms
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.order.stock import stock

STAFF = Caller(new_id(), Role.STAFF)


async def test_every_offering_is_indexed_anew_and_the_same_again_is_no_change(
    service: ServiceFixture,
) -> None:
    order = await service("order")
    await stock(order, "pipes")
    words = ["照鏡", "endoscope"]
    async with order.begin() as tx:
        assert await put_synonyms(tx, STAFF, "camera", words, "asked for")
    async with order.begin() as tx:
        assert not await put_synonyms(tx, STAFF, "camera", [*words, *words], "asked for")
        assert "~camera" in (await offering_row(tx, "drain_camera")).tokens
        assert "~camera" not in (await offering_row(tx, "toilet_unblocking")).tokens
