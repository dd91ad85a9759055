"""Messages as both generations of clients write and read them, to the byte."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.errors import ProtocolError
from aqueducts.protocol import (
    StreamEvent,
    decode_client_message,
    decode_executor_message,
    encode,
    messages,
)

ID = "6f1b3c1e-8a54-4a43-9a86-0f4b2c0b8f11"

OLDER_CLIENT: dict[str, messages.ClientMessage] = {
    '{"type":"execution_request","pipeline":{"version":"v2","sources":[]}}': (
        messages.ExecutionRequest(pipeline=msgspec.Raw(b'{"version":"v2","sources":[]}'))
    ),
    f'{{"type":"cancel_request","execution_id":"{ID}"}}': messages.CancelRequest(execution_id=ID),
}

OLDER_EXECUTOR: dict[str, messages.ExecutorMessage] = {
    f'{{"type":"execution_response","execution_id":"{ID}"}}': (
        messages.ExecutionResponse(execution_id=ID)
    ),
    f'{{"type":"queue_position","execution_id":"{ID}","position":2}}': (
        messages.QueuePosition(execution_id=ID, position=2)
    ),
    (
        f'{{"type":"progress_update","execution_id":"{ID}","progress":0,'
        '"event":{"type":"started"}}'
    ): messages.ProgressUpdate(execution_id=ID, progress=0, event=messages.Started()),
    (
        f'{{"type":"progress_update","execution_id":"{ID}","progress":20,'
        '"event":{"type":"source_registered","name":"people"}}'
    ): messages.ProgressUpdate(
        execution_id=ID, progress=20, event=messages.SourceRegistered(name="people")
    ),
    (
        f'{{"type":"progress_update","execution_id":"{ID}","progress":20,"event":'
        '{"type":"stage_started","name":"adults","position":0,"sub_position":1}}'
    ): messages.ProgressUpdate(
        execution_id=ID,
        progress=20,
        event=messages.StageStarted(name="adults", position=0, sub_position=1),
    ),
    (
        f'{{"type":"progress_update","execution_id":"{ID}","progress":40,"event":'
        '{"type":"stage_completed","name":"adults","position":0,"sub_position":1,"duration_ms":12}}'
    ): messages.ProgressUpdate(
        execution_id=ID,
        progress=40,
        event=messages.StageCompleted(name="adults", position=0, sub_position=1, duration_ms=12),
    ),
    (
        f'{{"type":"progress_update","execution_id":"{ID}","progress":80,'
        '"event":{"type":"destination_completed"}}'
    ): messages.ProgressUpdate(execution_id=ID, progress=80, event=messages.DestinationCompleted()),
    (
        f'{{"type":"progress_update","execution_id":"{ID}","progress":100,'
        '"event":{"type":"completed","duration_ms":51}}'
    ): messages.ProgressUpdate(
        execution_id=ID, progress=100, event=messages.Completed(duration_ms=51)
    ),
    (
        f'{{"type":"stage_output","execution_id":"{ID}","stage_name":"adults",'
        '"payload":{"type":"output_start","output_header":"adults"}}'
    ): messages.StageOutput(
        execution_id=ID,
        stage_name="adults",
        payload=messages.OutputStart(output_header="adults"),
    ),
    (
        f'{{"type":"stage_output","execution_id":"{ID}","stage_name":"adults",'
        '"payload":{"type":"output_chunk","sequence":0,"body":"+--+"}}'
    ): messages.StageOutput(
        execution_id=ID,
        stage_name="adults",
        payload=messages.OutputChunk(sequence=0, body="+--+"),
    ),
    (
        f'{{"type":"stage_output","execution_id":"{ID}","stage_name":"adults",'
        '"payload":{"type":"output_end","output_footer":""}}'
    ): messages.StageOutput(
        execution_id=ID, stage_name="adults", payload=messages.OutputEnd(output_footer="")
    ),
    f'{{"type":"execution_succeeded","execution_id":"{ID}"}}': (
        messages.ExecutionSucceeded(execution_id=ID)
    ),
    f'{{"type":"execution_error","execution_id":"{ID}","message":"no such file"}}': (
        messages.ExecutionError(execution_id=ID, message="no such file")
    ),
    f'{{"type":"cancel_response","execution_id":"{ID}"}}': messages.CancelResponse(execution_id=ID),
}
"""What the executor of the first generation sends, and the command of that generation reads."""

NEWER_EXECUTOR: dict[str, messages.ExecutorMessage] = {
    '{"type":"error","message":"not JSON"}': messages.ErrorMessage(message="not JSON"),
    f'{{"type":"gap","execution_id":"{ID}","missed":7}}': messages.Gap(execution_id=ID, missed=7),
    (
        f'{{"type":"progress_update","execution_id":"{ID}","progress":3,'
        '"detail":{"type":"notice","message":"half of the rows"}}'
    ): messages.ProgressUpdate(
        execution_id=ID,
        progress=3,
        detail=msgspec.Raw(b'{"type":"notice","message":"half of the rows"}'),
    ),
    (
        f'{{"type":"execution_error","execution_id":"{ID}","message":"no such file",'
        '"code":"source","hint":"look","step":"people","path":["sources",0]}'
    ): messages.ExecutionError(
        execution_id=ID,
        message="no such file",
        code="source",
        hint="look",
        step="people",
        path=("sources", 0),
    ),
}


@pytest.mark.parametrize("text", OLDER_CLIENT)
def test_messages_of_clients_are_what_they_always_were(text: str) -> None:
    """Written and read to the byte."""
    assert encode(OLDER_CLIENT[text]).decode() == text
    assert encode(decode_client_message(text)).decode() == text


@pytest.mark.parametrize("text", [*OLDER_EXECUTOR, *NEWER_EXECUTOR])
def test_messages_of_executors_are_what_they_always_were(text: str) -> None:
    """Fields that say nothing are not there at all."""
    message = {**OLDER_EXECUTOR, **NEWER_EXECUTOR}[text]
    assert encode(message).decode() == text
    decoded = decode_executor_message(text)
    assert decoded is not None
    assert encode(decoded).decode() == text


def test_every_kind_of_message_has_a_golden_text() -> None:
    """Also one that is added."""
    golden = {type(each) for each in [*OLDER_EXECUTOR.values(), *NEWER_EXECUTOR.values()]}
    assert golden == set(messages.ExecutorMessage.__args__)
    assert {type(each) for each in OLDER_CLIENT.values()} == set(messages.ClientMessage.__args__)
    told = {
        type(each.event)
        for each in OLDER_EXECUTOR.values()
        if isinstance(each, messages.ProgressUpdate)
    }
    assert told == set(messages.ProgressEvent.__args__)


def test_the_pipeline_travels_as_it_is() -> None:
    """Spaces, order and numbers of any size; nothing of it is read on the way."""
    pipeline = '{"b": 1e400, "a": [0.10, 123456789012345678901234567890]}'
    message = decode_client_message(f'{{"type":"execution_request","pipeline":{pipeline}}}')
    assert isinstance(message, messages.ExecutionRequest)
    assert bytes(message.pipeline).decode() == pipeline


def test_unknown_fields_are_ignored() -> None:
    """Both ends may be newer than the other."""
    message = decode_client_message(
        f'{{"type":"cancel_request","execution_id":"{ID}","reason":{{"deep":[1]}}}}'
    )
    assert message == messages.CancelRequest(execution_id=ID)


def test_unknown_types_of_executors_are_none() -> None:
    """A newer executor may have more to say."""
    assert decode_executor_message('{"type":"weather","rain":true}') is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"type":null}',
        '{"type":7}',
        '{"type":"weather"}',
        '{"type":"cancel_request"}',
        '{"type":"cancel_request","execution_id":7}',
        '{"type":"execution_request"}',
        '{"type":"execution_request","pipeline":{}}x',
        '{"type":"execution_request","detail":"yes","pipeline":{}}',
        "[" * 100_000,
        '{"type":"execution_request","pipeline":' + "[" * 100_000,
        b"\xff\xfe",
        b'{"type":"cancel_request","execution_id":"\xff"}',
    ],
)
def test_what_is_no_message_is_refused(text: str | bytes) -> None:
    """With words, whatever it is."""
    with pytest.raises(ProtocolError, match="cannot be understood: "):
        decode_client_message(text)


@pytest.mark.parametrize("text", ['{"type":"queue_position"}', '{"position":1}', "nonsense"])
def test_broken_messages_of_executors_are_refused(text: str) -> None:
    """They are not taken for newer ones."""
    with pytest.raises(ProtocolError):
        decode_executor_message(text)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_input_breaks_the_decoders(text: bytes | str) -> None:
    """Whatever arrives is a message or refused."""
    for decode in (decode_client_message, decode_executor_message):
        try:
            decode(text)
        except ProtocolError:
            continue


def test_stream_events_have_all_keys_always() -> None:
    """Readers in other languages look them up without asking."""
    event = StreamEvent(event_type="started", execution_id=ID, seq=1, ts="2026-01-02T03:04:05Z")
    decoded: dict[str, Any] = json.loads(encode(event))
    assert decoded == {
        "event_type": "started",
        "execution_id": ID,
        "message": None,
        "progress": None,
        "current_stage": None,
        "error": None,
        "seq": 1,
        "ts": "2026-01-02T03:04:05Z",
        "detail": None,
        "position": None,
    }
