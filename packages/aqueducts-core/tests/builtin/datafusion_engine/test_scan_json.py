"""JSON files: every row is looked at, files are united by name."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench


def test_nested_values(bench: Bench) -> None:
    """Objects are structs, arrays are lists."""
    bench.json('{"a": {"b": 1, "c": ["x"]}}\n{"a": {"b": 2, "c": []}}\n{"a": null}\n')
    assert bench.rows() == [
        {"a": {"b": 1, "c": ["x"]}},
        {"a": {"b": 2, "c": []}},
        {"a": None},
    ]
    assert bench.column("SELECT a['b'] FROM t WHERE a IS NOT NULL") == [1, 2]


def test_files_are_united_by_name(bench: Bench) -> None:
    """What a file lacks is null; whole and broken numbers meet as floats."""
    bench.json('{"a": 1}\n', '{"b": "x", "a": 1.5}\n')
    assert bench.rows("SELECT * FROM t ORDER BY a") == [{"a": 1.0, "b": None}, {"a": 1.5, "b": "x"}]


def test_nested_fields_are_united(bench: Bench) -> None:
    """Also inside of objects and arrays."""
    bench.json('{"a": {"b": 1}, "l": [1]}\n', '{"a": {"c": "x", "b": 0.5}, "l": [0.5]}\n')
    assert bench.rows("SELECT * FROM t ORDER BY a['b']") == [
        {"a": {"b": 0.5, "c": "x"}, "l": [0.5]},
        {"a": {"b": 1.0, "c": None}, "l": [1.0]},
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [('"x"', "1"), ("[1]", "1"), ('{"b": 1}', '"x"'), ('{"b": 1}', '{"b": []}')],
)
def test_types_that_do_not_meet_are_an_error(bench: Bench, first: str, second: str) -> None:
    """The message names the column, both files and both types."""
    with pytest.raises(SourceError, match=r"column 'a' is .* in \S*t1\.json but .* in \S*t0\.json"):
        bench.json(f'{{"a": {first}}}\n', f'{{"a": {second}}}\n')


def test_fractions_after_many_whole_numbers_are_kept(bench: Bench) -> None:
    """The engine's default would cut 0.5 to 0 without a word."""
    bench.json('{"a": 1}\n' * 3000 + '{"a": 0.5}\n')
    assert bench.column("SELECT min(a) FROM t") == [0.5]


def test_keys_that_come_late_are_there(bench: Bench) -> None:
    """The engine's default would pass over them without a word."""
    bench.json('{"a": 1}\n' * 3000 + '{"b": "x"}\n')
    assert bench.column("SELECT b FROM t WHERE b IS NOT NULL") == ["x"]


def test_a_declared_schema_needs_no_inference(bench: Bench) -> None:
    """Declared columns hold, others are left out, missing ones are null."""
    declared = pa.schema([("b", pa.string()), ("a", pa.float32()), ("c", pa.date32())])
    bench.json('{"a": 1, "z": 1}\n{"b": "x"}\n', schema=declared)
    assert bench.table("SELECT * FROM t").schema == declared
    assert bench.rows() == [{"b": None, "a": 1.0, "c": None}, {"b": "x", "a": None, "c": None}]


def test_columns_that_are_always_null_are_text(bench: Bench) -> None:
    """The one type that every later value fits in."""
    schema = bench.json('{"a": null, "b": 1, "c": {"d": null}}\n')
    assert schema.field("a").type == pa.string()
    assert schema.field("c").type == pa.struct([("d", pa.string())])


def test_an_array_file_is_an_error_with_a_way_out(bench: Bench) -> None:
    """The hint tells how to convert it."""
    with pytest.raises(SourceError, match=r"t0\.json,? (line|holds)") as e:
        bench.json('[{"a": 1}, {"a": 2}]')
    assert "jq -c '.[]'" in (e.value.hint or "")


@pytest.mark.parametrize("content", ["{", "not json\n", '{"a": 1}\n{"a": \n'])
def test_broken_json_is_an_error(bench: Bench, content: str) -> None:
    """The message names the file."""
    with pytest.raises(SourceError, match=r"t0\.json,? (line|holds)") as e:
        bench.json(content)
    assert "every line holds one whole object" in (e.value.hint or "")


def test_a_value_unlike_the_declared_type_is_an_error(bench: Bench) -> None:
    """Found while the query runs."""
    bench.json('{"a": "x"}\n', schema=pa.schema([("a", pa.int64())]))
    with pytest.raises(SourceError, match="line 1: 'x' in column 'a' is no int64"):
        bench.rows()


@pytest.mark.parametrize("contents", [[""], ["{}\n"], ["", "\n"]])
def test_files_without_columns_are_an_error(bench: Bench, contents: list[str]) -> None:
    """There is nothing to make a table of."""
    with pytest.raises(SourceError, match=r"t0\.json has no JSON object to name columns") as e:
        bench.json(*contents)
    assert e.value.hint == "declare the columns in the format's schema"


@pytest.mark.parametrize("contents", [["", '{"a": 1}\n'], ['{"a": 1}\n', ""]])
def test_empty_files_beside_others_add_no_rows(bench: Bench, contents: list[str]) -> None:
    """In whatever order."""
    bench.json(*contents)
    assert bench.rows() == [{"a": 1}]


def test_empty_files_with_a_declaration(bench: Bench) -> None:
    """No rows, and the declared columns."""
    bench.json("", schema=pa.schema([("a", pa.int64())]))
    assert bench.table("SELECT * FROM t").schema.names == ["a"]
    assert bench.rows() == []


def test_compressions(bench: Bench) -> None:
    """All four, by ending, in one source with plain files."""
    zstd = pa.BufferOutputStream()
    with pa.CompressedOutputStream(zstd, "zstd") as stream:
        stream.write(b'{"a": 4}\n')
    bench.scan(
        "json",
        bench.file("0.json", '{"a": 0}\n'),
        bench.file("1.json.gz", gzip.compress(b'{"a": 1}\n')),
        bench.file("2.json.bz2", bz2.compress(b'{"a": 2}\n')),
        bench.file("3.json.xz", lzma.compress(b'{"a": 3}\n')),
        bench.file("4.ndjson.zst", zstd.getvalue().to_pybytes()),
        is_joined=True,
    )
    assert sorted(bench.column("SELECT a FROM t")) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["a[1].json", "sp ace.jsonl", "100%#.ndjson", "ü?.json"])
def test_any_file_name(bench: Bench, name: str) -> None:
    """What the engine would interpret in a path means itself."""
    bench.scan("json", bench.file(name, '{"a": 1}\n'), bench.file("b", '{"a": 2}\n'))
    assert sorted(bench.column("SELECT a FROM t")) == [1, 2]


@pytest.mark.parametrize("name", ["A b", "x.y", 'q"q', "Mixed", "é", ""])
def test_names_that_need_quotes(bench: Bench, name: str) -> None:
    """Columns of any name, united and cast."""
    key = name.replace('"', '\\"')
    bench.json(f'{{"{key}": 1}}\n', f'{{"{key}": 0.5, "n": 1}}\n')
    quoted = '"' + name.replace('"', '""') + '"'
    assert bench.column(f"SELECT {quoted} FROM t ORDER BY 1") == [0.5, 1.0]


def test_crlf_and_blank_lines(bench: Bench) -> None:
    """Between rows."""
    bench.json('{"a": 1}\r\n\r\n{"a": 2}\r\n')
    assert bench.column("SELECT a FROM t") == [1, 2]
