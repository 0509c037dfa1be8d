"""Every handler of every service hears its event once, however often it is told.

The first time something must change, so that each event meets the rows that it is about.
"""

import importlib
from collections.abc import AsyncIterator

import pytest

from deploy.local.secrets import SERVICES
from shared.kit.inbox import Outcome, handlers_of
from tests.contracts.__main__ import handlers
from tests.contracts.news import NEWS
from tests.journeys.heard import every_handler
from tests.races.stands import Stands, picture, stands

for name in SERVICES:
    importlib.import_module(f"services.{name}.events.handlers")
HEARD = sorted((service, type) for service in SERVICES for type in handlers_of(service))
INBOX = ("inbox", "inbox_keys")
# What only the inbox keeps from happening twice: a sum that grows.
ADDS_UP = {("order", "payment.refunded.v1")}


@pytest.fixture(scope="module")
async def all_six() -> AsyncIterator[Stands]:
    async with stands("told-twice") as opened:
        yield opened


def test_each_event_that_is_listened_to_is_told_here() -> None:
    assert set(NEWS) == set(HEARD)


def test_the_golden_list_of_handlers_is_the_code_s() -> None:
    """The journeys hold themselves to that list: none leaves it unseen."""
    assert handlers() == every_handler()


@pytest.mark.parametrize(("service", "type"), HEARD, ids=lambda part: part)
async def test_told_twice_and_replayed_it_changes_nothing_more(
    all_six: Stands, service: str, type: str
) -> None:
    event = await NEWS[service, type](all_six)
    run = await all_six.running(service)
    told, untold = run.envelope(event), await picture(run, *INBOX)

    assert set(await run.tell(event, told)) == {Outcome.DONE}
    once = await picture(run, *INBOX)
    assert once != untold
    assert set(await run.tell(event, told)) == {Outcome.SEEN}
    assert await picture(run, *INBOX) == once

    async with run.begin() as tx:  # The inbox forgets after five weeks, the versions stay.
        await tx.run("DELETE FROM inbox WHERE event_id = $1", told.id)
    assert set(await run.tell(event, told)) == {Outcome.STALE}
    assert await picture(run, *INBOX) == once

    if (service, type) in ADDS_UP:
        return
    async with run.begin() as tx:  # Should the inbox ever be lost whole, the rows guard themselves.
        await tx.run("DELETE FROM inbox WHERE event_id = $1", told.id)
        await tx.run("DELETE FROM inbox_keys WHERE key = $1", told.key)
    assert set(await run.tell(event, told)) == {Outcome.DONE}
    assert await picture(run, *INBOX) == once
