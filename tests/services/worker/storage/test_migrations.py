"""The calendar is asked by its index."""

from tests.support.service import Running


async def test_the_calendar_is_asked_by_its_index(run: Running) -> None:
    ask = (
        "EXPLAIN SELECT min(lower(slot)) FROM bookings WHERE worker_id = gen_random_uuid()"
        " AND state IN ('held', 'ended') AND slot && tstzrange(now(), NULL)"
    )
    async with run.begin() as tx:
        await tx.run("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await tx.run(ask))
    assert "ex_bookings_slot" in plan or "ix_bookings_worker_id" in plan
