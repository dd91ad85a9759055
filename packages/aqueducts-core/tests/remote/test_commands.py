"""The commands that speak to an executor, in this process and in their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

import aqueducts
from aqueducts.cli.group import cli
from aqueducts.protocol import (
    CancelAnswer,
    Execution,
    encode,
    execution_error,
    messages,
)

from .conftest import A_RUN, ID, KEY, PIPELINE, ScriptedExecutor, Socket
from .test_asking import EVENTS_PATH, STATUS, answer, frames

TABLE = """\
adults: first rows
┌────────┬───────┐
│ name   │   age │
│ string │ int64 │
├────────┼───────┤
│ Ann    │    31 │
│ Cyd    │  NULL │
└────────┴───────┘
2 rows

"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the pipeline and the key."""
    for name in list(os.environ):
        if name.startswith("AQUEDUCTS_") or name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(executor: ScriptedExecutor, *arguments: str) -> Result:
    """A command against the executor."""
    if not executor.port:
        executor.start()
    key = [] if any("key" in each for each in arguments) else ["--api-key-file", "key"]
    command = [*arguments, "--executor", executor.address, *key]
    return CliRunner().invoke(cli, command, prog_name="aqueducts")


async def a_whole_run(socket: Socket) -> None:
    """Wait in the queue, then run."""
    await socket.receive()
    await socket.send(
        messages.ExecutionResponse(execution_id=ID),
        messages.QueuePosition(execution_id=ID, position=1),
        messages.QueuePosition(execution_id=ID, position=0),
    )
    await socket.tell(A_RUN)
    await socket.send(messages.ExecutionSucceeded(execution_id=ID))


def test_a_run_elsewhere_looks_like_one_here(executor: ScriptedExecutor) -> None:
    """Tables on standard output, the rest on standard error, and what is different is said."""
    executor.script = a_whole_run
    result = invoke(executor, "run", "pipeline.yml", "-p", "min=18")
    assert (result.exit_code, result.stdout) == (0, TABLE)
    for words in [
        "note: people.csv, out.csv: files of the executor, which looks relative paths up in",
        f"the executor calls this run {ID}",
        "queued: 1 run before this one",
        "queued: next",
        f"run {ID} of pipeline.yml: 1 source, 2 stages, destination out",
        "source people: open (1 file, 43 B)",
        "note: a column is empty",
        "destination out: done (1 row, 14 B, 1 file, 9 ms)",
        "done in 21 ms · 3 rows in · 1 row out (14 B) · peak memory 150 MB",
        "result: out.csv",
    ]:
        assert words in result.stderr


def test_json_is_that_of_a_run_here(executor: ScriptedExecutor) -> None:
    """One object on standard output, one line per event on standard error."""
    executor.script = a_whole_run
    arguments = ["run", "pipeline.yml", "-p", "min=18", "--output=json", "--log-format=json"]
    result = invoke(executor, *arguments)
    document = json.loads(result.stdout)
    assert (document["status"], document["run_id"], document["rows"]) == ("completed", ID, 1)
    assert document["outputs"][0]["rows"] == [["Ann", "31"], ["Cyd", None]]
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [line["event"] for line in lines[:4]] == ["accepted", "queued", "queued", "started"]
    assert {line["run_id"] for line in lines[3:]} == {ID}


