"""Rules about how things came about: states, events, keys, timers, copies, logs."""

import gzip
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from operator import itemgetter

from services.order.domain.order import OrderMove, OrderState
from shared.kit.inbox import handlers_of
from tests.invariants.books import SERVICES, Books, Finding, Rows

OVERDUE_SECONDS = 60
_STEPS = {(source, move.target or source) for move in OrderMove for source in move.sources}
_HKID = re.compile(rb"\b[A-Z]{1,2}[0-9]{6}\([0-9A]\)")
_PHONE = re.compile(rb"\+852[4-9][0-9]{7}\b")
# A day less than sent events are kept. Both ends are dated by the databases' own clocks, which no
# advance of the fleet's clock moves.
TOLD_FOR = timedelta(days=6)
_HEARD = (
    "SELECT handler, event_id, received_at > clock_timestamp() - $1::interval AS of_late FROM inbox"
)
# What dispatch keeps as it was told: credit goes on moving by news of its own.
_COPIED = (
    "approved", "suspended", "skills", "equipment", "districts", "radius_m", "shifts", "days_off",
    "travel_buffer_seconds", "jobs_done",
)  # fmt: skip
_KEPT = f"""
SELECT worker_id, jsonb_build_object('base', jsonb_build_object('lat', base_lat, 'lng', base_lng),
    {", ".join(f"'{name}', {name}" for name in _COPIED)}) AS copy
FROM candidates
"""


async def histories_are_paths(books: Books) -> Finding:
    """I12: an order's history is a path of the state table, from its first row to where it is."""
    finding = Finding()
    rows = await books.rows(
        "order",
        "SELECT o.id AS order_id, o.state, o.version, h.number, h.before, h.after FROM orders o"
        " LEFT JOIN order_history h ON h.shard = o.shard AND h.order_id = o.id"
        " ORDER BY o.id, h.number",
    )
    finding.look(rows)
    for order, path in itertools.groupby(rows, key=itemgetter("order_id")):
        _follow(finding, f"order {order}", list(path))
    return finding


def _follow(finding: Finding, order: str, path: Rows) -> None:
    """One order's rows: numbered from one without a gap, each beginning where the last ended."""
    if path[0]["number"] is None:
        finding.want(False, f"{order} has no history")
        return
    finding.want(path[0]["before"] is None, f"{order} does not begin at its beginning")
    number, state = 0, path[0]["before"]
    for row in path:
        before, after = row["before"], row["after"]
        finding.want(row["number"] == number + 1, f"{order} lacks row {number + 1} of its history")
        finding.want(before == state, f"{order} jumps at {row['number']}")
        if before is not None and before != after:
            step = (OrderState(before), OrderState(after))
            finding.want(step in _STEPS, f"{order}: {before} to {after} is no move")
        number, state = row["number"], after
    here = path[-1]
    finding.want(state == here["state"], f"{order} is {here['state']}, its history ends at {state}")
    finding.want(
        number == here["version"], f"{order} counts {here['version']} rows, its history ends early"
    )


async def outboxes_are_empty_and_whole(books: Books) -> Finding:
    """I11: everything told has left, and each key's versions count from one without a gap."""
    finding = Finding()
    for service in SERVICES:
        rows = await books.rows(
            service,
            "SELECT key, count(*) AS told, min(version) AS first, max(version) AS last,"
            " count(*) FILTER (WHERE sent_at IS NULL) AS unsent FROM outbox GROUP BY key",
        )
        finding.checked += sum(row["told"] for row in rows)
        for row in rows:
            whole = row["told"] == row["last"] - row["first"] + 1
            finding.want(whole, f"{service}: versions of {row['key']} have a gap")
        unsent = sum(row["unsent"] for row in rows)
        finding.want(unsent == 0, f"{service}: {unsent} events not sent")
    return finding


