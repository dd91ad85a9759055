"""Running a pipeline on an executor: what is sent, heard, raised and given back."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from typing import Any

import msgspec
import pytest
import trustme
from aiohttp import web

import aqueducts
from aqueducts import events
from aqueducts.protocol import execution_error, messages

from .conftest import A_RUN, ID, KEY, PIPELINE, Conversation, ScriptedExecutor, Socket


def pipeline() -> aqueducts.Pipeline:
    """The pipeline, as if from a file."""
    return aqueducts.load_text(PIPELINE, file="pipeline.yml", params={"min": 18})


def run(
    executor: ScriptedExecutor, script: Conversation | None = None, **options: Any
) -> tuple[aqueducts.RunResult, list[events.Event]]:
    """Run it; the result and all events."""
    heard: list[events.Event] = []
    if script is not None:
        executor.script = script
    if not executor.port:
        executor.start()
    result = aqueducts.Executor(executor.address, api_key=KEY).run_sync(
        pipeline(), on_event=heard.append, **options
    )
    return result, heard


async def test_events_are_those_of_a_run_here(executor: ScriptedExecutor) -> None:
    """With the executor's id, and the path that only this end knows."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(
            messages.ExecutionResponse(execution_id=ID),
            messages.QueuePosition(execution_id=ID, position=1),
            messages.QueuePosition(execution_id=ID, position=0),
        )
        await socket.tell(A_RUN)
        await socket.send(messages.ExecutionSucceeded(execution_id=ID))

    result, heard = await asyncio.to_thread(run, executor, script)
    assert heard[:3] == [
        events.RunAccepted(execution_id=ID),
        events.RunQueued(position=1),
        events.RunQueued(position=0),
    ]
    started = msgspec.structs.replace(A_RUN[0], run_id=ID, pipeline="pipeline.yml")
    assert heard[3:] == [started, *A_RUN[1:]]
    assert (result.run_id, result.rows, result.size_bytes) == (ID, 1, 14)
    assert (result.duration_ms, result.peak_memory_bytes) == (21.0, 150_000_000)
    assert [(step.kind, step.name, step.rows) for step in result.steps] == [
        ("source", "people", 3),
        ("stage", "adults", None),
        ("stage", "cities", None),
        ("destination", "out", 1),
    ]
    assert result.outputs == (A_RUN[3],)


