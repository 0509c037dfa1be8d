"""Which port everything listens on: its usual one, the one it had last time, or a free one."""

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

Ports = Literal["fixed", "free"]

HOST = "127.0.0.1"
USUAL = {
    "gateway": 8000,
    "user": 8001,
    "order": 8002,
    "worker": 8003,
    "dispatch": 8004,
    "payment": 8005,
    "promotion": 8006,
    "user-background": 8011,
    "order-background": 8012,
    "worker-background": 8013,
    "dispatch-background": 8014,
    "payment-background": 8015,
    "promotion-background": 8016,
    "sandbox": 8090,
    "postgres": 5442,
    "kafka": 9092,
    "kafka-controller": 9093,
}
# Below the range from which kernels take the near end of outgoing connections.
FREE_FROM, FREE_TO = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether we could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def any_free(taken: Iterable[int] = ()) -> int:
    """A port nobody listens on, drawn at random so that two launchers seldom draw the same."""
    draw, not_these = random.SystemRandom(), set(taken)
    for _ in range(1000):
        port = draw.randrange(FREE_FROM, FREE_TO)
        if port not in not_these and is_free(port):
            return port
    raise OSError(f"no free port between {FREE_FROM} and {FREE_TO}")


def choose(names: Iterable[str], mode: Ports, memory: Path) -> tuple[dict[str, int], list[str]]:
    """A port for each name, and a sentence for each one that had to move.

    Ports are remembered in a file, so that a second start serves under the same addresses.
    """
    before: dict[str, int] = json.loads(memory.read_text()) if memory.exists() else {}
    chosen: dict[str, int] = {}
    moved: list[str] = []
    for name in names:
        usual = [USUAL[name]] if mode == "fixed" else []
        wishes = usual + [port for port in (before.get(name),) if port]
        port = next((p for p in wishes if p not in chosen.values() and is_free(p)), 0)
        chosen[name] = port or any_free(chosen.values())
        if mode == "fixed" and chosen[name] != USUAL[name]:
            moved.append(f"Port {USUAL[name]} is taken: {name} moves to {chosen[name]}.")
    memory.write_text(json.dumps({**before, **chosen}, indent=1))
    return chosen, moved
