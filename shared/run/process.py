"""A service's command line: ``python -m services.order api | background | all | migrate | check``.

``api`` serves HTTP; ``background`` runs relay, consumer, timers and loops; ``all`` is both in one
event loop. Also: redeliver, replay --since, new-migration, and what a service adds of its own.
"""

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import uvicorn
from fastapi import FastAPI
from uvicorn.loops.auto import auto_loop_factory

from shared.kit import log, metrics
from shared.kit.clock import follow, offset_at
from shared.kit.inbox import Consumer, handlers_of
from shared.kit.outbox import Relay, replay
from shared.kit.runtime import Kit, ServiceSettings, Wiring, open_kit
from shared.kit.web import new_app
from shared.run.redeliver import redeliver

DRAIN_SECONDS = 10
UPKEEP_EVERY_SECONDS, PRUNED_MAX = 15, 5_000
_OVERDUE = "SELECT count(*) FROM timers WHERE due_at < $1"
_UNSENT = """
SELECT count(*) AS depth,
    coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0) AS age
FROM outbox WHERE sent_at IS NULL
"""
_DEAD = "SELECT handler, count(*) FROM dead_events GROUP BY handler"
_PRUNE = (  # Wall time: these are the kit's own records. A batch each keeps the locks short.
    ("requests", "created_at", timedelta(hours=72)),
    ("inbox", "received_at", timedelta(days=35)),
    ("outbox", "sent_at", timedelta(days=7)),
)

Command = Callable[[Kit, list[str]], Awaitable[None]]
logger = log.get_logger(__name__)