def test_parameters_are_filled_in_and_secrets_are_not(
    executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The executor is sent values and references, and asked for details."""
    monkeypatch.setenv("PASSWORD", "hunter2")
    text = PIPELINE.replace(
        "location: people.csv",
        'location: people.csv, storage_config: {user: me, password: "${secret:env:PASSWORD}"}',
    )
    executor.start()
    given = aqueducts.load_text(text, params={"min": 18})
    aqueducts.Executor(executor.address, api_key=KEY).run_sync(given)
    (request,) = executor.received
    assert isinstance(request, messages.ExecutionRequest)
    assert request.detail
    sent = json.loads(bytes(request.pipeline))
    assert sent["stages"][0][0]["query"] == "select name, age from people where age > 18"
    assert sent["sources"][0]["storage_config"] == {
        "user": "me",
        "password": "${secret:env:PASSWORD}",
    }
    assert "hunter2" not in bytes(request.pipeline).decode()


@pytest.mark.parametrize("is_response_first", [True, False, None])
def test_older_executors_are_understood(
    executor: ScriptedExecutor, is_response_first: bool | None
) -> None:
    """Which send the response late or never, and of events the least."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        response = messages.ExecutionResponse(execution_id=ID)
        if is_response_first:
            await socket.send(response)
        await socket.send(messages.QueuePosition(execution_id=ID, position=0))
        if is_response_first is False:
            await socket.send(response)
        await socket.tell(A_RUN, is_older=True)
        await socket.send(messages.ExecutionSucceeded(execution_id=ID))

    result, heard = run(executor, script)
    assert [type(event) for event in heard] == [
        events.RunAccepted,
        events.RunQueued,
        events.RunStarted,
        events.SourceRegistered,
        events.StageStarted,
        events.StageOutput,
        events.StageCompleted,
        events.StageStarted,
        events.StageCompleted,
        events.DestinationCompleted,
        events.RunCompleted,
    ]
    assert heard[2] == events.RunStarted(
        run_id=ID,
        pipeline="pipeline.yml",
        sources=("people",),
        stages=(("adults",), ("cities",)),
        destination="out",
    )
    assert (result.rows, result.duration_ms) == (1, 21.0)


def test_an_executor_that_tells_no_events_is_believed(executor: ScriptedExecutor) -> None:
    """The end is what counts."""
    result, heard = run(executor)
    assert [type(event) for event in heard] == [events.RunAccepted, events.RunCompleted]
    assert (result.run_id, result.rows, result.steps) == (ID, None, ())


def test_errors_come_with_class_and_place(executor: ScriptedExecutor) -> None:
    """As if the pipeline had run here, where its file is."""
    error = aqueducts.QueryError(
        "there is no column 'nme'", problem_code="unknown-column", subject=("column", "age")
    )
    error.path, error.step = ("stages", 0, 0, "query"), "adults"

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(execution_error(ID, error))

    with pytest.raises(aqueducts.QueryError) as caught:
        run(executor, script)
    problem = caught.value.problem
    assert problem is not None
    line = PIPELINE.splitlines()[3]
    assert (problem.file, problem.line) == ("pipeline.yml", 4)
    assert problem.column == line.index("age from") + 1
    assert caught.value.step == "adults"


def test_a_pipeline_that_is_refused_shows_its_places(executor: ScriptedExecutor) -> None:
    """The executor knows the path in the pipeline, this end the line."""
    problem = aqueducts.Problem(
        "location",
        "destination.location: outside of the data root",
        path=("destination", "location"),
    )

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(execution_error(ID, aqueducts.ValidationProblem([problem])))

    with pytest.raises(aqueducts.ValidationProblem) as caught:
        run(executor, script)
    (found,) = caught.value.problems
    assert (found.file, found.line, found.message) == (
        "pipeline.yml",
        6,
        "outside of the data root",
    )


def test_messages_that_make_no_sense_are_passed_over(executor: ScriptedExecutor) -> None:
    """Newer ones without a word, broken ones with a note; after ten of them it is the end."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(
            messages.ExecutionResponse(execution_id=ID),
            '{"type": "weather", "execution_id": "x"}',
            "{",
            '{"type": "progress_update", "execution_id": 7}',
            '{"type": "gap", "execution_id": "' + ID + '", "missed": 12}',
            messages.ErrorMessage(message="what was that?"),
            messages.ExecutionSucceeded(execution_id=ID),
            messages.ExecutionError(execution_id=ID, message="after the end"),
        )

    _, heard = run(executor, script)
    notes = [event.message for event in heard if isinstance(event, events.Notice)]
    assert len(notes) == 4
    assert "12 messages" in notes[2]
    assert notes[3] == "what was that?"

    async def nonsense(socket: Socket) -> None:
        await socket.receive()
        await socket.send(*["nonsense"] * 20)
        await socket.raw.receive()

    with pytest.raises(aqueducts.ProtocolError):
        run(executor, nonsense)


def test_messages_of_other_runs_are_not_ours(executor: ScriptedExecutor) -> None:
    """One socket may hear of several."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(
            messages.ExecutionResponse(execution_id=ID),
            messages.CancelResponse(execution_id="another"),
            messages.ExecutionError(execution_id="another", message="not ours"),
            messages.ExecutionSucceeded(execution_id=ID),
        )

    result, _ = run(executor, script)
    assert result.run_id == ID


