"""One door for the three formats."""

import subprocess
import sys
from pathlib import Path

import pytest

from aqueducts.documents import Format, format_of, read_document
from aqueducts.errors import SyntaxProblem

TEXTS: dict[Format, str] = {
    "yaml": "sources:\n  - name: orders\n    rows: 5\n",
    "json": '{"sources": [{"name": "orders", "rows": 5}]}',
    "toml": '[[sources]]\nname = "orders"\nrows = 5\n',
}


@pytest.mark.parametrize("format_", TEXTS)
def test_the_same_document_in_every_format(format_: Format) -> None:
    """The same values, and a place for the same paths."""
    document = read_document(TEXTS[format_], file="p", format=format_)
    assert document.value == {"sources": [{"name": "orders", "rows": 5}]}
    paths = {(), ("sources",), ("sources", 0), ("sources", 0, "name"), ("sources", 0, "rows")}
    assert set(document.source_map) == paths
    span = document.source_map.value_span(("sources", 0, "rows"))
    assert document.source_map.text[span.start_offset : span.end_offset] == "5"


@pytest.mark.parametrize("format_", TEXTS)
def test_a_byte_order_mark_and_crlf_change_nothing(format_: Format) -> None:
    """As editors on Windows write files."""
    plain = read_document(TEXTS[format_], file="p", format=format_)
    text = "\ufeff" + TEXTS[format_].replace("\n", "\r\n")
    document = read_document(text, file="p", format=format_)
    assert document.value == plain.value
    for path in plain.source_map:
        assert document.source_map.key_span(path).start == plain.source_map.key_span(path).start


@pytest.mark.parametrize("format_", TEXTS)
def test_bytes_that_are_not_utf_8_are_refused(format_: Format) -> None:
    """A file read with surrogateescape shows where they are."""
    text = TEXTS[format_].replace("orders", "ord\udcffrs")
    with pytest.raises(SyntaxProblem) as raised:
        read_document(text, file="p", format=format_)
    (problem,) = raised.value.problems
    line = text[: text.index("\udcff")].count("\n") + 1
    assert (problem.message, problem.line) == ("the file holds bytes that are not UTF-8 text", line)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.yml", "yaml"),
        ("dir.json/a.yaml", "yaml"),
        ("A.JSON", "json"),
        (Path("x") / "p.prod.toml", "toml"),
        ("C:\\data\\p.toml", "toml"),
    ],
)
def test_the_extension_tells_the_format(path: str | Path, expected: Format) -> None:
    """The last one, in any case."""
    assert format_of(path) == expected


@pytest.mark.parametrize("path", ["a.txt", "yaml", "dir.yml/a", "a.yml.bak", "a."])
def test_other_extensions_are_refused(path: str) -> None:
    """With the three that can be used."""
    with pytest.raises(SyntaxProblem) as raised:
        format_of(path)
    for extension in (".yml", ".yaml", ".json", ".toml"):
        assert extension in str(raised.value)


@pytest.mark.parametrize("format_", TEXTS)
def test_only_the_parser_of_the_format_is_imported(format_: Format) -> None:
    """Start-up time is counted in milliseconds."""
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"  # a coverage run has started by then
        "from aqueducts.documents import read_document\n"
        f"read_document({TEXTS[format_]!r}, file='p', format={format_!r})\n"
        "heavy = {'yaml', 'tomllib', 'json', 'pydantic', 'pyarrow', 'datafusion'}\n"
        "print(*sorted((heavy - before) & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    used = {"yaml": "yaml", "json": "json", "toml": "tomllib"}
    assert set(done.stdout.split()) <= {used[format_]}
