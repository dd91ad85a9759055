"""TOML: the scanner agrees with the standard parser, strings are followed, errors are told."""

import tomllib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from aqueducts.documents import Document, Position, read_document
from aqueducts.documents.toml_strings import string_end
from aqueducts.errors import SyntaxProblem

PARTS = st.sampled_from(["a", "b", "c-1", '"a b"', "'d.e'", '"\\u0061x"', "1", '""'])
SPACE = st.sampled_from(["", "", " ", "\t"])
LINES = st.sampled_from(["", "# note = [1]\n", "\n", "   \n"])
STRINGS = st.sampled_from(
    [
        '"x"', '"\\"] #\\\\"', "'C:\\no'", '"""\nfirst\n  second \\\n   third"""', "'''\n'q' it'''",
        '""""quoted""""', "''''q'''''", '""', "''", '""""""', '"""\\\n   """', '"# ${p}"',
        '"\\U0001F600"', '"""a\\t"b" ""c\\""""',
    ]
)  # fmt: skip
ATOMS = st.sampled_from(
    [
        "1", "-1_000", "0xDEAD_beef", "0b1", "1.5e-3", "inf", "-nan", "true", "1979-05-27",
        "1979-05-27T07:32:00Z", "1979-05-27 07:32:00.5-07:00", "07:32:00",
    ]
)  # fmt: skip


@st.composite
def keys(draw: st.DrawFn) -> str:
    """A key, often dotted, with blanks where TOML allows them."""
    parts = draw(st.lists(PARTS, min_size=1, max_size=3))
    return f"{draw(SPACE)}.{draw(SPACE)}".join(parts)