def test_a_request_that_is_refused_is_an_error(executor: ScriptedExecutor) -> None:
    """In the executor's words."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(messages.ErrorMessage(message="no such field: detail"))

    with pytest.raises(aqueducts.ExecutorError, match="no such field: detail"):
        run(executor, script)


@pytest.mark.parametrize("ending", ["close", "abort"])
@pytest.mark.parametrize("is_accepted", [True, False])
def test_a_lost_connection_says_what_to_do(
    executor: ScriptedExecutor, ending: str, is_accepted: bool
) -> None:
    """The run may have been accepted or not, the connection closed or broken."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        if is_accepted:
            await socket.send(messages.ExecutionResponse(execution_id=ID))
        if ending == "close":
            await socket.raw.close(code=1001, message=b"shutting down")
        else:
            transport = socket.raw._req.transport  # type: ignore[union-attr]  # to break it
            assert transport is not None
            transport.abort()

    with pytest.raises(aqueducts.ConnectionLostError) as caught:
        run(executor, script)
    assert caught.value.exit_code == 69
    assert (ID in caught.value.message) is is_accepted
    words = f"aqueducts attach {ID} --executor {executor.address}" if is_accepted else "status"
    assert caught.value.hint is not None
    assert words in caught.value.hint
    assert ("is stopping (shutting down)" in caught.value.message) is (ending == "close")


def test_cancelling_is_asked_for_and_waited_for(executor: ScriptedExecutor) -> None:
    """From any thread."""
    cancellation = aqueducts.Cancellation()

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(messages.ExecutionResponse(execution_id=ID))
        cancellation.cancel()
        request = await socket.receive()
        assert request == messages.CancelRequest(execution_id=ID)
        await asyncio.sleep(0.2)
        await socket.send(messages.CancelResponse(execution_id=ID))

    with pytest.raises(aqueducts.RunCancelledError):
        run(executor, script, cancellation=cancellation)
    assert len(executor.received) == 2


async def test_a_task_that_is_cancelled_cancels_the_run(executor: ScriptedExecutor) -> None:
    """And ends once the executor has answered."""
    accepted = threading.Event()

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(messages.ExecutionResponse(execution_id=ID))
        accepted.set()
        await socket.receive()
        await socket.send(messages.CancelResponse(execution_id=ID))

    executor.script = script
    executor.start()
    running = asyncio.create_task(aqueducts.Executor(executor.address, api_key=KEY).run(pipeline()))
    await asyncio.to_thread(accepted.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert executor.received[1:] == [messages.CancelRequest(execution_id=ID)]


def test_a_run_that_is_quicker_than_its_cancel_has_succeeded(executor: ScriptedExecutor) -> None:
    """What the executor says is what happened."""
    cancellation = aqueducts.Cancellation()

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(messages.ExecutionResponse(execution_id=ID))
        cancellation.cancel()
        await socket.receive()
        await socket.send(messages.ExecutionSucceeded(execution_id=ID))

    result, _ = run(executor, script, cancellation=cancellation)
    assert result.run_id == ID


def test_without_an_id_cancelling_closes_the_connection(executor: ScriptedExecutor) -> None:
    """It is all that can be done with an executor that never said it."""
    cancellation = aqueducts.Cancellation()
    closed = threading.Event()

    async def script(socket: Socket) -> None:
        await socket.receive()
        cancellation.cancel()
        message = await socket.raw.receive()
        assert message.type.name in ("CLOSE", "CLOSING", "CLOSED")
        closed.set()

    with pytest.raises(aqueducts.RunCancelledError):
        run(executor, script, cancellation=cancellation)
    assert closed.wait(10)


def test_a_cancel_before_the_connection_sends_nothing(executor: ScriptedExecutor) -> None:
    """Nobody has to wait for an executor that does not answer."""
    cancellation = aqueducts.Cancellation()
    cancellation.cancel()
    with pytest.raises(aqueducts.RunCancelledError):
        run(executor, cancellation=cancellation)
    assert executor.received == []


def test_a_cancel_from_elsewhere_is_an_error(executor: ScriptedExecutor) -> None:
    """This end did not ask for it."""

    async def script(socket: Socket) -> None:
        await socket.receive()
        await socket.send(messages.CancelResponse(execution_id=ID))

    with pytest.raises(aqueducts.RunError, match="cancelled on the executor"):
        run(executor, script)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, aqueducts.NotAuthorisedError, 77),
        (403, aqueducts.NotAuthorisedError, 77),
        (404, aqueducts.ExecutorUnreachableError, 69),
        (429, aqueducts.ExecutorBusyError, 75),
        (503, aqueducts.ExecutorBusyError, 75),
        (500, aqueducts.ExecutorUnreachableError, 69),
    ],
)
def test_refusals_before_the_upgrade_have_exit_codes(
    executor: ScriptedExecutor, status: int, kind: type[aqueducts.AqueductsError], code: int
) -> None:
    """Each says what to do."""

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"error": "no"}, status=status)

    executor.answers["GET", "/ws/connect"] = refuse
    with pytest.raises(kind) as caught:
        run(executor)
    assert caught.value.exit_code == code
    assert caught.value.hint


