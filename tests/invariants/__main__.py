"""``make invariants``: every rule over the books of the running fleet, a line each.

Fails when a rule is broken, or under 100 orders unless ``--orders N`` says otherwise.
"""

import argparse
import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.invariants import coming_about, coupons, money, owed
from tests.invariants.books import SERVICES, Books, Finding, books_of

Rule = Callable[[Books], Awaitable[Finding]]
RULES: list[Rule] = [
    money.transfers_balance,
    money.balances_are_sums,
    money.paid_orders_have_one_capture,
    money.payment_and_order_agree,
    money.escrow_is_used_once,
    money.refunds_stay_within_captures,
    money.the_channel_agrees,
    money.the_bank_agrees,
    money.every_worked_share_is_credited,
    owed.accepted_work_is_paid,
    owed.what_is_owed_goes_back,
    coming_about.histories_are_paths,
    coming_about.outboxes_are_empty_and_whole,
    coming_about.inboxes_match_outboxes,
    coming_about.nothing_is_dead,
    coming_about.keys_have_one_effect,
    coming_about.no_timer_is_overdue,
    coming_about.calendars_do_not_overlap,
    coming_about.assignments_offers_and_bookings_are_one,
    coming_about.nobody_holds_an_open_claim,
    coming_about.copies_are_the_originals,
    coupons.coupons_add_up,
    coupons.coupons_are_held_for_an_order,
    coming_about.logs_hold_no_person,
]
ORDERS_MIN = 100
QUIET_SECONDS = 60


async def check(home: Path) -> tuple[dict[str, Finding], int]:
    """Every rule's finding, and how many orders there are."""
    for service in SERVICES:  # So that each service's handlers are known.
        importlib.import_module(f"services.{service}.events.handlers")
    async with books_of(home) as books:
        await until_quiet(books)
        found = {rule.__name__: await rule(books) for rule in RULES}
        [row] = await books.rows("order", "SELECT count(*) AS orders FROM orders")
    return found, row["orders"]


async def until_quiet(books: Books) -> None:
    """Wait until nothing is on its way: every event heard, no claim half done, all that is paid."""
    until = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < until:
        levels = [
            await coming_about.outboxes_are_empty_and_whole(books),
            await coming_about.inboxes_match_outboxes(books),
            await coming_about.nobody_holds_an_open_claim(books),
            await coming_about.no_timer_is_overdue(books),
            await owed.nothing_is_on_its_way(books),
        ]
        if not any(level.broken for level in levels):
            return
        await asyncio.sleep(0.5)


def main() -> int:
    """Print each rule with its rows; 0 when all hold."""
    parser = argparse.ArgumentParser(prog="make invariants")
    parser.add_argument("--home", type=Path, default=Path(".local"))
    parser.add_argument("--orders", type=int, default=ORDERS_MIN, help="the fewest there may be")
    asked = parser.parse_args()
    found, orders = asyncio.run(check(asked.home))
    for name, finding in found.items():
        verdict = "BROKEN" if finding.broken else "holds"
        print(f"{verdict:<7}{finding.checked:>9} rows  {name.replace('_', ' ')}")
        for line in finding.broken[:5]:
            print(f"                 {line}")
    broken = sum(bool(finding.broken) for finding in found.values())
    print(f"{len(found)} rules, {broken} broken, {orders} orders")
    if orders < asked.orders:
        print(f"under {asked.orders} orders: too few to say anything (--orders N)")
        return 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
