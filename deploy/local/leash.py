"""Runs a command that ends when the launcher does, even when the launcher is killed with -9.

Called as a script, `python -I -S leash.py SIGNAL LAUNCHER [UID] -- COMMAND…`, so that it costs a
few milliseconds and needs nothing but the interpreter. Where the kernel has no such leash (macOS)
the command runs without it, and the next start ends what the last one left.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its launcher, then become the command."""
    cut = sys.argv.index("--")
    end_by, launcher, *uid = (int(word) for word in sys.argv[1:cut])
    if uid:
        become(uid[0])
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, end_by, 0, 0, 0)
        if os.getppid() != launcher:  # It died before the leash was on.
            os.kill(os.getpid(), signal.SIGKILL)
    command = sys.argv[cut + 1 :]
    os.execvp(command[0], command)


def become(uid: int) -> None:
    """Give up root for good. The leash comes afterwards: a change of user takes it off."""
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


if __name__ == "__main__":
    main()