def test_older_executors_draw_their_own_tables(executor: ScriptedExecutor) -> None:
    """What they send is printed."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        payloads: list[messages.Payload] = [
            messages.OutputStart(output_header="\nTable: adults\n"),
            messages.OutputChunk(sequence=0, body="+--+\n| n|\n"),
            messages.OutputEnd(output_footer=""),
        ]
        for payload in payloads:
            await socket.send(
                messages.StageOutput(execution_id=ID, stage_name="adults", payload=payload)
            )
        await socket.send(messages.ExecutionSucceeded(execution_id=ID))

    executor.script = script
    result = invoke(executor, "run", "pipeline.yml", "-p", "min=18", "-q")
    assert result.exit_code == 0
    assert "+--+\n| n|\n" in result.stdout


def test_a_failure_elsewhere_shows_its_place_here(executor: ScriptedExecutor) -> None:
    """With the excerpt, the advice, and the exit code of such a failure."""
    error = aqueducts.StorageError("there is no file people.csv", hint="look in /data")
    error.path, error.step = ("sources", 0, "location"), "people"

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.tell(A_RUN[:1])
        await socket.send(execution_error(ID, error))

    executor.script = script
    result = invoke(executor, "run", "pipeline.yml", "-p", "min=18")
    assert result.exit_code == 1
    assert "error[storage]: " in result.stderr
    assert "--> pipeline.yml:2:" in result.stderr
    assert "look in /data" in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "the run failed; nothing was written to destination out"
    )


def test_nothing_is_said_of_a_destination_that_nobody_knows_of(executor: ScriptedExecutor) -> None:
    """After a lost connection the result may be in place."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.tell(A_RUN[:5])
        await socket.raw.close(code=1011)

    executor.script = script
    result = invoke(executor, "run", "pipeline.yml", "-p", "min=18", "--output", "json")
    assert result.exit_code == 69
    assert "nothing was written" not in result.stderr
    assert f"help: how it ended: aqueducts attach {ID} --executor {executor.address}" in (
        result.stderr
    )
    assert json.loads(result.stdout)["error"]["code"] == "connection-lost"


def test_exit_codes_are_those_of_the_help(executor: ScriptedExecutor) -> None:
    """69, 75 and 77, each with advice."""

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"error": "draining"}, status=503)

    run = ["run", "pipeline.yml", "-p", "min=18"]
    wrong = invoke(executor, *run, "--api-key", "wrong")
    assert (wrong.exit_code, "error[not-authorised]" in wrong.stderr) == (77, True)
    executor.answers["GET", "/ws/connect"] = refuse
    busy = invoke(executor, *run)
    assert (busy.exit_code, "error[executor-busy]" in busy.stderr) == (75, True)
    executor.stop()
    gone = invoke(executor, *run)
    assert (gone.exit_code, "error[executor-unreachable]" in gone.stderr) == (69, True)
    for result in (wrong, busy, gone):
        assert "help: " in result.stderr
        assert "Traceback" not in result.stderr


def test_the_file_is_checked_before_anything_is_sent(executor: ScriptedExecutor) -> None:
    """All problems at once, with their places."""
    Path("pipeline.yml").write_text(PIPELINE.replace("query:", "qery:"))
    result = invoke(executor, "run", "pipeline.yml", "-p", "min=18")
    assert result.exit_code == 2
    assert result.stderr.count("error[missing-field]") == 2
    assert executor.requests == []


