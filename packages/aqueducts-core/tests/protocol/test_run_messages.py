"""Events of real and of made-up runs as messages."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aqueducts import events
from aqueducts.protocol import (
    RunMessages,
    decode_detail,
    decode_executor_message,
    encode,
    messages,
    progress_event,
)


def told(given: list[events.Event]) -> list[Any]:
    """Messages of events."""
    run = RunMessages("id")
    return [message for event in given for message in run.of(event)]


def test_a_real_run_is_told_in_both_ways(lab: Any) -> None:
    """Words of every client in `event`, what really happened in `detail`."""
    pipeline = lab.pipeline(
        [lab.source("people", "name,age\nAnn,31\nBob,17\n")],
        [{"name": "adults", "query": "select * from people where age > 20", "show": 5}],
        to=lab.target(),
    )
    lab.run(pipeline)
    sent = told(lab.events)
    updates = [each for each in sent if isinstance(each, messages.ProgressUpdate)]
    kinds = [type(each.event) for each in updates if each.event is not None]
    assert kinds == [
        messages.Started,
        messages.SourceRegistered,
        messages.StageStarted,
        messages.StageCompleted,
        messages.DestinationCompleted,
        messages.Completed,
    ]
    progress = [each.progress for each in updates]
    assert progress == sorted(progress)
    assert progress.count(100) == 1
    assert (progress[0], progress[-2] <= 99) == (0, True)
    details = [decode_detail(each) for each in updates]
    shown = [each for each in lab.events if not isinstance(each, events.StageOutput)]
    assert details == shown
    outputs = [each for each in sent if isinstance(each, messages.StageOutput)]
    assert [type(each.payload) for each in outputs] == [
        messages.OutputStart,
        messages.OutputChunk,
        messages.OutputEnd,
    ]
    for each in sent:
        decoded = decode_executor_message(encode(each))
        assert decoded is not None
        assert encode(decoded) == encode(each)


def test_numbers_are_integers_on_the_wire() -> None:
    """Older clients refuse `12.0`."""
    stage = events.StageCompleted(name="a", position=0, sub_position=0, duration_ms=12.4)
    done = events.RunCompleted(duration_ms=99.6)
    assert msgspec.to_builtins(progress_event(stage))["duration_ms"] == 12
    text = msgspec.json.encode(progress_event(done)).decode()
    assert text == '{"type":"completed","duration_ms":100}'


def test_current_stage_is_the_one_that_began_last() -> None:
    """None before the first and while the destination writes."""
    run = RunMessages("id")
    seen = []
    given_events: list[events.Event] = [
        events.RunStarted(run_id="r", stages=(("a", "b"),), destination="out"),
        events.StageStarted(name="a", position=0, sub_position=0),
        events.StageStarted(name="b", position=0, sub_position=1),
        events.DestinationStarted(name="out"),
    ]
    for event in given_events:
        list(run.of(event))
        seen.append(run.current_stage)
    assert seen == [None, "a:0_0", "b:0_1", None]


def test_ends_that_are_no_success_are_for_others_to_tell() -> None:
    """They know why."""
    assert told([events.RunCancelled(duration_ms=1)]) == []
    assert told([events.RunFailed(code="run", message="no", duration_ms=1)]) == []


EVENTS = st.lists(
    st.one_of(
        st.builds(
            events.RunStarted,
            run_id=st.just("r"),
            sources=st.lists(st.text(max_size=2), max_size=3).map(tuple),
            stages=st.lists(st.lists(st.text(max_size=2)).map(tuple), max_size=3).map(tuple),
            destination=st.none() | st.text(max_size=2),
        ),
        st.builds(events.SourceRegistered, name=st.text(max_size=2)),
        st.builds(
            events.StageCompleted,
            name=st.text(max_size=2),
            position=st.integers(0, 3),
            sub_position=st.integers(0, 3),
            duration_ms=st.floats(0, 1e9),
        ),
        st.builds(
            events.DestinationCompleted, name=st.text(max_size=2), duration_ms=st.floats(0, 1e9)
        ),
        st.builds(events.Notice, message=st.text(max_size=5)),
    )
)


@given(EVENTS)
def test_progress_never_falls_and_ends_at_100(given_events: list[events.Event]) -> None:
    """Whatever the events, in whatever order."""
    sent = told([*given_events, events.RunCompleted(duration_ms=1)])
    progress = [each.progress for each in sent]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert all(0 <= each <= 99 for each in progress[:-1])
