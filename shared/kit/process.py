"""A service's command line: ``python -m services.order api | background | all | migrate | check``.

``api`` serves HTTP; ``background`` runs relay, consumer, timers and loops; ``all`` is both in one
event loop. Also: redeliver, replay --since, new-migration, and what a service adds of its own.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import uvicorn
from fastapi import FastAPI

from shared.kit import log, metrics
from shared.kit.clock import follow
from shared.kit.inbox import Consumer, handlers_of, redeliver
from shared.kit.outbox import Relay, replay
from shared.kit.runtime import Build, Kit, ServiceSettings, Wiring, open_kit
from shared.kit.web import new_app

DRAIN_SECONDS = 10
JWKS_EVERY_SECONDS = 600
PRUNE_EVERY_SECONDS = 600
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
    """Run one command of the service in this package; the exit code says how it went.

    Its ``settings``, ``storage`` and ``app`` are imported when a command needs them: a migration
    does not load the routes.
    """
    commands = commands or {}
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    known = ["api", "background", "all", "migrate", "check", "redeliver", "replay"]
    parser.add_argument("command", choices=[*known, "new-migration", *commands])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--since", type=_instant, help="replay: an ISO instant, e.g. 2026-11-01")
    asked = parser.parse_args()
    if asked.command == "new-migration":
        from shared.kit.migrate import new_migration  # Alembic is not for those who serve.

        new_migration(import_module(f"{package}.storage"), "_".join(asked.rest))
        return
    settings: ServiceSettings = import_module(f"{package}.settings").Settings()
    log.configure(settings.name, settings.log_level)
    match asked.command:
        case "check":
            sys.stdout.write(f"{settings.name}: settings are valid\n")
        case "migrate":
            from shared.kit.migrate import migrate

            storage = import_module(f"{package}.storage")
            asyncio.run(migrate(settings.owner_database_url, storage))
        case "replay":
            sent = asyncio.run(replay(settings.database_url, asked.since))
            sys.stdout.write(f"{settings.name}: {sent} events will be sent again\n")
        case "redeliver":
            asyncio.run(_redeliver(settings, _build(package)))
        case "api" | "background" | "all":
            _loop_run(_serve(settings, _build(package), asked.command))
        case own:
            asyncio.run(_own(settings, _build(package), commands[own], asked.rest))


def _build(package: str) -> Build:
    build: Build = import_module(f"{package}.app").build
    return build


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _loop_run(work: Awaitable[int]) -> None:
    async def run() -> int:
        return await work

    with asyncio.Runner(loop_factory=_uvloop()) as runner:
        sys.exit(runner.run(run()))


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Not on every platform.
        return None
    return uvloop.new_event_loop


async def _redeliver(settings: ServiceSettings, build: Build) -> None:
    async with open_kit(settings) as kit:
        build(settings, kit)
        gone, left = await redeliver(kit.begin, handlers_of(settings.name))
        sys.stdout.write(f"{settings.name}: {gone} redelivered, {left} still dead\n")


async def _own(settings: ServiceSettings, build: Build, command: Command, rest: list[str]) -> None:
    async with open_kit(settings) as kit:
        build(settings, kit)
        await command(kit, rest)


async def _serve(settings: ServiceSettings, build: Build, part: str) -> int:
    async with open_kit(settings) as kit:
        wiring = build(settings, kit)
        work = [*_always(kit, part)]
        if part != "api":
            work += _background(kit, wiring)
        if part == "background":
            wiring = replace(wiring, routers=())  # Health and metrics only.
        app = new_app(kit, wiring)
        return await _until_told(kit, app, work)


def _always(kit: Kit, part: str) -> Iterator[Awaitable[None]]:
    settings = kit.settings
    if settings.sandbox_url:
        process = f"{settings.name}-{part}-{settings.instance}"
        yield follow(kit.clock, kit.http, settings.sandbox_url, process)
    if settings.jwks_url:
        yield kit.user_tokens.keep_fresh(JWKS_EVERY_SECONDS)
    if part == "api":
        yield kit.waker.notify_others(settings.database_url)
    yield metrics.watch_loop_lag()


def _background(kit: Kit, wiring: Wiring) -> list[Awaitable[None]]:
    settings = kit.settings
    consumer = Consumer(
        kit.begin,
        handlers_of(settings.name),
        bootstrap=settings.kafka_bootstrap,
        prefix=settings.topic_prefix,
        group=settings.name,
        instance=settings.instance,
        long_poll=settings.kafka_long_poll,
    )
    database, broker, prefix = (
        settings.database_url,
        settings.kafka_bootstrap,
        settings.topic_prefix,
    )
    relay = Relay(database, broker, prefix, kit.waker, settings.name)
    work = [relay.run(), consumer.run(), _prune(kit)]
    work += [wiring.timers.run(kit.begin, kit.clock), wiring.timers.watch(kit.begin, kit.clock)]
    return [*work, *(loop() for loop in wiring.loops)]


async def _until_told(kit: Kit, app: FastAPI, work: list[Awaitable[None]]) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP, or until a loop ends by a fault: then exit 1."""
    server = Server(
        uvicorn.Config(
            app,
            host=kit.settings.host,
            port=kit.settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            timeout_keep_alive=75,
        )
    )
    stop = asyncio.Event()
    for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(kind, stop.set)
    tasks = [asyncio.ensure_future(one) for one in work]
    serving = asyncio.ensure_future(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    kit.draining = True
    failed = [task for task in [*tasks, serving] if task.done() and not stop.is_set()]
    for task in failed:
        logger.error("process.loop_ended", exc_info=task.exception())
    server.should_exit = True
    stopping.cancel()
    for task in tasks:
        task.cancel()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), DRAIN_SECONDS)
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(serving, DRAIN_SECONDS)
    return 1 if failed else 0


async def _prune(kit: Kit) -> None:
    """Forget what the kit no longer needs: old keys, inbox rows, sent events."""
    while True:
        await asyncio.sleep(PRUNE_EVERY_SECONDS)
        for table, column, age in _PRUNE:
            sql = (
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} "
                f"WHERE {column} < clock_timestamp() - $1::interval LIMIT 5000))"
            )
            try:
                async with kit.begin() as tx:
                    await tx.run(sql, age)
            except Exception as fault:
                logger.warning("prune.interrupted", table=table, fault=repr(fault)[:200])
