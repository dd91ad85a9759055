"""Places for paths that a document has, and for those that it lacks."""

import pytest

from aqueducts.documents import Position, offset_of_line, read_document

TEXT = "sources:\n  - name: orders\n    query: |\n      a\n      bc\ndestination:\n  type: file\n"
MAP = read_document(TEXT, file="pipeline.yml", format="yaml").source_map


def test_a_missing_path_has_the_place_of_its_nearest_parent() -> None:
    """The key of a mapping, the item of a list, the start of the file."""
    assert MAP.key_span(("destination", "name")).start == Position(6, 1)
    assert MAP.value_span(("destination", "name")).start == Position(7, 3)
    assert MAP.key_span(("sources", 0, "format", "type")).start == Position(2, 5)
    assert MAP.key_span(("stages",)).start == Position(1, 1)
    assert MAP.position_inside(("destination", "name"), 5) == Position(7, 3)
    assert MAP.position_inside_key(("destination", "name"), 5) == Position(6, 1)
    assert ("destination", "name") not in MAP
    assert ("destination", "type") in MAP


def test_positions_inside_keys() -> None:
    """Items of lists have no key: their own place."""
    assert MAP.position_inside_key(("destination", "type"), 2) == Position(7, 5)
    assert MAP.position_inside_key(("sources", 0), 2) == Position(2, 5)


def test_lines_and_columns_of_a_query() -> None:
    """Beyond the end of a line is that end."""
    path = ("sources", 0, "query")
    assert MAP.position_of_line_column(path, 2, 2) == Position(5, 8)
    assert MAP.position_of_line_column(path, 1, 99) == Position(4, 8)
    assert MAP.position_of_line_column(path, 99, 1) == Position(6, 1)


@pytest.mark.parametrize(
    ("line", "column", "offset"),
    [(1, 1, 0), (1, 3, 2), (1, 9, 2), (2, 1, 3), (3, 1, 4), (3, 2, 5), (9, 9, 6), (1, 0, 0)],
)
def test_offset_of_line(line: int, column: int, offset: int) -> None:
    """Lines and columns count from 1."""
    assert offset_of_line("ab\n\ncd", line, column) == offset


def test_a_span_is_never_empty_for_a_caret() -> None:
    """A value that is missing still gets one."""
    span = read_document("a:\nb: 1\n", file="p", format="yaml").source_map.value_span(("a",))
    assert span.start == span.end == Position(1, 3)
    assert span.length == 1