@st.composite
def arrays(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    """An array over several lines, with comments and a trailing comma."""
    gap = draw(LINES)
    written = [f"{gap}{item}{draw(SPACE)}" for item in draw(st.lists(items, max_size=3))]
    tail = draw(st.sampled_from(["", ","])) if written else ""
    return f"[{','.join(written)}{tail}{gap}]"


@st.composite
def inline_tables(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    """An inline table, which stays on one line."""
    pairs = draw(st.lists(st.tuples(keys(), items), max_size=3))
    return "{" + ", ".join(f"{key}{draw(SPACE)}={draw(SPACE)}{item}" for key, item in pairs) + "}"


VALUES = st.recursive(
    STRINGS | ATOMS, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text that looks like TOML; not every one is valid."""
    statements: list[str] = []
    for kind in draw(st.lists(st.sampled_from(["pair", "pair", "table", "array"]), max_size=7)):
        if kind == "pair":
            statement = f"{draw(keys())}{draw(SPACE)}={draw(SPACE)}{draw(VALUES)}"
        elif kind == "table":
            statement = f"[{draw(SPACE)}{draw(keys())}{draw(SPACE)}]"
        else:
            statement = f"[[{draw(SPACE)}{draw(keys())}{draw(SPACE)}]]"
        ending = draw(st.sampled_from(["", " # comment", "\t#"]))
        statements.append(f"{draw(LINES)}{draw(SPACE)}{statement}{ending}\n")
    text = "".join(statements)
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def read(text: str) -> Document:
    """The document of a text."""
    return read_document(text, file="pipeline.toml", format="toml")


def problems(text: str) -> list[Any]:
    """What reading a broken text reports."""
    with pytest.raises(SyntaxProblem) as raised:
        read(text)
    return list(raised.value.problems)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Every path of a value."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(item, (*path, key))


def written(document: Document, path: tuple[str | int, ...]) -> str:
    """The text of the value at a path."""
    span = document.source_map.value_span(path)
    return document.source_map.text[span.start_offset : span.end_offset]


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(texts())
def test_the_scanner_finds_the_paths_of_the_parser(text: str) -> None:
    """For every valid text: the same paths, and keys and values where they are written."""
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        reject()
    document = read(text)
    assert set(document.source_map) == set(paths(parsed)) == set(paths(document.value))
    for path in document.source_map:
        check_value(document, parsed, path)


def check_value(document: Document, parsed: Any, path: tuple[str | int, ...]) -> None:
    """What is written at a path parses to the value there, and so does its key."""
    for part in path:
        parsed = parsed[part]
    text = written(document, path)
    if path and not isinstance(parsed, dict) and not text.startswith("[["):
        assert repr(tomllib.loads(f"x = {text}")["x"]) == repr(parsed)
    if path and isinstance(path[-1], str):
        span = document.source_map.key_span(path)
        key = document.source_map.text[span.start_offset : span.end_offset]
        assert next(iter(tomllib.loads(f"{key} = 1"))) == path[-1]
    if isinstance(parsed, str):
        ends = [document.source_map.position_inside(path, i) for i in range(len(parsed) + 1)]
        assert ends == sorted(set(ends))


def test_tables_and_arrays_of_tables_have_the_place_of_their_headers() -> None:
    """A table is at its header, the second of an array at the second header."""
    document = read("[[sources]]\nname = 'a'\n\n[[sources]]\n[sources.format.options]\nx = 1\n")
    assert document.source_map.value_span(("sources", 1)).start == Position(4, 1)
    assert document.source_map.key_span(("sources", 1)).start == Position(4, 3)
    assert document.source_map.key_span(("sources", 1, "format")).start == Position(5, 10)
    assert document.source_map.key_span(("sources", 1, "format", "options", "x")).start.line == 6


def test_multi_line_strings_are_followed() -> None:
    """Through the first line break, a line continuation, and CRLF."""
    text = 'query = """\r\nSELECT \\\r\n   a,\r\n  b"""\r\n'
    document = read(text)
    query = document.value["query"]
    assert query == "SELECT a,\n  b"
    position = document.source_map.position_inside
    assert position(("query",), query.index("S")) == Position(2, 1)
    assert position(("query",), query.index("a")) == Position(3, 4)
    assert position(("query",), query.index("b")) == Position(4, 3)
    assert document.source_map.position_of_line_column(("query",), 2, 3) == Position(4, 3)


def test_dates_and_times_are_iso_strings() -> None:
    """No value is anything but plain data."""
    document = read("d = 2024-01-31\nt = 07:32:00\ndt = 1979-05-27 07:32:00Z\nl = [2024-02-01]\n")
    assert document.value == {
        "d": "2024-01-31",
        "t": "07:32:00",
        "dt": "1979-05-27T07:32:00+00:00",
        "l": ["2024-02-01"],
    }
    assert document.source_map.position_inside(("d",), 5) == Position(1, 10)
    assert document.source_map.position_inside(("dt",), 5) == Position(3, 6)


def test_bare_placeholders_are_strings() -> None:
    """As a value, an item and part of a key; positions are those of the file."""
    document = read("version = ${v}\n[t_${env}]\nlist = [${a}, 1, ${b}] # ${c}\n${k} = '${x}'\n")
    assert document.value == {
        "version": "${v}",
        "t_${env}": {"list": ["${a}", 1, "${b}"], "${k}": "${x}"},
    }
    assert document.source_map.position_inside(("t_${env}", "list", 2), 2) == Position(3, 20)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a = \n", 1, 5, "a value was expected"),
        ("a = yes\n", 1, 5, "a value was expected"),
        ("a 1\n", 1, 3, "'=' is missing"),
        ("a = 1 b = 2\n", 1, 7, "more text after the value"),
        ('x = 1\na = "abc\n', 2, 9, "not closed"),
        ("a = [1, 2\nb = 3\n", 2, 1, "a list is not closed"),
        ('p = "C:\\data"\n', 1, 8, "no valid escape"),
        ("x = 1\n\n= 3", 3, 1, "no key"),
        ("a = ${x}, ${y}\nb = ]", 1, 9, "more text after the value"),
        ("a = ${x}\nb = [${x}, ${y}, ]]", 2, 19, "more text after the value"),
    ],
)
def test_syntax_errors_have_a_place(text: str, line: int, column: int, words: str) -> None:
    """One sentence, at the place where the parser gave up."""
    (problem,) = problems(text)
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message
    assert problem.code == "toml-syntax"


@pytest.mark.parametrize(
    ("text", "place", "first"),
    [
        ("a = 1\nb = 2\na = 3\n", (3, 1), "1:1"),
        ("[t]\na = 1\n[t]\n", (3, 2), "1:2"),
        ("x = { a = 1, a = 2 }\n", (1, 14), "1:7"),
        ("a.b = 1\na.b = 2\n", (2, 3), "1:3"),
        ("[[t]]\nx = 1\nx = 1\n", (3, 1), "2:1"),
    ],
)
def test_duplicate_keys_show_both_places(text: str, place: tuple[int, int], first: str) -> None:
    """The second at its place, the first in the note."""
    (problem,) = problems(text)
    assert problem.code == "duplicate-key"
    assert (problem.line, problem.column) == place
    assert problem.note is not None
    assert problem.note.endswith(f"pipeline.toml:{first}")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, ".".join("a" * 200) + " = 1"])
def test_deep_nesting_is_refused(text: str) -> None:
    """In arrays, where the parser recurses, and in dotted keys, where it does not."""
    (problem,) = problems(text)
    assert problem.code == "too-deep"


@pytest.mark.parametrize("text", ['"a', "'a", '"""a""', "'''a''", "x", '"a\nb"'])
def test_a_string_without_an_end_has_none(text: str) -> None:
    """Also where a text merely begins like a string."""
    assert string_end(text, 0) is None