def test_the_key_comes_from_where_it_is_safe(
    executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment, or a file; what stands on the command line wins."""
    monkeypatch.setenv("AQUEDUCTS_API_KEY", KEY)
    executor.start()
    address = ["--executor", executor.address]
    run = ["run", "pipeline.yml", "-p", "min=18", *address]
    assert CliRunner().invoke(cli, run).exit_code == 0
    monkeypatch.setenv("AQUEDUCTS_API_KEY", "wrong")
    assert CliRunner().invoke(cli, run).exit_code == 77
    assert CliRunner().invoke(cli, [*run, "--api-key-file", "key"]).exit_code == 0
    assert CliRunner().invoke(cli, [*run, "--api-key", KEY]).exit_code == 0
    monkeypatch.delenv("AQUEDUCTS_API_KEY")
    monkeypatch.setenv("AQUEDUCTS_API_KEY_FILE", "key")
    monkeypatch.setenv("AQUEDUCTS_EXECUTOR", executor.address)
    assert CliRunner().invoke(cli, run[:4]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "pipeline.yml", "--executor", "ftp://x"], "not spoken to by ftp://"),
        (["run", "pipeline.yml", "--executor", "x", "--threads", "2"], "--threads does not reach"),
        (["run", "pipeline.yml", "--executor", "x", "--max-memory", "1GB"], "--max-memory does"),
        (["run", "pipeline.yml", "--detach"], "give --executor as well"),
        (["run", "p.yml", "--executor=x", "--api-key-file", "none"], "Cannot read the key in none"),
        (["run", "p.yml", "--executor=x", "--api-key-file", "empty"], "no key in empty"),
        (["run", "p.yml", "--executor=x", "--api-key-file", "binary"], "it is not text"),
        (["run", "p.yml", "--executor=x", "--api-key=a", "--api-key-file=key"], "Two keys"),
        (["status"], "Missing option '--executor'"),
        (["status", "--executor", ""], "Missing option '--executor'"),
        (["attach", "--executor", "x"], "Missing argument 'ID'"),
        (["attach", "id", "--executor", ""], "Missing option '--executor'"),
        (["cancel", "--executor", ""], "Missing option '--executor'"),
        (["cancel", "a", "--execution-id", "b", "--executor", "x"], "Two runs were given"),
    ],
)
def test_wrong_usage_is_told_in_words(arguments: list[str], words: str) -> None:
    """Exit code 2, before anything is opened."""
    Path("empty").write_text("\n")
    Path("binary").write_bytes(b"\xff\xfe")
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_an_empty_address_runs_here(
    monkeypatch: pytest.MonkeyPatch, executor: ScriptedExecutor
) -> None:
    """Where the environment names an executor for all other runs."""
    monkeypatch.setenv("AQUEDUCTS_EXECUTOR", "127.0.0.1:1")
    Path("people.csv").write_text("name,age\nAnn,31\n")
    result = CliRunner().invoke(cli, ["run", "pipeline.yml", "-p", "min=3", "--executor", ""])
    assert result.exit_code == 0
    assert Path("out.csv").read_text() == "n\n1\n"


def test_a_detached_run_prints_its_id(executor: ScriptedExecutor) -> None:
    """On standard output, for a script to keep."""

    async def execute(request: web.Request) -> web.StreamResponse:
        return web.Response(headers={"X-Execution-Id": ID})

    executor.answers["POST", "/execute"] = execute
    result = invoke(executor, "run", "pipeline.yml", "-p", "min=18", "--detach")
    assert (result.exit_code, result.stdout) == (0, f"{ID}\n")
    assert f"aqueducts attach {ID} --executor {executor.address}" in result.stderr


def test_status_is_told_to_people_and_programs(executor: ScriptedExecutor) -> None:
    """In lines, and as it was sent."""
    executor.answers["GET", "/status"] = answer(STATUS)
    result = invoke(executor, "status")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"executor: {executor.address}, etl-1, standalone, 0.1.0",
        "state:    busy, up 1 h 02 min",
        f"run:      {ID}, 42 %, adults:0_0, since 2026-01-02T03:04:05Z",
        "queue:    2 of 100 places taken",
        "memory:   limit 2.0 GB, worker 211 MB",
        "plugins:  builtin 0.1.0",
    ]
    as_json = json.loads(invoke(executor, "status", "--output", "json").stdout)
    assert as_json == json.loads(encode(STATUS))


def test_status_of_a_run(executor: ScriptedExecutor) -> None:
    """What is known of it, and nothing else."""
    execution = Execution(execution_id=ID, state="queued", position=3, queued_at="now")
    executor.answers["GET", f"/executions/{ID}"] = answer(execution)
    result = invoke(executor, "status", ID)
    assert result.stdout.splitlines() == [
        f"run:      {ID}",
        "state:    queued",
        "queue:    3 runs before this one",
        "progress: 0 %",
        "queued:   now",
    ]
    as_json = json.loads(invoke(executor, "status", ID, "--output", "json").stdout)
    assert as_json["state"] == "queued"


@pytest.mark.parametrize("arguments", [["cancel", ID], ["cancel", "--execution-id", ID]])
def test_cancel_says_what_was_cancelled(executor: ScriptedExecutor, arguments: list[str]) -> None:
    """In both spellings."""
    told = CancelAnswer(status="cancelled", message="done", cancelled_execution_id=ID)
    executor.answers["POST", "/cancel"] = answer(told)
    result = invoke(executor, *arguments)
    assert (result.exit_code, result.stderr) == (0, f"cancelled {ID}\n")


def test_nothing_to_cancel_is_a_failure(executor: ScriptedExecutor) -> None:
    """In the words of the executor."""
    told = CancelAnswer(
        status="not_running",
        message="No pipeline execution is currently running",
        cancelled_execution_id=None,
    )
    executor.answers["POST", "/cancel"] = answer(told)
    result = invoke(executor, "cancel")
    assert (result.exit_code, result.stderr) == (1, f"{told.message}\n")


def test_attach_shows_the_run(executor: ScriptedExecutor) -> None:
    """As if it had begun here."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"".join(frames()), content_type="text/event-stream")

    executor.answers["GET", EVENTS_PATH] = handle
    result = invoke(executor, "attach", ID)
    assert (result.exit_code, result.stdout) == (0, TABLE)
    assert "destination out: done (1 row" in result.stderr
    assert result.stderr.splitlines()[-1] == "result: out.csv"


def test_attach_fails_as_the_run_did(executor: ScriptedExecutor) -> None:
    """With its exit code."""
    error = execution_error(ID, aqueducts.RunKilledError("took 3 GB of 2 GB"), state="oom_killed")

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"".join(frames(ending=error)), content_type="text/event-stream")

    executor.answers["GET", EVENTS_PATH] = handle
    result = invoke(executor, "attach", ID)
    assert result.exit_code == 1
    assert "error[oom-killed]: took 3 GB of 2 GB" in result.stderr


