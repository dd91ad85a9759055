"""The command against a real executor: two processes, one socket, real files."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

KEY = "the-key-of-this-test-0123"

PIPELINE = """\
sources:
  - {type: file, name: people, format: {type: csv}, location: people.csv}
stages:
  - - name: adults
      query: select name, age from people where age > ${min} order by name
      show: 2
  - - {name: names, query: select name from adults order by name}
destination: {type: file, name: out, location: out.csv, format: {type: csv}}
"""

SLOW = """\
sources:
  - {type: file, name: numbers, format: {type: csv}, location: numbers.csv}
stages:
  - - name: pairs
      query: >
        select count(*) as n from numbers a join numbers b on a.i + b.i > 5 and a.i * b.i > 7
destination: {type: file, name: out, location: out.csv, format: {type: csv}}
"""
"""A join that takes hours."""

TABLE = """\
adults: first rows
┌────────┬───────┐
│ name   │   age │
│ string │ int64 │
├────────┼───────┤
│ Ann    │    31 │
│ Cyd    │    54 │
└────────┴───────┘
2 rows

"""


class Server:
    """An `aqueducts-executor` process over a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        command = Path(sys.executable).with_name("aqueducts-executor")
        self.log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(
            [command, "--host", "127.0.0.1", "--port", str(self.port), "--shutdown-grace", "1"],
            cwd=folder,
            env=_environment() | {"AQUEDUCTS_API_KEY": KEY},
            stdout=self.log,
            stderr=self.log,
        )
        self._wait()

    def _wait(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                opener.open(f"http://{self.address}/health", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        pytest.fail(f"the executor does not answer: {(self.folder / 'server.log').read_text()}")

    def stop(self) -> None:
        """End it, as a machine that is shut down does."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait(10)
            self.log.close()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command beside it, in a folder where its files are not."""
        here = self.folder / "here"
        return subprocess.Popen(
            [sys.executable, "-m", "aqueducts", *arguments, "--executor", self.address],
            cwd=here,
            env=_environment() | {"AQUEDUCTS_API_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def _environment() -> dict[str, str]:
    return {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("AQUEDUCTS_") and name not in ("CI", "FORCE_COLOR")
    }


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """An executor with data, and a folder beside it with the pipelines."""
    (tmp_path / "people.csv").write_text("name,age\nCyd,54\nAnn,31\nBob,17\n")
    (tmp_path / "numbers.csv").write_text("i\n" + "\n".join(map(str, range(300_000))) + "\n")
    here = tmp_path / "here"
    here.mkdir()
    (here / "pipeline.yml").write_text(PIPELINE)
    (here / "slow.yml").write_text(SLOW)
    started = Server(tmp_path)
    yield started
    started.stop()


def listen(process: subprocess.Popen[str], words: str) -> list[str]:
    """Read what a command tells until some words come; then go on reading aside."""
    assert process.stderr is not None
    heard: list[str] = []
    for line in process.stderr:
        heard.append(line)
        if words in line:
            break
    else:
        pytest.fail(f"never heard {words!r}: {''.join(heard)}")
    rest = process.stderr
    threading.Thread(target=lambda: heard.extend(rest), daemon=True).start()
    return heard


def end(process: subprocess.Popen[str], heard: list[str]) -> str:
    """All that a command told, once it has ended."""
    process.wait(60)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and threading.active_count() > 1:
        time.sleep(0.05)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    return "".join(heard)


def running(server: Server) -> list[str]:
    """Ids of the runs that the executor says are under way."""
    status = json.loads(server.call("status", "--output", "json").stdout)
    return [] if status["current"] is None else [status["current"]["execution_id"]]


def test_a_run_there_is_a_run(server: Server) -> None:
    """Tables, numbers and places as if it were here; files are the executor's."""
    done = server.call("run", "pipeline.yml", "-p", "min=18")
    assert (done.returncode, done.stdout) == (0, TABLE), done.stderr
    assert (server.folder / "out.csv").read_text() == "name\nAnn\nCyd\n"
    assert not (server.folder / "here" / "out.csv").exists()
    assert "note: people.csv, out.csv: files of the executor" in done.stderr
    assert " · 3 rows in · 2 rows out (13 B) · peak memory " in done.stderr
    as_json = server.call("run", "pipeline.yml", "-p", "min=18", "--output", "json")
    document = json.loads(as_json.stdout)
    assert [(step["kind"], step["name"], step["rows"]) for step in document["steps"]] == [
        ("source", "people", 3),
        ("stage", "adults", None),
        ("stage", "names", None),
        ("destination", "out", 2),
    ]
    assert document["outputs"][0]["rows"] == [["Ann", "31"], ["Cyd", "54"]]


def test_failures_there_have_their_places_here(server: Server) -> None:
    """A column that is not there, a file that is not there, and one that may not be read."""
    here = server.folder / "here"
    (here / "column.yml").write_text(PIPELINE.replace("select name, age", "select nme, age"))
    (here / "file.yml").write_text(PIPELINE.replace("people.csv", "peple.csv"))
    (here / "reach.yml").write_text(PIPELINE.replace("people.csv", "/etc/passwd"))
    column = server.call("run", "column.yml", "-p", "min=18")
    assert (column.returncode, "--> column.yml:5:" in column.stderr) == (2, True), column.stderr
    assert "nme" in column.stderr
    file = server.call("run", "file.yml", "-p", "min=18")
    assert (file.returncode, "--> file.yml:2:" in file.stderr) == (1, True), file.stderr
    reach = server.call("run", "reach.yml", "-p", "min=18")
    assert (reach.returncode, "error[access]" in reach.stderr) == (77, True), reach.stderr
    assert "--> reach.yml:2:" in reach.stderr
    for done in (column, file, reach):
        assert "Traceback" not in done.stderr
    assert not (server.folder / "out.csv").exists()


def test_ctrl_c_cancels_there(server: Server) -> None:
    """The worker is gone when the command has ended."""
    process = server.start("run", "slow.yml")
    heard = listen(process, "destination out: writing")
    assert running(server)
    process.send_signal(signal.SIGINT)
    told = end(process, heard)
    assert process.returncode == 130
    assert told.splitlines()[-1] == "cancelled; nothing was written to destination out"
    assert running(server) == []
    assert not (server.folder / "out.csv").exists()


def test_runs_wait_for_each_other(server: Server) -> None:
    """The second one tells its place, and begins when the first is cancelled from a third side."""
    first = server.start("run", "slow.yml")
    heard = listen(first, "destination out: writing")
    (current,) = running(server)
    second = server.start("run", "pipeline.yml", "-p", "min=18")
    waiting = listen(second, "queued: next")
    cancelled = server.call("cancel", current)
    assert (cancelled.returncode, cancelled.stderr) == (0, f"cancelled {current}\n")
    assert "cancelled on the executor, and not from here" in end(first, heard)
    assert first.returncode == 1
    assert "destination out: done (2 rows" in end(second, waiting)
    assert second.returncode == 0
    state = json.loads(server.call("status", current, "--output", "json").stdout)
    assert state["state"] == "cancelled"


def test_a_detached_run_can_be_watched(server: Server) -> None:
    """While it goes on, when it is over, and by several."""
    given = server.call("run", "slow.yml", "--detach")
    execution_id = given.stdout.strip()
    assert re.fullmatch(r"[0-9a-f-]{36}", execution_id)
    watching = server.start("attach", execution_id)
    heard = listen(watching, "destination out: writing")
    watching.send_signal(signal.SIGINT)
    assert "no longer watching; the run goes on" in end(watching, heard)
    assert (watching.returncode, running(server)) == (130, [execution_id])
    assert server.call("cancel").returncode == 0
    after = server.call("attach", execution_id)
    assert after.returncode == 1
    assert "cancelled on the executor" in after.stderr
    quick = server.call("run", "pipeline.yml", "-p", "min=18", "--detach").stdout.strip()
    watched = server.call("attach", quick)
    assert (watched.returncode, watched.stdout) == (0, TABLE), watched.stderr
    assert " · 3 rows in · 2 rows out (13 B) · peak memory " in watched.stderr


def test_a_wrong_key_is_77(server: Server) -> None:
    """Of every command."""
    for command in (
        ["run", "pipeline.yml", "-p", "min=1"],
        ["status"],
        ["cancel"],
        ["attach", "x"],
    ):
        done = server.call(*command, "--api-key", "another-key-0123456789")
        assert (done.returncode, "error[not-authorised]" in done.stderr) == (77, True), command
        assert "another-key" not in done.stderr


def test_an_executor_that_is_killed_is_69(server: Server) -> None:
    """And nothing of the run goes on; the next start knows what became of it."""
    process = server.start("run", "slow.yml")
    heard = listen(process, "destination out: writing")
    (current,) = running(server)
    workers = psutil.Process(server.process.pid).children(recursive=True)
    server.process.kill()
    told = end(process, heard)
    assert process.returncode == 69
    assert "error[connection-lost]" in told
    assert f"aqueducts attach {current} --executor {server.address}" in told
    assert "nothing was written" not in told
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []
    server.stop()
    again = Server(server.folder)
    try:
        state = json.loads(again.call("status", current, "--output", "json").stdout)
        assert state["state"] == "crashed"
        attached = again.call("attach", current)
        assert (attached.returncode, "error[crashed]" in attached.stderr) == (1, True)
    finally:
        again.stop()


def test_a_run_that_is_not_there(server: Server) -> None:
    """Is told in words."""
    for command in ("status", "attach"):
        done = server.call(command, "6f1b3c1e-8a54-4a43-9a86-0f4b2c0b8f11")
        assert (done.returncode, "error[unknown-run]" in done.stderr) == (1, True), done.stderr
    assert server.call("cancel", "6f1b3c1e-8a54-4a43-9a86-0f4b2c0b8f11").returncode == 1
