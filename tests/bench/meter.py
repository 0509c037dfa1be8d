"""What the fleet's processes use, read from /proc."""

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
LOOPS, LOOP_TURNS = 5, 200_000


def cpu_seconds(children: Mapping[str, int]) -> dict[str, float]:
    """The processor time of each process and all that it started, those that have ended too.

    A child that ended counts in its parent's own books, so a tree's sum never shrinks.
    """
    stats = _stats()
    below = _children_of(stats)
    return {
        name: sum(stats[pid][1] for pid in _tree(root, below) if pid in stats) * TICK_SECONDS
        for name, root in children.items()
    }


def used(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Seconds of processor time between two readings, by process."""
    return {name: after[name] - before.get(name, 0.0) for name in after}


def pss_mib(children: Mapping[str, int]) -> dict[str, float]:
    """The memory of each process and all that it started; shared pages are shared out."""
    below = _children_of(_stats())
    return {
        name: sum(_pss_kib(pid) for pid in _tree(root, below)) / 1024
        for name, root in children.items()
    }


def surroundings() -> dict[str, float]:
    """Whether others used the machine meanwhile, and how fast it is just now.

    A rented machine is faster in one hour than in another: absolute figures of two runs compare
    by what the same loop took beside them.
    """
    cores = float(os.cpu_count() or 1)
    return {"load_1m": os.getloadavg()[0], "cores": cores, "loop_ms": loop_ms()}


def loop_ms() -> float:
    """What a fixed piece of Python takes of one core, at best."""
    return min(_loop_seconds() for _ in range(LOOPS)) * 1000


def _loop_seconds() -> float:
    began, words = time.process_time(), {}
    for number in range(LOOP_TURNS):
        words[number & 1023] = str(number)
    return time.process_time() - began


def own_cpu_seconds() -> float:
    """What the bench itself has used."""
    times = os.times()
    return times.user + times.system


def _stats() -> dict[int, tuple[int, int]]:
    """Every process's parent and its ticks, with those of its ended children."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The name stands in brackets and may itself hold brackets and blanks.
                after = (entry / "stat").read_text().rpartition(")")[2].split()
                found[int(entry.name)] = (int(after[1]), sum(map(int, after[11:15])))
    return found


def _children_of(stats: Mapping[int, tuple[int, int]]) -> dict[int, list[int]]:
    below: dict[int, list[int]] = defaultdict(list)
    for pid, (parent, _) in stats.items():
        below[parent].append(pid)
    return below


def _tree(root: int, below: Mapping[int, Iterable[int]]) -> list[int]:
    found = [root]
    for pid in found:  # It grows while we go.
        found.extend(below.get(pid, ()))
    return found


def _pss_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
