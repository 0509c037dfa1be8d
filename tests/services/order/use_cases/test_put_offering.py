"""Staff make and change offerings and their prices."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.order.domain.catalogue import (
    BookInvalid,
    CategoryNotFound,
    Offering,
    OfferingTerms,
    PriceDateInvalid,
)
from services.order.storage.catalogue import offering_of, offering_row, prices_of
from services.order.storage.catalogue_changes import changes_of
from services.order.use_cases.put_offering import PutOffering, put_offering
from shared.kit.caller import Caller, Role
from shared.kit.ids import new_id
from tests.conftest import ServiceFixture
from tests.services.order.stock import demo_offering, stock
from tests.support.service import Running

STAFF = Caller(new_id(), Role.STAFF)
CODE = "jump_start"


def terms(base_minor: int = 36_000, **also: Any) -> OfferingTerms:
    body = demo_offering(CODE)
    del body["reason"]
    book = {**body["book"], "base_minor": base_minor}
    return OfferingTerms.model_validate({**body, **also, "book": book})


def lasting(minutes: int, minutes_per_unit: int, included: int) -> OfferingTerms:
    """An offering whose visit lasts so long with the units that its price includes."""
    put = terms(duration_minutes=minutes, minutes_per_unit=minutes_per_unit)
    return put.model_copy(update={"book": put.book.model_copy(update={"included": included})})


async def puts(
    order: Running, what: OfferingTerms, effective_at: datetime | None = None
) -> PutOffering:
    async with order.begin() as tx:
        return await put_offering(tx, STAFF, CODE, what, "a reason", effective_at)


async def shown(order: Running, offering_id: UUID) -> Offering:
    async with order.begin() as tx:
        return await offering_of(tx, offering_id)


@pytest.fixture
async def order(service: ServiceFixture) -> Running:
    running = await service("order")
    await stock(running, "towing")
    return running


async def test_the_same_again_changes_nothing(order: Running) -> None:
    put = await puts(order, terms())
    assert (put.changed, put.price_version) == (False, 1)
    async with order.begin() as tx:
        assert len(await changes_of(tx, "offering", CODE, None, 10)) == 1


async def test_another_price_is_another_version_and_the_first_is_kept(order: Running) -> None:
    put = await puts(order, terms(40_000))
    assert (put.changed, put.price_version) == (True, 2)
    found = await shown(order, put.id)
    assert (found.price_version, found.book.base_minor) == (2, 40_000)
    async with order.begin() as tx:
        second, first = await prices_of(tx, put.id)
    assert (first.book["base_minor"], second.written_by) == (36_000, STAFF.id)


async def test_other_words_leave_the_price_version_alone(order: Running) -> None:
    put = await puts(order, terms(auto_accept_hours=24))
    assert (put.changed, put.price_version) == (True, 1)
    assert (await shown(order, put.id)).auto_accept_hours == 24


async def test_a_price_waits_for_its_day_and_one_put_meanwhile_gives_way_to_it(
    order: Running,
) -> None:
    new_year = order.clock.now() + timedelta(days=30)
    put = await puts(order, terms(45_000), new_year)
    assert not (await puts(order, terms(45_000), new_year)).changed
    assert (await shown(order, put.id)).book.base_minor == 36_000
    await puts(order, terms(30_000))
    found = await shown(order, put.id)
    assert (found.book.base_minor, found.price_version) == (30_000, 3)
    await order.pass_time(days=31)
    found = await shown(order, put.id)
    assert (found.book.base_minor, found.price_version) == (45_000, 2)


async def test_a_price_in_the_past_out_of_range_or_without_category_is_refused(
    order: Running,
) -> None:
    with pytest.raises(PriceDateInvalid):
        await puts(order, terms(), order.clock.now() - timedelta(minutes=1))
    with pytest.raises(BookInvalid):
        await puts(order, terms(1_000_000))
    with pytest.raises(CategoryNotFound):
        await puts(order, terms(category="pet_care"))
    assert not (await puts(order, terms())).changed


async def test_a_layout_that_waits_for_a_later_price_is_refused_with_the_one_in_force(
    order: Running,
) -> None:
    """With units of the base a visit of one unit would take no time until then."""
    await puts(order, lasting(60, minutes_per_unit=30, included=1))
    new_year = order.clock.now() + timedelta(days=30)
    with pytest.raises(BookInvalid) as refused:
        await puts(order, lasting(0, minutes_per_unit=60, included=0), new_year)
    assert refused.value.facts["field"] == "duration_minutes"
    await puts(order, lasting(0, minutes_per_unit=60, included=0))


async def test_a_layout_is_refused_that_a_price_of_later_does_not_go_with(order: Running) -> None:
    await puts(order, lasting(60, minutes_per_unit=30, included=0))
    new_year = order.clock.now() + timedelta(days=30)
    await puts(order, lasting(60, minutes_per_unit=30, included=1), new_year)
    with pytest.raises(BookInvalid) as refused:
        await puts(order, lasting(0, minutes_per_unit=60, included=0))
    assert f"{new_year:%Y-%m-%dT%H:%M}" in refused.value.facts["reason"]

    await puts(order, lasting(60, minutes_per_unit=30, included=0), new_year)  # Instead of it.
    await puts(order, lasting(0, minutes_per_unit=60, included=0))


async def test_an_offering_moves_to_another_category_and_is_found_there(order: Running) -> None:
    await stock(order, "laundry")
    await puts(order, terms(category="laundry"))
    async with order.begin() as tx:
        row = await offering_row(tx, CODE)
    assert row.category == "laundry"
    assert "~laundry" in row.tokens


@pytest.mark.race("catalogue_for_update")
async def test_rivals_for_one_offering_get_versions_of_their_own(order: Running) -> None:
    bases = [30_000 + 100 * n for n in range(12)]
    put = await asyncio.gather(*(puts(order, terms(base)) for base in bases))
    assert sorted(one.price_version for one in put) == list(range(2, 14))
    last = max(put, key=lambda one: one.price_version)
    assert (await shown(order, last.id)).price_version == 13
    async with order.begin() as tx:
        [row] = await tx.run("SELECT version FROM catalogue_versions")
        [changes] = await tx.run("SELECT count(*) FROM catalogue_changes")
    assert row["version"] == changes["count"]


async def test_rivals_who_make_the_same_offering_make_one(order: Running) -> None:
    async def make() -> PutOffering:
        async with order.begin() as tx:
            return await put_offering(tx, STAFF, "second_jump", terms(), "a reason", None)

    put = await asyncio.gather(*(make() for _ in range(8)))
    assert len({one.id for one in put}) == 1
    assert sum(one.changed for one in put) == 1
