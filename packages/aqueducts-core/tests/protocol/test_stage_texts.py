"""Outputs of stages in parts, for readers of text and of rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.events import OutputTable, StageOutput
from aqueducts.protocol import OutputText, StageOutputs, limits, messages, stage_payloads

TABLE = OutputTable(
    columns=("name", "age"),
    types=("string", "int64"),
    rows=(("Ann", "31"), ("Bob\nJr", None)),
    has_more=True,
)

DRAWN = """\
+---------+------+
| name    | age  |
+---------+------+
| Ann     | 31   |
| Bob\\nJr | NULL |
+---------+------+
"""


def shown(**fields: object) -> StageOutput:
    """An output of a stage."""
    return StageOutput(name="people", position=1, sub_position=2, **fields)  # type: ignore[arg-type]


def again(output: StageOutput) -> StageOutput | OutputText | None:
    """The output after it went over the wire."""
    outputs = StageOutputs()
    whole = None
    for payload in stage_payloads(output):
        assert whole is None
        whole = outputs.add(
            messages.StageOutput(execution_id="id", stage_name=output.name, payload=payload)
        )
    return whole


def test_a_table_is_drawn_and_told_in_rows() -> None:
    """The text is for clients that print it, the rows for those that draw themselves."""
    start, chunk, end = stage_payloads(shown(kind="show", table=TABLE))
    assert isinstance(start, messages.OutputStart)
    assert isinstance(chunk, messages.OutputChunk)
    assert isinstance(end, messages.OutputEnd)
    assert start.output_header == "\npeople: first rows\n"
    assert (start.columns, start.types) == (TABLE.columns, TABLE.types)
    assert chunk.body == DRAWN
    assert chunk.rows == TABLE.rows
    assert (end.output_footer, end.has_more) == ("(more rows left out)\n", True)


@pytest.mark.parametrize(
    "output",
    [
        shown(kind="show", table=TABLE),
        shown(kind="show", table=OutputTable(columns=(), types=(), rows=((), ()))),
        shown(kind="show", table=OutputTable(columns=("a",), types=("int8",), rows=())),
        shown(kind="schema", table=TABLE),
        shown(kind="explain", text="plan\n  scan\n"),
        shown(kind="explain_analyze", text="x" * 100_000 + "\n"),
    ],
)
def test_outputs_come_back_as_they_were(output: StageOutput) -> None:
    """So that the command shows the same for runs here and elsewhere."""
    assert again(output) == output


@given(
    st.lists(
        st.tuples(st.text(max_size=3), st.none() | st.text(max_size=3)).map(
            lambda pair: (pair[0] * 9000, pair[1])
        ),
        max_size=12,
    )
)
def test_chunks_have_a_limit_and_lose_nothing(rows: list[tuple[str, str | None]]) -> None:
    """Also where one row alone is longer than a chunk may be."""
    table = OutputTable(columns=("a", "b"), types=("string", "string"), rows=tuple(rows))
    output = shown(kind="show", table=table)
    chunks = [each for each in stage_payloads(output) if isinstance(each, messages.OutputChunk)]
    assert all(0 < len(each.body) <= limits.CHUNK_CHARACTERS for each in chunks)
    assert [each.sequence for each in chunks] == list(range(len(chunks)))
    assert again(output) == output


def test_outputs_of_stages_that_run_together_are_kept_apart() -> None:
    """Their parts come in turns."""
    outputs = StageOutputs()
    first, second = (
        [
            messages.StageOutput(execution_id="id", stage_name=name, payload=payload)
            for payload in stage_payloads(
                StageOutput(name=name, position=0, sub_position=0, kind="explain", text=f"{name}\n")
            )
        ]
        for name in "ab"
    )
    wholes = [outputs.add(part) for pair in zip(first, second, strict=True) for part in pair]
    texts = [each.text for each in wholes if isinstance(each, StageOutput)]
    assert texts == ["a\n", "b\n"]


def test_older_executors_send_text_only() -> None:
    """Chunks may be cut anywhere and come in any order."""
    outputs = StageOutputs()
    whole = None
    payloads: list[messages.Payload] = [
        messages.OutputStart(output_header="\nTable: a\n"),
        messages.OutputChunk(sequence=1, body="cond\n"),
        messages.OutputChunk(sequence=0, body="first, se"),
        messages.OutputEnd(output_footer=""),
    ]
    for payload in payloads:
        whole = outputs.add(
            messages.StageOutput(execution_id="id", stage_name="a", payload=payload)
        )
    assert whole == OutputText("a", "\nTable: a\nfirst, second\n")


def test_what_was_lost_is_left_out() -> None:
    """Behind a gap an output may have no beginning, and an end may stand alone."""
    outputs = StageOutputs()
    chunk = messages.OutputChunk(sequence=3, body="rest\n")
    end = messages.OutputEnd(output_footer="")
    parts = [
        messages.StageOutput(execution_id="id", stage_name="a", payload=each)
        for each in (chunk, end, end)
    ]
    assert [outputs.add(part) for part in parts] == [
        None,
        OutputText("a", "rest\n"),
        OutputText("a", ""),
    ]
