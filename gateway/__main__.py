"""``python -m gateway serve | check``."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import uvicorn

from gateway.app import Gateway
from gateway.portal import Portal
from gateway.settings import Settings
from gateway.upstream import Upstream, new_session
from gateway.wire import Wire
from shared.kit import log, metrics
from shared.kit.clock import OffsetClock, follow
from shared.tokens import UserTokens

DRAIN_SECONDS = 10
KEEP_ALIVE_SECONDS = 75

logger = log.get_logger(__name__)


class Server(uvicorn.Server):
    """Uvicorn that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main() -> None:
    """Run one command."""
    settings = Settings()
    log.configure("gateway", settings.log_level)
    if sys.argv[1:] == ["check"]:
        sys.stdout.write("gateway: settings are valid\n")
    elif sys.argv[1:] == ["serve"]:
        with asyncio.Runner(loop_factory=_uvloop()) as runner:
            sys.exit(runner.run(serve(settings)))
    else:
        sys.exit("usage: python -m gateway serve | check")


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Not on every platform.
        return None
    return uvloop.new_event_loop


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP, or until a loop ends by a fault; then drain."""
    clock = OffsetClock()
    async with new_session(settings.upstream_connections_max) as session:
        gateway = build(settings, session, clock)
        work = [metrics.watch_loop_lag(), gateway.tokens.keep_fresh()]
        if settings.sandbox_url:
            work.append(follow(clock, session, settings.sandbox_url, "gateway"))
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(one) for one in work]
        server = new_server(settings, gateway)
        stop = asyncio.Event()
        for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(kind, stop.set)
        serving = asyncio.ensure_future(server.serve())
        stopping = asyncio.ensure_future(stop.wait())
        gc.collect()
        gc.freeze()  # What is here now stays: the collector need not walk it again.
        await asyncio.wait([*tasks, serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in (*tasks, serving) if task.done() and not stop.is_set()]
        for task in failed:
            logger.error("process.loop_ended", exc_info=task.exception())
        gateway.draining = True
        server.should_exit = True
        await serving
        for task in (*tasks, stopping):
            task.cancel()
        return 1 if failed else 0


def build(settings: Settings, session: aiohttp.ClientSession, clock: OffsetClock) -> Gateway:
    """All wiring of the gateway."""

    async def fetch_jwks() -> Any:
        async with session.get(settings.jwks_url) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)

    upstream = Upstream(session, settings.upstreams(), settings.requests_max)
    tokens = UserTokens(fetch_jwks)
    return Gateway(settings, upstream, tokens, clock, Portal(upstream))


def new_server(settings: Settings, gateway: Gateway) -> Server:
    """The HTTP server around it: no WebSocket, and no trust in anybody's forwarded headers."""
    config = uvicorn.Config(
        gateway,
        host=settings.host,
        port=settings.port,
        http=Wire,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    return Server(config)


if __name__ == "__main__":
    main()