class Server(uvicorn.Server):
    """Uvicorn that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(package: str, commands: Mapping[str, Command] | None = None) -> None:
    """Run one command of the service in this package, importing no more of it than it needs."""
    own: dict[str, Command] = {"redeliver": _redeliver, **(commands or {})}
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    known = ["api", "background", "all", "migrate", "check", "replay", "new-migration"]
    parser.add_argument("command", choices=[*known, *own])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--since", type=_instant, help="replay: an ISO instant, e.g. 2026-11-01")
    asked = parser.parse_args()
    if asked.command == "new-migration":
        from shared.run.migrate import new_migration  # Alembic is not for those who serve.

        new_migration(import_module(f"{package}.storage"), "_".join(asked.rest))
        return
    settings: ServiceSettings = import_module(f"{package}.settings").Settings()
    log.configure(settings.name, settings.log_level)
    match asked.command:
        case "check":
            sys.stdout.write(f"{settings.name}: settings are valid\n")
        case "migrate":
            from shared.run.migrate import migrate

            storage = import_module(f"{package}.storage")
            asyncio.run(migrate(settings.owner_database_url, storage))
        case "replay":
            sent = asyncio.run(replay(settings.database_url, asked.since))
            sys.stdout.write(f"{settings.name}: {sent} events will be sent again\n")
        case "api" | "background" | "all" as part:
            with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
                sys.exit(runner.run(_serve(package, settings, part)))
        case name:
            asyncio.run(_command(package, settings, own[name], asked.rest))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


async def _command(
    package: str, settings: ServiceSettings, command: Command, rest: list[str]
) -> None:
    async with open_kit(settings) as kit:
        await _learn_time(kit)
        import_module(f"{package}.app").build(settings, kit)
        await command(kit, rest)


async def _redeliver(kit: Kit, _: list[str]) -> None:
    gone, left = await redeliver(kit.begin, handlers_of(kit.name))
    sys.stdout.write(f"{kit.name}: {gone} redelivered, {left} still dead\n")


async def _serve(package: str, settings: ServiceSettings, part: str) -> int:
    async with open_kit(settings) as kit:
        await _learn_time(kit)
        wiring: Wiring = import_module(f"{package}.app").build(settings, kit)
        work = [*_always(kit, part)]
        if part != "api":
            work += _background(kit, wiring)
        if part == "background":
            wiring = replace(wiring, routers=())  # Health and metrics only.
        return await _until_told(kit, new_app(kit, wiring), work)


async def _learn_time(kit: Kit) -> None:
    """Where a sandbox holds the time, nothing is done before it is known."""
    if kit.settings.sandbox_url:
        kit.clock.advance_to(await offset_at(kit.http, kit.settings.sandbox_url, {}))


def _always(kit: Kit, part: str) -> Iterator[Awaitable[None]]:
    settings = kit.settings
    if settings.sandbox_url:
        process = f"{settings.name}-{part}-{settings.instance}"
        yield follow(kit.clock, kit.http, settings.sandbox_url, process)
    if settings.jwks_url:
        yield kit.user_tokens.keep_fresh()
    if part == "api":
        yield kit.waker.notify_others(settings.database_url)
    yield metrics.watch_loop_lag()


def _background(kit: Kit, wiring: Wiring) -> Iterator[Awaitable[None]]:
    settings = kit.settings
    broker, prefix = settings.kafka_bootstrap, settings.topic_prefix
    yield Relay(settings.database_url, broker, prefix, kit.waker, settings.name).run()
    if handlers := handlers_of(settings.name):
        yield Consumer(
            kit.begin,
            handlers,
            bootstrap=broker,
            prefix=prefix,
            group=settings.name,
            instance=settings.instance,
            long_poll=settings.kafka_long_poll,
        ).run()
    yield wiring.timers.run(kit.begin, kit.clock, kit.alarm)
    yield _keep_up(kit)
    yield from (loop() for loop in wiring.loops)


async def _until_told(kit: Kit, app: FastAPI, work: list[Awaitable[None]]) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP, or until a loop ends by a fault: then exit 1."""
    server = Server(
        uvicorn.Config(
            app,
            host=kit.settings.host,
            port=kit.settings.port,
            log_config=None,
            proxy_headers=False,
            access_log=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            timeout_keep_alive=75,
        )
    )
    stop = asyncio.Event()
    for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(kind, stop.set)
    loops = [asyncio.ensure_future(one) for one in (*work, stop.wait())]
    tasks = [*loops, asyncio.ensure_future(server.serve())]
    gc.collect()
    gc.freeze()  # What is here now stays: the collector need not walk it again and again.
    gc.set_threshold(20_000, 20, 20)
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    kit.draining = True
    failed = [task for task in tasks if task.done() and not stop.is_set()]
    for task in failed:
        logger.error("process.loop_ended", exc_info=task.exception())
    server.should_exit = True
    for task in loops:
        task.cancel()
    await asyncio.wait(tasks, timeout=DRAIN_SECONDS + 1)
    return 1 if failed else 0


async def _keep_up(kit: Kit) -> None:
    """Measure what waits for too long, and forget what the kit needs no more; until cancelled."""
    while True:
        try:
            await measure(kit)
            for table, column, age in _PRUNE:
                async with kit.begin() as tx:
                    await tx.run(
                        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} "
                        f"WHERE {column} < clock_timestamp() - $1::interval LIMIT {PRUNED_MAX}))",
                        age,
                    )
        except Exception as fault:
            logger.warning("upkeep.interrupted", fault=repr(fault)[:200])
        await asyncio.sleep(UPKEEP_EVERY_SECONDS)


async def measure(kit: Kit) -> None:
    """Set the metrics of what waits: events unsent or dead, and timers due for over a minute."""
    async with kit.begin() as tx:
        [overdue] = await tx.run(_OVERDUE, kit.clock.now() - timedelta(minutes=1))
        dead = await tx.run(_DEAD)
        [unsent] = await tx.run(_UNSENT)
    metrics.outbox_unsent.set(unsent["depth"])
    metrics.outbox_oldest_seconds.set(float(unsent["age"]))
    metrics.timers_overdue.set(overdue[0])
    metrics.dead_events.clear()
    for handler, count in dead:
        metrics.dead_events.labels(handler).set(count)
