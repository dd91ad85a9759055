"""Every character of a YAML string is found where it is written."""

import itertools
import random

import pytest

from aqueducts.documents import Document, Position, read_document
from aqueducts.errors import SyntaxProblem

PATH = ("stage", "query")
LINES = ["a", "b c", " x", "  y", "\tz", "", "", "   ", " ", "q # no", "k: v", "- i", "日 é"]
PIECES = [
    "a", "b c", " ", "  ", "\n     ", "\n\n     ", "\n     \n     ", "\t", "''", "'", '"', "\\n",
    "\\\n     ", "\\x41", "\\u00e9", "\\U0001F600", "\\ ", "é", "#", " #", ":", "\u2028", "\x85",
    "\r\n     ", "日",
]  # fmt: skip


def read(text: str) -> Document:
    """The document of a text."""
    return read_document(text, file="pipeline.yml", format="yaml")


def check_followed(document: Document) -> int:
    """Compare each character with the text at its place; how many there were."""
    value = document.value["stage"]["query"]
    if not isinstance(value, str):
        return 0
    text, source_map = document.source_map.text, document.source_map
    start = source_map.value_span(PATH).start_offset
    by_position = {source_map.position(o): o for o in range(start, len(text) + 1)}
    offsets = [by_position[source_map.position_inside(PATH, i)] for i in range(len(value) + 1)]
    assert offsets == sorted(set(offsets)), (text, value)
    for character, offset in zip(value, offsets, strict=False):
        written = text[offset]
        is_break = character in " \n" and written in "\r\n\x85"
        assert written in (character, "\\") or is_break, (text, value, offset)
    return len(value)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("indicator", ["|", ">"])
def test_block_scalars(indicator: str, line_break: str) -> None:
    """All forms of chomping and indentation, over random lines, at the end and before more."""
    chosen = random.Random(f"{indicator}{line_break!r}")
    followed = 0
    for chomping, indent, tail in itertools.product(["", "-", "+"], ["", "1", "2", "4"], [0, 1]):
        for _ in range(25):
            lines = chosen.choices(LINES, k=chosen.randint(0, 6))
            margin = " " * (2 + int(indent or 2))
            body = [margin + line if line.strip() else chosen.choice([line, ""]) for line in lines]
            properties = chosen.choice(["", "&a ", "!!str ", "!!str &a "])
            header = indicator + chosen.choice([chomping + indent, indent + chomping])
            comment = chosen.choice(["", "  # note"])
            last = ["  more: 1", ""] if tail else []
            text = line_break.join(
                ["stage:", f"  query: {properties}{header}{comment}", *body, *last]
            )
            try:
                document = read(text)
            except SyntaxProblem:
                continue
            followed += check_followed(document)
    assert followed > 3000


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_plain_and_quoted_scalars(quote: str) -> None:
    """Folded lines, escapes, escaped line breaks, doubled quotes, and odd line separators."""
    chosen = random.Random(f"quote{quote}")
    followed = 0
    for _ in range(1500):
        body = "".join(chosen.choices(PIECES, k=chosen.randint(1, 7)))
        properties = chosen.choice(["", "&a ", "!!str ", "!!str\n    ", "&a # note\n    "])
        try:
            document = read(f"stage:\n  query: {properties}{quote}{body}{quote}\n  more: 1\n")
        except SyntaxProblem:
            continue
        followed += check_followed(document)
    assert followed > 1500


def test_a_literal_query() -> None:
    """A message about line 3, column 7 of a query is shown at the right place of the file."""
    document = read("stage:\n  query: |2-\n      SELECT *\n\n      FROM ordrs\n    WHERE x\n")
    assert document.value["stage"]["query"] == "  SELECT *\n\n  FROM ordrs\nWHERE x"
    assert document.source_map.position_of_line_column(PATH, 1, 3) == Position(3, 7)
    assert document.source_map.position_of_line_column(PATH, 3, 8) == Position(5, 12)
    assert document.source_map.position_of_line_column(PATH, 4, 1) == Position(6, 5)


def test_a_folded_query() -> None:
    """The engine sees one line; the file has several."""
    document = read("stage:\n  query: >-\n    SELECT *\n    FROM ordrs\n    WHERE x\n")
    query = document.value["stage"]["query"]
    assert query == "SELECT * FROM ordrs WHERE x"
    column = query.index("ordrs") + 1
    assert document.source_map.position_of_line_column(PATH, 1, column) == Position(4, 10)


def test_a_double_quoted_query_with_escapes() -> None:
    """Escapes are one character of the query and several of the file."""
    document = read('stage:\n  query: "a\\tb\\u00e9 \\\n      c\n      d"\n')
    assert document.value["stage"]["query"] == "a\tbé c d"
    places = [document.source_map.position_inside(PATH, i) for i in range(9)]
    assert places == [
        *(Position(2, column) for column in (11, 12, 14, 15, 21)),
        *(Position(3, column) for column in (7, 8)),
        *(Position(4, column) for column in (7, 8)),
    ]


def test_an_offset_outside_the_string_is_its_nearest_end() -> None:
    """A message about the end of a query points behind its last character."""
    document = read("stage: {query: abc}\n")
    assert document.source_map.position_inside(PATH, 3) == Position(1, 19)
    assert document.source_map.position_inside(PATH, 99) == Position(1, 19)
    assert document.source_map.position_inside(PATH, -1) == Position(1, 16)
