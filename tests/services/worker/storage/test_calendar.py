"""The database keeps a worker's calendar free of overlaps, and is asked by its index."""

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


async def test_no_two_jobs_and_no_two_absences_of_a_worker_overlap(run: Running) -> None:
    ask = "SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint WHERE contype = 'x'"
    async with run.begin() as tx:
        said = {row["conname"]: row["said"] for row in await tx.run(ask)}
    assert {name: text.partition(" WHERE")[0] for name, text in said.items()} == {
        "ex_bookings_slot": "EXCLUDE USING gist (worker_id WITH =, slot WITH &&)",
        "ex_time_off_days": "EXCLUDE USING gist (worker_id WITH =,"
        " daterange(first_on, last_on, '[]'::text) WITH &&)",
    }