async def inboxes_match_outboxes(books: Books) -> Finding:
    """I11: each listener has each event it listens to, once, and none that nobody told.

    What was told a week ago has left its outbox, and stays in the inboxes for a month longer.
    """
    finding = Finding()
    told: dict[str, dict[object, str]] = {}
    for service in SERVICES:
        rows = await books.rows(service, "SELECT id, type FROM outbox")
        told[service] = {row["id"]: row["type"] for row in rows}
    for service in SERVICES:
        heard: dict[str, set[object]] = defaultdict(set)
        of_late: dict[str, set[object]] = defaultdict(set)
        for row in await books.rows(service, _HEARD, TOLD_FOR):
            heard[row["handler"]].add(row["event_id"])
            if row["of_late"]:
                of_late[row["handler"]].add(row["event_id"])
            finding.checked += 1
        expected: dict[str, set[object]] = defaultdict(set)
        for type, handlers in handlers_of(service).items():
            for handler in handlers:
                publisher = told[handler.event.publisher()]
                expected[handler.name] |= {id for id, kind in publisher.items() if kind == type}
        for name in heard.keys() | expected.keys():
            missing, extra = expected[name] - heard[name], of_late[name] - expected[name]
            finding.want(not missing, f"{service}.{name} has not seen {len(missing)} events")
            finding.want(not extra, f"{service}.{name} has seen {len(extra)} nobody told")
    return finding


async def nothing_is_dead(books: Books) -> Finding:
    """No event waits for a repair."""
    finding = Finding()
    for service in SERVICES:
        rows = await books.rows(service, "SELECT handler, left(error, 200) AS e FROM dead_events")
        parked = await books.rows(service, "SELECT handler FROM inbox_keys WHERE parked > 0")
        finding.checked += len(rows) + 1
        for row in rows:
            finding.want(False, f"{service}.{row['handler']}: {row['e']}")
        finding.want(len(parked) <= len(rows), f"{service}: keys parked without a dead event")
    return finding


async def keys_have_one_effect(books: Books) -> Finding:
    """I13, I15: a request is done or young; each placing that was answered made one order."""
    finding = Finding()
    for service in SERVICES:
        rows = await books.rows(
            service,
            "SELECT scope, done, created_at < clock_timestamp() - interval '2 minutes' AS old"
            " FROM requests",
        )
        finding.look(rows)
        stuck = [row["scope"] for row in rows if not row["done"] and row["old"]]
        finding.want(not stuck, f"{service}: requests neither done nor undone: {stuck[:3]}")
    placed = await books.rows(
        "order", "SELECT answer::jsonb ->> 'id' AS id FROM requests"
        " WHERE scope LIKE 'POST /orders %' AND done AND answer IS NOT NULL")  # fmt: skip
    orders = {str(row["id"]) for row in await books.rows("order", "SELECT id FROM orders")}
    ids = [row["id"] for row in placed]
    finding.want(len(ids) == len(set(ids)), "two placings answered with one order")
    finding.want(set(ids) <= orders, f"answered, not there: {sorted(set(ids) - orders)[:3]}")
    return finding


async def no_timer_is_overdue(books: Books) -> Finding:
    """I15: nothing that fell due waits longer than a minute of the fleet's clock."""
    finding = Finding()
    offset = (await books.outside("clock"))["offset_seconds"]
    for service in SERVICES:
        rows = await books.rows(
            service,
            "SELECT kind, ref, due_at < clock_timestamp() + make_interval(secs => $1) AS late"
            " FROM timers",
            float(offset) - OVERDUE_SECONDS,
        )
        finding.look(rows)
        late = [f"{row['kind']} {row['ref']}" for row in rows if row["late"]]
        finding.want(not late, f"{service}: overdue {late[:3]} of {len(late)}")
    return finding


async def calendars_do_not_overlap(books: Books) -> Finding:
    """I10: no two active bookings of a worker overlap."""
    finding = Finding()
    rows = await books.rows(
        "worker",
        "SELECT worker_id, lower(slot) AS a, upper(slot) AS b FROM bookings"
        " WHERE state IN ('held', 'ended') AND NOT isempty(slot) ORDER BY worker_id, lower(slot)",
    )
    finding.look(rows)
    for first, second in itertools.pairwise(rows):
        if first["worker_id"] == second["worker_id"]:
            apart = first["b"] <= second["a"]
            finding.want(apart, f"worker {first['worker_id']}: two jobs at {second['a']}")
    return finding


