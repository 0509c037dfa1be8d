"""The launcher's command line: `python -m deploy.local up`, `down`, `status` and so on."""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.local.bearer import bearer
from deploy.local.children import StartFailed
from deploy.local.door import NoToken
from deploy.local.environment import environment_of, facts_of
from deploy.local.fleet import KAFKA_OR_LITE, LITE, Fleet, say_on_terminal
from deploy.local.processes import ROOT
from deploy.local.record import AlreadyRunning, Home, end_launcher
from deploy.local.secrets import SERVICES

HOME = ROOT / ".local"
NEXT = """What to try next, in another terminal:
  make journey name=towing      one order's life, event by event
  make token role=user          a bearer for the docs' Authorize
  make logs name=order          what a service says
"""
ENDED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("--home", type=Path, default=HOME, help="the fleet's folder")
    words = parser.add_subparsers(dest="word", required=True)
    up = words.add_parser("up", help="start the fleet and stay in the foreground")
    up.add_argument("--split", action="store_true", help="API and background processes apart")
    up.add_argument("--bare", action="store_true", help="PostgreSQL and broker alone")
    up.add_argument("--no-demo", action="store_true", help="without the demo data")
    up.add_argument("--ports", choices=("fixed", "free"), default="fixed", help="usual ones or any")
    words.add_parser("down", help="stop a running fleet")
    words.add_parser("status", help="what runs where")
    logs = words.add_parser("logs", help="follow a process's log")
    logs.add_argument("name", nargs="?", default="")
    token = words.add_parser("token", help="print a bearer token")
    token.add_argument("facts", nargs="*", help="role=user|worker|staff name=ANYTHING")
    run = words.add_parser("run", help="run a service's command with the running fleet's settings")
    run.add_argument("service", choices=SERVICES)
    run.add_argument("rest", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    home = Home(asked.home.resolve())
    return _obey(home, asked)


def _obey(home: Home, asked: argparse.Namespace) -> int:
    """Do one word."""
    if asked.word == "up":
        fleet = Fleet(
            home.path,
            split=asked.split,
            ports=asked.ports,
            broker=_broker(),
            services=[] if asked.bare else SERVICES,
            demo=not asked.no_demo,
        )
        return asyncio.run(_up(home, fleet))
    if asked.word == "down":
        return _down(home)
    if asked.word == "status":
        return _status(home)
    if asked.word == "logs":
        return _logs(home, asked.name)
    if asked.word == "run":
        return _run(home, asked.service, asked.rest)
    return _token(home, dict(fact.split("=", 1) for fact in asked.facts if "=" in fact))


async def _up(home: Home, fleet: Fleet) -> int:
    """Start, serve until asked to stop, stop. A second request ends everything at once."""
    asked = asyncio.Event()
    _listen_to_signals(fleet, asked)
    starting = asyncio.create_task(fleet.start())
    stop = asyncio.create_task(asked.wait())
    await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
    try:
        await starting
    except AlreadyRunning as running:
        say_on_terminal(f"A fleet runs here already (launcher {running.record.get('launcher')}).")
        say_on_terminal(_table(running.record))
        return 1
    except StartFailed as e:
        say_on_terminal(f"The fleet did not start, and nothing is left running: {e}")
        return 1
    except asyncio.CancelledError:
        say_on_terminal("Stopped before it was up; nothing is left running.")
        return 130
    say_on_terminal("\nThe fleet is ready. Ctrl-C stops it.\n" + _table(home.read()))
    if fleet.urls:
        say_on_terminal(NEXT)
    await stop
    say_on_terminal("Stopping …")
    await fleet.stop()
    say_on_terminal("Stopped; its data waits for the next start.")
    return 0


def _listen_to_signals(fleet: Fleet, asked: asyncio.Event) -> None:
    """Ctrl-C, SIGTERM and a closed terminal stop the fleet, also where a shell ignores them."""

    def on_signal() -> None:
        if asked.is_set():
            fleet.kill_all()
        asked.set()

    loop = asyncio.get_running_loop()
    for number in ENDED_BY:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # Whoever used nohup meant it.
        loop.add_signal_handler(number, on_signal)


def _broker() -> str:
    """The broker the user chose by KAFKA=lite or KAFKA_BOOTSTRAP=host:port."""
    own = os.environ.get("KAFKA_BOOTSTRAP", "")
    chosen = os.environ.get("KAFKA", "")
    return own or (LITE if chosen == LITE else KAFKA_OR_LITE)


def _down(home: Home) -> int:
    if not home.is_held():
        say_on_terminal("No fleet runs here.")
        return 0
    if not end_launcher(home):
        say_on_terminal("The launcher does not stop; see its terminal.")
        return 1
    say_on_terminal("Stopped.")
    return 0


def _status(home: Home) -> int:
    if not home.is_held():
        say_on_terminal("No fleet runs here: `make up` starts one.")
        return 1
    record = home.read()
    for name, child in record.get("children", {}).items():
        say_on_terminal(f"  {name:22} pid {child['pid']}")
    say_on_terminal(_table(record))
    return 0


def _logs(home: Home, name: str) -> int:
    logs = sorted(path.stem for path in home.logs.glob("*.log"))
    if name not in logs:
        say_on_terminal("Whose? " + " ".join(logs))
        return 1
    try:
        return subprocess.call(["tail", "-n", "100", "-F", str(home.logs / f"{name}.log")])
    except KeyboardInterrupt:
        return 0


def _token(home: Home, facts: dict[str, str]) -> int:
    if not home.is_held():
        say_on_terminal("No fleet runs here: `make up` starts one.")
        return 1
    role = facts.get("role", "user")
    try:
        say_on_terminal(asyncio.run(bearer(home, role, facts.get("name", role))))
    except NoToken as e:
        sys.stderr.write(f"No token: {e}\n")
        return 1
    return 0


def _run(home: Home, service: str, words: list[str]) -> int:
    """A service's own command, e.g. `redeliver`, against the databases and broker that run."""
    if not home.is_held():
        say_on_terminal("No fleet runs here: `make up` starts one.")
        return 1
    env = environment_of(service, facts_of(home.read()), os.environ, owner=True)
    return subprocess.call([sys.executable, "-m", f"services.{service}", *words], env=env)


def _table(record: dict[str, Any]) -> str:
    """Where everything serves."""
    lines = [f"  {name:12} {url}/docs" for name, url in record.get("urls", {}).items()]
    lines.append(f"  {'kafka':12} {record.get('kafka_bootstrap')}")
    lines.append(f"  {'logs':12} {record.get('logs')}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
