"""JSON: strict, with places for everything and words for what people write by habit."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.diagnostics import Problem
from aqueducts.documents import Document, Position, read_document
from aqueducts.errors import SyntaxProblem


def read(text: str) -> Document:
    """The document of a text."""
    return read_document(text, file="pipeline.json", format="json")


def problems(text: str) -> list[Problem]:
    """What reading a broken text reports."""
    with pytest.raises(SyntaxProblem) as raised:
        read(text)
    return [problem for problem in raised.value.problems if isinstance(problem, Problem)]


def test_every_key_and_value_has_its_place() -> None:
    """Spans are exactly what is written."""
    text = '{\r\n\t"sources": [ {"na\\u006de": "a\\"b"} , 12.5e1 ]\r\n}\r\n'
    document = read(text)
    places = {
        path: (document.source_map.key_span(path), document.source_map.value_span(path))
        for path in document.source_map
    }
    written = {
        path: (text[k.start_offset : k.end_offset], text[v.start_offset : v.end_offset])
        for path, (k, v) in places.items()
    }
    assert written[("sources",)][0] == '"sources"'
    assert written[("sources", 0)] == ('{"na\\u006de": "a\\"b"}',) * 2
    assert written[("sources", 0, "name")] == ('"na\\u006de"', '"a\\"b"')
    assert written[("sources", 1)][1] == "12.5e1"
    assert written[()][1] == text.strip()
    assert places[("sources", 1)][1].start == Position(2, 39)


def test_strings_are_followed_through_escapes() -> None:
    """A surrogate pair is one character."""
    document = read('["a\\n\\ud83d\\ude00\\u00e9/\\/b"]')
    assert document.value == ["a\n\U0001f600é//b"]
    columns = [document.source_map.position_inside((0,), i).column for i in range(8)]
    assert columns == [3, 4, 6, 18, 24, 25, 27, 28]


def test_a_byte_order_mark_is_no_column() -> None:
    """As some editors write it."""
    document = read('\ufeff{"a": 1}')
    assert document.value == {"a": 1}
    assert document.source_map.key_span(("a",)).start == Position(1, 2)


def test_a_bare_placeholder_is_a_string() -> None:
    """As a value only."""
    document = read('{"version": ${v}, "l": [${a}, ${secret:env:KEY}]}')
    assert document.value == {"version": "${v}", "l": ["${a}", "${secret:env:KEY}"]}
    assert document.source_map.position_inside(("l", 0), 2) == Position(1, 27)


@pytest.mark.parametrize(
    ("text", "column", "message", "advice"),
    [
        ("", 1, "expected a value, found the end of the file", None),
        ("  ", 3, "expected a value, found the end of the file", None),
        ("{", 2, "expected a key in double quotes, found the end of the file", None),
        ('{"a" 1}', 6, "expected ':' after the key, found '1'", None),
        ('{"a": 1 "b": 2}', 9, "expected ',' or '}', found '\"'", None),
        ('{"a": 1,}', 8, "',' before '}'", "remove the comma"),
        ("[1, 2,]", 6, "',' before ']'", "remove the comma"),
        ("[1 2]", 4, "expected ',' or ']', found '2'", None),
        ("[1] x", 5, "expected the end of the document, found 'x'", None),
        ("{'a': 1}", 2, "expected a key in double quotes, found '''", "double quotes"),
        ("{a: 1}", 2, "expected a key in double quotes, found 'a'", None),
        ("[] // note", 4, "expected the end of the document, found '/'", "no comments"),
        ("# note\n[]", 1, "expected a value, found '#'", "no comments"),
        ("[True]", 2, "expected a value, found 'True'", "write true"),
        ("[None]", 2, "expected a value, found 'None'", "write null"),
        ("[NaN]", 2, "expected a value, found 'NaN'", "null"),
        ("[-Infinity]", 2, "expected a value, found '-Infinity'", "no infinity"),
        ("[truest]", 2, "expected a value, found 'truest'", None),
        ("[01]", 2, "expected a value, found '01'", None),
        ("[1.]", 2, "expected a value, found '1.'", None),
        ("[+1]", 2, "expected a value, found '+1'", None),
        ("[.5]", 2, "expected a value, found '.5'", None),
        ("[0x10]", 2, "expected a value, found '0x10'", None),
        ("[\u0661]", 2, "expected a value, found '\u0661'", None),
        ("[1e999]", 2, "a number that is out of range", None),
        (f"[{'9' * 5000}]", 2, "a number that is out of range", None),
        ('["abc]', 2, "this string is never closed", "close it"),
        ('["a\tb"]', 4, "a string holds a line break or control character", "\\t"),
        ('["C:\\data"]', 5, "a backslash begins no valid escape", "\\\\"),
        ('["\\u12"]', 3, "a backslash begins no valid escape", None),
        ('["\\ud800"]', 2, "a \\u escape gives half a surrogate pair", "both halves"),
        ("[${a b}]", 2, "expected a value, found '$'", None),
        ("\x0b[]", 1, "expected a value, found '\x0b'", None),
    ],
)
def test_syntax_errors(text: str, column: int, message: str, advice: str | None) -> None:
    """What was expected, what was found, where, and what to write instead."""
    (problem,) = problems(text)
    assert (problem.code, problem.line, problem.column) == ("json-syntax", 1, column)
    assert problem.message == message
    assert advice is None or advice in (problem.help or "")


def test_duplicate_keys_show_both_places() -> None:
    """All of them, with a later syntax error too."""
    found = problems('{"a": 1, "b": {"x": 1, "\\u0078": 2},\n "a": 3 "c"}')
    assert [(p.code, p.line, p.column) for p in found] == [
        ("duplicate-key", 1, 24),
        ("duplicate-key", 2, 2),
        ("json-syntax", 2, 9),
    ]
    assert found[1].note == "it is first given at pipeline.json:1:2"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 5000, "[" * 102 + "]" * 102])
def test_deep_nesting_is_refused(text: str) -> None:
    """Without running out of stack."""
    (problem,) = problems(text)
    assert problem.code == "too-deep"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(st.sampled_from('{}[]",:\\ \n019.-+eE truefalsn/ux\t\x00é'), max_size=12))
def test_it_accepts_what_the_standard_parser_accepts(text: str) -> None:
    """And nothing else: same values, same refusals."""
    try:
        expected = json.loads(text, parse_constant=lambda word: [][len(word)])
    except (ValueError, IndexError):
        problems(text)
        return
    assert read(text).value == expected
