"""What keeps a worker from outliving its parent, and from leaving things behind."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

__all__ = ["be_called", "be_silent", "die_with_parent", "leave_no_core"]

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when the one that began it ends.

    Elsewhere than on Linux the end of the pipe has to do.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def be_called(name: str) -> None:
    """Have a name in lists of processes, of at most 15 characters."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def leave_no_core() -> None:
    """Write no memory to disk on a crash: there are secrets in it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def be_silent() -> None:
    """Send what drivers print nowhere: it may hold secrets that nobody can mask any more."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
