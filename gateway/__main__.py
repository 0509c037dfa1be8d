"""``python -m gateway serve | check``."""

import asyncio
import contextlib
import signal
import sys
from typing import Any

import aiohttp
import uvicorn

from gateway.app import Gateway
from gateway.portal import Portal
from gateway.settings import Settings
from gateway.upstream import Upstream, new_session
from shared.kit import log, metrics
from shared.kit.clock import OffsetClock, follow
from shared.kit.tokens import UserTokens

DRAIN_SECONDS = 10


class Server(uvicorn.Server):
    """Uvicorn that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def main() -> None:
    """Run one command."""
    settings = Settings()
    log.configure("gateway", settings.log_level)
    if sys.argv[1:] == ["check"]:
        sys.stdout.write("gateway: settings are valid\n")
    elif sys.argv[1:] == ["serve"]:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(settings))
    else:
        sys.exit("usage: python -m gateway serve | check")


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # Not on every platform.
        return None
    return uvloop.new_event_loop


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, then drain."""
    clock = OffsetClock()
    async with new_session(settings.upstream_connections_max) as session:
        gateway = build(settings, session, clock)
        work = [metrics.watch_loop_lag(), gateway.tokens.keep_fresh()]
        if settings.sandbox_url:
            work.append(follow(clock, session, settings.sandbox_url, "gateway"))
        tasks = [asyncio.ensure_future(one) for one in work]
        server = Server(
            uvicorn.Config(
                gateway,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
                timeout_keep_alive=75,
                h11_max_incomplete_event_size=32_768,
            )
        )
        stop = asyncio.Event()
        for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(kind, stop.set)
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        gateway.draining = True
        server.should_exit = True
        await serving
        for task in (*tasks, stopping):
            task.cancel()


def build(settings: Settings, session: aiohttp.ClientSession, clock: OffsetClock) -> Gateway:
    """All wiring of the gateway."""
    urls = settings.upstreams()

    async def fetch_jwks() -> Any:
        async with session.get(settings.jwks_url) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)

    return Gateway(
        settings, Upstream(session, urls), UserTokens(fetch_jwks), clock, Portal(session, urls)
    )


if __name__ == "__main__":
    main()