def start(executor: ScriptedExecutor, *arguments: str) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    if not executor.port:
        executor.start()
    command = [*arguments, "--executor", executor.address, "--api-key-file", "key"]
    return subprocess.Popen(
        [sys.executable, "-m", "aqueducts", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: text for name, text in os.environ.items() if "COV" not in name},
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_there_and_waits(
    executor: ScriptedExecutor, number: signal.Signals, code: int
) -> None:
    """The command ends when the executor says that the run has."""
    processes: list[subprocess.Popen[str]] = []

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(messages.ExecutionResponse(execution_id=ID))
        await socket.tell(A_RUN[:3])
        processes[0].send_signal(number)
        assert await socket.receive() == messages.CancelRequest(execution_id=ID)
        await asyncio.sleep(0.3)
        assert processes[0].poll() is None
        await socket.send(messages.CancelResponse(execution_id=ID))

    executor.script = script
    process = start(executor, "run", "pipeline.yml", "-p", "min=18")
    processes.append(process)
    _, heard = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"{number.name}: cancelling on {executor.address}; press Ctrl-C again" in heard
    assert heard.splitlines()[-1] == "cancelled; nothing was written to destination out"


def test_a_second_signal_leaves(executor: ScriptedExecutor) -> None:
    """Whatever the executor does meanwhile."""
    processes: list[Any] = []

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(messages.ExecutionResponse(execution_id=ID))
        processes[0].send_signal(signal.SIGINT)
        await socket.receive()
        processes[0].send_signal(signal.SIGINT)
        await socket.raw.receive()

    executor.script = script
    process = start(executor, "run", "pipeline.yml", "-p", "min=18")
    processes.append(process)
    _, heard = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "left; the executor cancels the run when it sees that nobody listens" in heard


def test_ctrl_c_stops_watching_only(executor: ScriptedExecutor) -> None:
    """And says how to stop the run."""
    processes: list[Any] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        await stream.write(frames()[0] + frames()[1])
        await asyncio.sleep(1)
        processes[0].send_signal(signal.SIGINT)
        await asyncio.sleep(20)
        return stream

    executor.answers["GET", EVENTS_PATH] = handle
    process = start(executor, "attach", ID)
    processes.append(process)
    _, heard = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"aqueducts cancel {ID} --executor {executor.address}" in heard.splitlines()[-1]
    assert [request.method for request in executor.requests] == ["GET"]
