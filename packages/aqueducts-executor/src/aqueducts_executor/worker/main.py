"""The process of one run: `python -m aqueducts_executor.worker.main FD PARENT SETUP`.

It imports the engine, says so, and waits. SIGTERM ends it at once, whatever native code is doing;
so does the end of its parent. What it leaves behind then, its parent removes.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
import time

import msgspec

from aqueducts_executor.worker.frames import WorkerLink
from aqueducts_executor.worker.isolation import (
    be_called,
    be_silent,
    die_with_parent,
    leave_no_core,
)
from aqueducts_executor.worker.messages import (
    Allowed,
    Check,
    Ready,
    Settle,
    Start,
    WorkerSetup,
)

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Serve one parent until it is gone, or the run is over."""
    descriptor, parent = int(arguments[0]), int(arguments[1])
    setup = msgspec.json.decode(arguments[2], type=WorkerSetup)
    die_with_parent(parent)
    leave_no_core()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the parent
    os.set_inheritable(descriptor, False)  # the end of this process is the end of the pipe
    link = WorkerLink(socket.socket(fileno=descriptor))

    has_wall = setup.has_wall and "/" not in setup.roots and _raise_wall(setup)

    from aqueducts_executor.worker.warming import warm_up

    plugins = warm_up(setup.spill_dir)
    be_silent()
    be_called("aqueducts-spare")
    link.send(Ready(plugins=plugins, has_wall=has_wall))
    _serve(link, setup)


def _raise_wall(setup: WorkerSetup) -> bool:
    """Let the kernel keep this process inside."""
    from aqueducts_executor.worker.sandbox import raise_wall

    files = [each.removeprefix("file:") for each in setup.secrets if each.startswith("file:/")]
    folders = [re.split(r"[*?\[]", each, maxsplit=1)[0] for each in files]
    secrets = [each if each in files else each.rpartition("/")[0] for each in folders]
    return raise_wall([*setup.roots, setup.spill_dir], [each for each in secrets if each])


def _serve(link: WorkerLink, setup: WorkerSetup) -> None:
    may_commit = threading.Event()
    while True:
        match link.receive():
            case Check() as check:
                from aqueducts_executor.worker.checking import checked

                link.send(checked(check))
            case Settle() as settle:
                from aqueducts_executor.worker.settling import settled

                link.send(settled(settle, setup))
            case Start() as start:
                be_called("aqueducts-run")
                thread = threading.Thread(
                    target=_run, args=(link, setup, start, may_commit), name="run"
                )
                thread.start()
            case Allowed():
                may_commit.set()
            case None:
                _leave(0)


def _run(link: WorkerLink, setup: WorkerSetup, start: Start, may_commit: threading.Event) -> None:
    from aqueducts_executor.worker.running import RunningInWorker

    os.environ["TMPDIR"] = start.spill_dir
    began = time.perf_counter()
    try:
        result = RunningInWorker(link.send, setup, may_commit).run(start, began)
        link.send(result)
    except OSError:
        _leave(1)  # the parent is gone
    _leave(0)


def _leave(code: int) -> None:
    """End now: threads of native code would be waited for otherwise."""
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
