"""Changing a pack."""

from shared.kit.ids import new_id
from tests.services.promotion.given import campaign, coupons, pack, registered
from tests.support.service import Running


async def test_a_change_is_for_those_who_come_after(run: Running) -> None:
    before, after = new_id(), new_id()
    await campaign(run, "aa")
    await campaign(run, "bb")
    await pack(run, "aa")
    await run.tell_twice(registered(before))
    await pack(run, "bb")
    await run.tell_twice(registered(after))
    await run.tell(registered(before))

    assert [each["code"] for each in await coupons(run, before)] == ["aa"]
    assert [each["code"] for each in await coupons(run, after)] == ["bb"]