def test_a_wrong_key_is_refused(executor: ScriptedExecutor) -> None:
    """And never shown."""
    executor.start()
    client = aqueducts.Executor(executor.address, api_key="wrong-key")
    with pytest.raises(aqueducts.NotAuthorisedError) as caught:
        client.run_sync(pipeline())
    assert "wrong-key" not in f"{caught.value!r} {caught.value} {client!r}"


@pytest.mark.parametrize("key", ["", "two\nlines", "schlüssel"])
def test_keys_that_no_header_holds_are_refused_here(key: str) -> None:
    """Nothing is sent."""
    with pytest.raises(aqueducts.NotAuthorisedError, match="characters that no key has"):
        aqueducts.Executor("127.0.0.1:1", api_key=key).run_sync(pipeline())


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "cannot be reached: connection refused"),
        ("no-such-host.invalid:3031", "its name is not known"),
    ],
)
def test_nobody_there_is_told_with_the_reason(address: str, words: str) -> None:
    """And what to compare."""
    with pytest.raises(aqueducts.ExecutorUnreachableError, match=words) as caught:
        aqueducts.Executor(address, api_key=KEY).run_sync(pipeline())
    assert caught.value.hint


def test_loopback_ignores_proxies(
    executor: ScriptedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy has nothing to do with what is on this machine, and everything with the rest."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    result, _ = run(executor)
    assert result.run_id == ID
    with pytest.raises(aqueducts.ExecutorUnreachableError, match="connect"):
        aqueducts.Executor("http://executor.invalid", api_key=KEY).run_sync(pipeline())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A CA of our own."""
    return trustme.CA()


def test_tls_with_a_ca_of_our_own(
    executor: ScriptedExecutor, authority: trustme.CA, tmp_path: Any
) -> None:
    """Trusted when it is given, and not without."""
    executor.ssl = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(executor.ssl)
    executor.start()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for scheme in ("https", "wss"):
        url = f"{scheme}://{executor.address}"
        trusting = aqueducts.Executor(url, api_key=KEY, ca_file=str(tmp_path / "ca.pem"))
        assert trusting.run_sync(pipeline()).run_id == ID
    strange = aqueducts.Executor(f"https://{executor.address}", api_key=KEY)
    with pytest.raises(aqueducts.ExecutorUnreachableError, match="not trusted") as caught:
        strange.run_sync(pipeline())
    assert "--executor-ca" in (caught.value.hint or "")
    plain = aqueducts.Executor(executor.address, api_key=KEY)
    with pytest.raises(aqueducts.ExecutorUnreachableError) as caught:
        plain.run_sync(pipeline())
    assert "https://" in (caught.value.hint or "")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_that_is_none_is_refused(tmp_path: Any, content: str | None) -> None:
    """Nothing is sent without the trust that was asked for."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    client = aqueducts.Executor("127.0.0.1:1", api_key=KEY, ca_file=str(file))
    with pytest.raises(aqueducts.ExecutorUnreachableError, match=r"ca\.pem"):
        client.run_sync(pipeline())


def test_https_to_an_executor_without_a_certificate(executor: ScriptedExecutor) -> None:
    """The other way round."""
    executor.start()
    client = aqueducts.Executor(f"https://{executor.address}", api_key=KEY)
    with pytest.raises(aqueducts.ExecutorUnreachableError, match="does not speak TLS"):
        client.run_sync(pipeline())
