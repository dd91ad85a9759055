"""Rows that cannot be read are found in their files, as an editor counts lines."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from aqueducts.builtin.datafusion_engine import bad_rows
from aqueducts.builtin.datafusion_engine.bad_rows import bad_json_line, bad_row
from aqueducts.builtin.datafusion_engine.faithful_casts import Refusal
from aqueducts.relations import CsvDialect, DataFile, FileScan

VALUE = "Error while parsing value '{}' as type 'Int64' for column {} at line 7. Row data: '[{}]'"


def scan(path: Path, kind: Literal["csv", "json"] = "csv", **settings: object) -> FileScan:
    """One file as a source."""
    dialect = CsvDialect(**settings)  # type: ignore[arg-type]
    return FileScan(format=kind, files=[DataFile(str(path), path.stat().st_size)], dialect=dialect)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_comments_and_empty_lines_count(tmp_path: Path) -> None:
    """The line is where an editor shows it; quotes are gone in the engine's message."""
    path = tmp_path / "a.csv"
    path.write_text('# daily\na,b\n\n1,2\n"x, y","?"\n')
    found = bad_row(VALUE.format("?", 1, "x, y,?"), {"t": scan(path, comment="#")})
    assert found is not None
    assert found.message == "a.csv, line 5: '?' in column 'b' is no int64"
    assert "null_values: ['?']" in (found.hint or "")
    assert found.step == "t"


def test_the_right_file_of_several(tmp_path: Path) -> None:
    """Also in compressed ones; without a header columns have numbers."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv.gz"
    good.write_text("1;2\n")
    bad.write_bytes(gzip.compress(b"1;2\n3;x\n"))
    scans = {
        name: scan(path, delimiter=";", has_header=False)
        for name, path in (("g", good), ("b", bad))
    }
    found = bad_row(VALUE.format("x", 1, "3,x"), scans)
    assert found is not None
    assert found.message == "bad.csv.gz, line 2: 'x' in column 'column_2' is no int64"
    assert found.step == "b"


def test_a_value_with_line_breaks_counts_its_lines(tmp_path: Path) -> None:
    """The line is where the record ends."""
    path = tmp_path / "a.csv"
    path.write_text('a,b\n"x\ny",2\n3\n')
    found = bad_row("incorrect number of fields for line 3", {"t": scan(path)})
    assert found is not None
    assert found.message == "a.csv, line 4: 1 value, but the header names 2 columns"


def test_json_lines(tmp_path: Path) -> None:
    """What is no object, no JSON, or of another type."""
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}\n\n[1]\n')
    found = bad_row("Json error: Not valid JSON", {"t": scan(path, "json")})
    assert found is not None
    assert found.message == "a.json, line 3 is no JSON object"
    path.write_text('{"a": 1}\n{"a": "x"}\n')
    text = "whilst decoding field 'a': failed to parse \"x\" as Int64"
    found = bad_row(text, {"t": scan(path, "json")})
    assert found is not None
    assert found.message == "a.json, line 2: \"x\" in 'a' is no int64"
    assert bad_json_line(scan(path, "json"), DataFile(str(path), 1)) is None


def test_nothing_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no row is like the message, the file is gone, or the time is up."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    scans = {"t": scan(path)}
    assert bad_row("anything else", scans) is None
    assert bad_row(VALUE.format("x", 1, "3,x"), scans) is None
    assert bad_row("unequal lengths between records", scans) is None
    assert bad_row("invalid utf-8", scans) is None
    assert bad_row("Not valid JSON", scans) is None
    monkeypatch.setattr(bad_rows, "_SECONDS", -1.0)
    path.write_text("a,b\n" + "1,2\n" * 20_000 + "1\n")
    assert bad_row("unequal lengths between records", scans) is None
    path.unlink()
    assert bad_row("unequal lengths between records", scans) is None


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    """Where its record begins; quotes inside of values are left to the engine."""
    from aqueducts.builtin.datafusion_engine.csv_files import has_quoted_newline
    from aqueducts.errors import SourceError

    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,x\n2,"y\n3,z\n')
    with pytest.raises(SourceError, match=r"a\.csv, line 3: a quote \" is opened"):
        has_quoted_newline(DataFile(str(path), 1), CsvDialect(), None)
    path.write_text('a,b\n1,"x\ny"z\n')
    assert has_quoted_newline(DataFile(str(path), 1), CsvDialect(), None)


def test_a_refused_value_of_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    """Without a place, and still in our words."""
    refusal = Refusal("t", "v", "decimal<10,2>", "string", "4.505")
    text = "value-does-not-fit:" + msgspec.json.encode(refusal).hex() + "')"
    gone = FileScan("csv", [DataFile(str(tmp_path / "gone.csv"), 5)])
    found = bad_row(text, {"t": gone})
    assert found is not None
    assert found.message == "'4.505' in column 'v' does not fit into decimal<10,2> as it is"
