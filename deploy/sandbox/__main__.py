"""python -m deploy.sandbox init --home DIR | serve --home DIR --port P [--host 127.0.0.1]."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deploy.sandbox.app import Sandbox
from deploy.sandbox.keys import CERTIFICATE, PUBLIC_KEY, make

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_SECONDS_MAX = 2


class DroppingProtocol(HttpToolsProtocol):
    """HTTP that hands the socket to the application, so that a fault can close it."""

    def on_message_begin(self) -> None:
        """Begin a request as usual, and put its socket where the fault gate finds it."""
        super().on_message_begin()
        self.scope["sandbox_transport"] = self.transport  # type: ignore[typeddict-unknown-key]


class Server(uvicorn.Server):
    """A server that leaves signals to `serve`, which must wake the long polls first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


async def serve(home: Path, host: str, port: int) -> None:
    """Serve until told to stop, then stop within moments."""
    sandbox = Sandbox(home)
    config = uvicorn.Config(
        sandbox.app,
        host=host,
        port=port,
        http=DroppingProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
        timeout_keep_alive=75,
    )
    server = Server(config)
    loop = asyncio.get_running_loop()
    waking: set[asyncio.Task[None]] = set()

    def stop() -> None:
        server.should_exit = True
        waking.add(asyncio.ensure_future(sandbox.clock.close()))

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    await server.serve()


def arguments(argv: list[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="make keys and credentials, once")
    serving = commands.add_parser("serve", help="play the outside world")
    for command in (init, serving):
        command.add_argument("--home", type=Path, required=True)
        command.add_argument(
            "--platform-mode", choices=[PUBLIC_KEY, CERTIFICATE], default=PUBLIC_KEY
        )
    serving.add_argument("--port", type=int, required=True)
    serving.add_argument("--host", default="127.0.0.1")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run one command."""
    given = arguments(argv)
    made = make(given.home, given.platform_mode)
    if given.command == "init":
        said = "made" if made else "already there"
        sys.stdout.write(f"sandbox: credentials {said}: {given.home / 'credentials'}\n")
        return 0
    uvloop.run(serve(given.home, given.host, given.port))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