async def assignments_offers_and_bookings_are_one(books: Books) -> Finding:
    """I10: a filled position, its accepted offer and its booking name each other, or all end.

    A booking that is held fills a position, or its offer is still being claimed.
    """
    finding = Finding()
    positions = await books.rows(
        "order",
        "SELECT p.offer_id, p.worker_id, p.visit_id, p.number, p.order_id, o.state"
        " FROM positions p JOIN orders o ON o.shard = p.shard AND o.id = p.order_id"
        " WHERE p.worker_id IS NOT NULL",
    )
    answered = await books.rows(
        "dispatch",
        "SELECT id, worker_id, state FROM offers WHERE state IN ('claiming', 'accepted')",
    )
    offers = {row["id"]: row for row in answered if row["state"] == "accepted"}
    bookings = {
        row["id"]: row
        for row in await books.rows("worker", "SELECT id, worker_id, state FROM bookings")
    }
    finding.look(positions)
    seen = set()
    for row in positions:
        offer, booking = offers.get(row["offer_id"]), bookings.get(row["offer_id"])
        place = f"order {row['order_id']} position {row['number']}"
        if row["state"] == "cancelled":  # Who would have come still stands there.
            free = offer is None and (booking is None or booking["state"] == "released")
            finding.want(free, f"{place}: cancelled, and held by {offer} {booking}")
            continue
        seen.add(row["offer_id"])
        finding.want(
            offer is not None and offer["worker_id"] == row["worker_id"], f"{place}: offer"
        )
        held = (
            booking is not None
            and booking["worker_id"] == row["worker_id"]
            and booking["state"] != "released"
        )
        finding.want(held, f"{place}: booking {booking}")
    loose = [str(id) for id in offers if id not in seen]
    finding.want(not loose, f"accepted offers that fill no position: {loose[:3]}")
    claimed = {row["id"] for row in answered if row["state"] == "claiming"}
    taken = {row["id"] for row in bookings.values() if row["state"] == "held"}
    for_nothing = [str(id) for id in taken - seen - claimed]
    finding.want(not for_nothing, f"bookings held for no job: {for_nothing[:3]}")
    return finding


async def nobody_holds_an_open_claim(books: Books) -> Finding:
    """I15: a claim across three services ends; none is left half done."""
    finding = Finding()
    rows = await books.rows("dispatch", "SELECT id, state FROM offers")
    finding.look(rows)
    half = [str(row["id"]) for row in rows if row["state"] == "claiming"]
    finding.want(not half, f"offers still being claimed: {half[:3]}")
    return finding


async def copies_are_the_originals(books: Books) -> Finding:
    """I16: what dispatch keeps of a worker is what the worker service last told."""
    finding = Finding()
    told = await books.rows(
        "worker",
        "SELECT DISTINCT ON (key) key, body::jsonb AS body FROM outbox"
        " WHERE type = 'worker.profile_changed.v1' ORDER BY key, version DESC",
    )
    kept = {row["worker_id"]: row["copy"] for row in await books.rows("dispatch", _KEPT)}
    finding.look(told)
    for row in told:
        body, copy = json.loads(row["body"]), json.loads(kept.get(row["key"], "{}"))
        differs = [name for name in ("base", *_COPIED) if copy.get(name) != body[name]]
        finding.want(not differs, f"dispatch's copy of worker {row['key']} differs: {differs}")
    return finding


def _texts(books: Books) -> Iterator[tuple[str, bytes]]:
    for file in sorted(books.logs.glob("*.log*")):
        raw = file.read_bytes()
        yield file.name, gzip.decompress(raw) if file.suffix == ".gz" else raw


async def logs_hold_no_person(books: Books) -> Finding:
    """I18: no log line holds a whole HKID or phone number."""
    finding = Finding()
    for name, text in _texts(books):
        finding.checked += text.count(b"\n")
        if name.startswith(("sandbox", "user-grant-staff")):
            continue  # The outside world's own, and the command that prints whom it made.
        for pattern in (_HKID, _PHONE):
            found = pattern.search(text)
            finding.want(found is None, f"{name}: {found}")
    return finding
