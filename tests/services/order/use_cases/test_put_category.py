"""Staff make and change categories."""

import asyncpg
import pytest

from services.order.domain.catalogue import CategoryTerms
from services.order.storage.catalogue import offering_row
from services.order.storage.catalogue_changes import changes_of
from services.order.use_cases.put_category import put_category
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.order.stock import stock
from tests.support.service import Running

STAFF = Caller(new_id(), Role.STAFF)


def terms(en: str = "Pet care", on: bool = True) -> CategoryTerms:
    words = {"zh-HK": "寵物護理", "zh-CN": "宠物护理", "en": en}
    return CategoryTerms.model_validate({"name": words, "description": words, "on": on})


async def puts(order: Running, code: str, what: CategoryTerms, reason: str = "a reason") -> bool:
    async with order.begin() as tx:
        return await put_category(tx, STAFF, code, what, reason)


async def test_the_same_again_changes_nothing_and_a_change_is_kept(service: ServiceFixture) -> None:
    order = await service("order")
    assert await puts(order, "pet_care", terms(), "new, asked for by 9123 4567")
    assert not await puts(order, "pet_care", terms())
    assert await puts(order, "pet_care", terms(on=False), "no workers yet")
    async with order.begin() as tx:
        last, first = await changes_of(tx, "category", "pet_care", None, 10)
    assert (first.before, first.actor) == (None, STAFF.id)
    assert "9123 4567" not in first.reason
    assert (last.reason, last.before) == ("no workers yet", terms().as_json())


async def test_offerings_are_found_by_the_new_name(service: ServiceFixture) -> None:
    order = await service("order")
    await stock(order, "moving")
    await puts(order, "moving", terms("Relocation"))
    async with order.begin() as tx:
        assert "relocation" in (await offering_row(tx, "van_move")).tokens


@pytest.mark.parametrize("table", ["catalogue_changes", "price_versions"])
async def test_what_was_changed_can_not_be_written_over(
    service: ServiceFixture, table: str
) -> None:
    order = await service("order")
    await stock(order, "laundry")
    for verb in (f"UPDATE {table} SET reason = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with order.begin() as tx:
                await tx.run(verb)
