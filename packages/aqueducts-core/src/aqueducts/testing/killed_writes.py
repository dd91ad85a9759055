"""Writing in a process of its own, which is killed at a chosen moment."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from aqueducts.testing.suite import require

if TYPE_CHECKING:
    from aqueducts.testing.bench import Bench

__all__ = ["kill_while_writing"]


class WritingSuite(Protocol):
    """What the other process needs of a suite."""

    def open_bench(self, folder: Path) -> Bench:
        """What it writes in."""

    def config(self, folder: Path) -> Mapping[str, Any]:
        """The destination."""


_PROGRAM = "from aqueducts.testing.killed_writes import write_until_killed; write_until_killed()"


def kill_while_writing(suite: WritingSuite, folder: Path, table: pa.Table, moment: str) -> None:
    """Write a table in another process, and kill that process at a moment of the write."""
    rows = folder.parent / "rows.arrow"
    with pa.OSFile(str(rows), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    order = {
        "file": inspect.getfile(type(suite)),
        "suite": type(suite).__qualname__,
        "folder": str(folder),
        "rows": str(rows),
        "moment": moment,
    }
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    with subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-c", _PROGRAM, json.dumps(order)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path.cwd(),
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        line = process.stdout.readline()
        time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        words = process.stderr.read()
    require(
        line == "now\n",
        f"the process that was to be killed ended before: {words.strip()[-2000:]}",
        "put the suite at the top of a module that can be imported by its file",
    )


def write_until_killed() -> None:
    """Do what `kill_while_writing` asks for; runs in the other process."""
    from aqueducts.testing.frames import ScriptedFrame

    order: dict[str, Any] = json.loads(sys.argv[1])
    suite = _suite(Path(order["file"]), order["suite"])
    with pa.OSFile(order["rows"]) as file, pa.ipc.open_stream(file) as reader:
        table = reader.read_all()
    batches = table.to_batches(max_chunksize=500)
    last = len(batches) if order["moment"] == "at the end" else len(batches) // 2
    screen = sys.stdout  # a bench keeps what is printed

    def tell(number: int) -> None:
        if number == last:
            screen.write("now\n")
            screen.flush()
            if order["moment"] == "in the middle":
                time.sleep(60)

    with suite.open_bench(Path(order["folder"]).parent) as bench:
        destination = bench.destination(suite.config(bench.folder))
        destination.prepare(bench.context)
        frame = ScriptedFrame(bench, table.schema, lambda: iter(batches), tell)
        destination.write(frame, bench.context)
        time.sleep(60)


def _suite(file: Path, name: str) -> WritingSuite:
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(f"killed_{file.stem}", file)
    assert spec is not None  # noqa: S101 - it is a Python file
    assert spec.loader is not None  # noqa: S101 - it is a Python file
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    suite: WritingSuite = getattr(module, name)()
    return suite
