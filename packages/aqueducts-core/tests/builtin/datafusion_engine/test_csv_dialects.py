"""CSV dialects: quotes, escapes, comments, nulls, line ends, encodings, compressions."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError
from aqueducts.relations import CsvDialect

if TYPE_CHECKING:
    from builtin.datafusion_engine.conftest import Bench


def zstd(data: bytes) -> bytes:
    """Compress with zstd."""
    compressed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    # A frame without the size of its content, as a streaming writer makes it, is read as well.
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    streamed: bytes = sink.getvalue().to_pybytes()
    return streamed or compressed


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
}
ENDINGS = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst"}


def test_quoted_values_hold_delimiters_and_quotes(bench: Bench) -> None:
    """A doubled quote is one."""
    bench.csv('a,b\n"x,y","say ""hi"""\n')
    assert bench.rows() == [{"a": "x,y", "b": 'say "hi"'}]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", "^"])
def test_other_delimiters(bench: Bench, delimiter: str) -> None:
    """Any one character may stand between values."""
    bench.csv(f"a{delimiter}b\n1{delimiter}x\n", dialect=CsvDialect(delimiter=delimiter))
    assert bench.rows() == [{"a": 1, "b": "x"}]


def test_another_quote(bench: Bench) -> None:
    """In the header and in values."""
    bench.csv("'a,1',b\n'x,y',2\n", dialect=CsvDialect(quote="'"))
    assert bench.rows() == [{"a,1": "x,y", "b": 2}]


def test_an_escape(bench: Bench) -> None:
    r"""A backslash may stand before a quote in quotes, in the header as well."""
    bench.csv('"a\\"b",c\n"x\\"y",1\n', dialect=CsvDialect(escape="\\"))
    assert bench.rows() == [{'a"b': 'x"y', "c": 1}]


def test_comments(bench: Bench) -> None:
    """Lines that begin with the comment character are passed over, before the header too."""
    bench.csv("# made by hand\na,b\n#1,2\n3,#4\n", dialect=CsvDialect(comment="#"))
    assert bench.rows() == [{"a": 3, "b": "#4"}]


def test_without_a_comment_character_nothing_is_a_comment(bench: Bench) -> None:
    """A leading # is a value."""
    bench.csv("a\n#1\n")
    assert bench.rows() == [{"a": "#1"}]


def test_texts_for_null_in_strings(bench: Bench) -> None:
    """Every declared text is null, in a string column that is inferred."""
    bench.csv("n,s\n1,NA\n2,-\n3,x\n", dialect=CsvDialect(null_values=("NA", "-")))
    assert bench.column("SELECT s FROM t ORDER BY n") == [None, None, "x"]


def test_texts_for_null_in_numbers_and_dates(bench: Bench) -> None:
    """They do not make a column of numbers or dates one of text."""
    schema = bench.csv(
        "n,i,f,d,b\n1,NA,0.5,NA,true\n2,7,NA,2024-01-02,NA\n",
        dialect=CsvDialect(null_values=("NA",)),
    )
    assert [str(each) for each in schema.types] == [
        "int64",
        "int64",
        "double",
        "date32[day]",
        "bool",
    ]
    assert [list(map(str, row.values())) for row in bench.rows("SELECT * FROM t ORDER BY n")] == [
        ["1", "None", "0.5", "None", "True"],
        ["2", "7", "None", "2024-01-02", "None"],
    ]


def test_texts_for_null_with_declared_types(bench: Bench) -> None:
    """The declared types hold, empty values are null too."""
    declared = pa.schema([("i", pa.int16()), ("s", pa.string())])
    bench.csv(
        "i,s\nnull,null\n,\n3,x\n", schema=declared, dialect=CsvDialect(null_values=("null",))
    )
    assert bench.table("SELECT * FROM t").schema == declared
    assert bench.rows()[0] == {"i": None, "s": None}
    assert bench.rows("SELECT count(*) AS n FROM t WHERE i IS NULL") == [{"n": 2}]


def test_texts_for_null_where_files_lack_columns(bench: Bench) -> None:
    """Columns that are missing and columns that are cleared of texts meet as one type."""
    bench.csv("a,b\nNA,x\n", "b,c\nNA,1\n", dialect=CsvDialect(null_values=("NA",)))
    assert bench.rows("SELECT * FROM t ORDER BY b") == [
        {"a": None, "b": "x", "c": None},
        {"a": None, "b": None, "c": 1},
    ]


def test_texts_for_null_are_texts(bench: Bench) -> None:
    """What is special in a regular expression stands for itself."""
    bench.csv("a\n1\n.*\n(x\n", dialect=CsvDialect(null_values=(".*", "(x")))
    assert bench.column("SELECT a FROM t ORDER BY a NULLS LAST") == [1, None, None]


def test_a_value_that_is_no_number_and_not_null_is_an_error(bench: Bench) -> None:
    """With texts for null numbers are still checked."""
    declared = pa.schema([("i", pa.int64())])
    bench.csv("i\nNA\nx\n", schema=declared, dialect=CsvDialect(null_values=("NA",)))
    with pytest.raises(SourceError, match="line 3: 'x' in column 'i' is no int64"):
        bench.rows()


@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "found"])
def test_line_breaks_in_values(bench: Bench, is_declared: bool) -> None:
    """A file of many megabytes is not cut inside a value, declared or found in its beginning."""
    rows = 60_000
    line = '{},"first\nsecond, with some more text to make the file long enough to be split"\n'
    bench.csv(
        "n,s\n" + "".join(line.format(n) for n in range(rows)),
        dialect=CsvDialect(newlines_in_values=is_declared),
    )
    [row] = bench.rows(
        "SELECT count(*) AS rows, count(DISTINCT s) AS texts, sum(n) AS total FROM t"
    )
    assert row == {"rows": rows, "texts": 1, "total": rows * (rows - 1) // 2}


def test_line_breaks_in_values_of_compressed_files_and_with_escapes(bench: Bench) -> None:
    """Types are found as well where the values are behind compression and escapes."""
    text = "n,s\n" + "".join(f'{n},"a\\"\nb"\n' for n in range(2000))
    file = bench.file("t.csv.gz", gzip.compress(text.encode()))
    bench.scan("csv", file, dialect=CsvDialect(escape="\\"))
    assert bench.rows("SELECT sum(n) AS n, min(s) AS s FROM t") == [{"n": 1999000, "s": 'a"\nb'}]


def test_a_lone_quote_is_no_line_break(bench: Bench) -> None:
    """Inches do not make the next rows one value."""
    bench.csv("n,s\n" + '1,5" pipe\n2,6" pipe\n' * 3)
    assert bench.rows("SELECT count(*) AS rows, sum(n) AS n FROM t") == [{"rows": 6, "n": 9}]


def test_line_breaks_in_values_of_a_file_of_megabytes(bench: Bench) -> None:
    """A row that is cut by the end of the looked-at part is not looked at."""
    row = '{},"' + "x\n" * 500 + '"\n'
    bench.csv("n,s\n" + "".join(row.format(n) for n in range(1500)))
    assert bench.rows("SELECT sum(n) AS n, count(*) AS rows FROM t") == [
        {"n": 1500 * 1499 // 2, "rows": 1500}
    ]


def test_line_breaks_in_a_header(bench: Bench) -> None:
    """A column name may hold one as well."""
    bench.csv('"a\nb",c\n1,2\n')
    assert bench.rows() == [{"a\nb": 1, "c": 2}]


def test_crlf(bench: Bench) -> None:
    """Line ends of Windows are not part of values or names."""
    bench.csv("a,b\r\n1,x\r\n2,y\r\n")
    assert bench.rows() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_byte_order_mark(bench: Bench) -> None:
    """A BOM is not part of the first name."""
    bench.csv(b"\xef\xbb\xbfa,b\n1,x\n", b"b,a\ny,2\n")
    assert bench.rows("SELECT a, b FROM t ORDER BY a") == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_byte_order_mark_before_a_quoted_name(bench: Bench) -> None:
    """The quotes are not part of the name either."""
    bench.csv(b'\xef\xbb\xbf"a","b"\n1,x\n')
    assert bench.rows() == [{"a": 1, "b": "x"}]


def test_no_line_end_at_the_end(bench: Bench) -> None:
    """The last row counts."""
    bench.csv("a\n1\n2")
    assert bench.column("SELECT a FROM t") == [1, 2]


def test_unicode(bench: Bench) -> None:
    """Text of any script."""
    bench.csv("naïve,名\né,🦆\n")
    assert bench.rows() == [{"naïve": "é", "名": "🦆"}]


@pytest.mark.parametrize("content", [b"caf\xe9,b\n1,2\n", b"\x1f\x8b\x08\x00,b\n"])
def test_a_header_that_is_not_utf8_is_an_error(bench: Bench, content: bytes) -> None:
    """The message names the file, the hint how to convert it and what compression needs."""
    with pytest.raises(SourceError, match=r"t0\.csv is not UTF-8 text: .* at byte \d") as e:
        bench.csv(content)
    assert "iconv" in (e.value.hint or "")
    assert "compression" in (e.value.hint or "")


def test_a_row_that_is_not_utf8_is_an_error(bench: Bench) -> None:
    """The hint is the same where the engine finds it."""
    with pytest.raises(SourceError, match="line 2002 is not UTF-8") as e:
        bench.csv(b"a\n" + b"word\n" * 2000 + b"caf\xe9\n")
    assert "iconv" in (e.value.hint or "")


@pytest.mark.parametrize("compression", list(COMPRESSORS))
def test_compression_by_the_ending(bench: Bench, compression: str) -> None:
    """Each of the four compressions is known by its ending."""
    data = COMPRESSORS[compression](b"a,b\n1,x\n2,\n")
    bench.scan("csv", bench.file("t.csv" + ENDINGS[compression], data))
    assert bench.rows() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


@pytest.mark.parametrize("compression", list(COMPRESSORS))
def test_compression_by_declaration(bench: Bench, compression: str) -> None:
    """The declaration wins over the ending."""
    data = COMPRESSORS[compression](b"a\n1\n")
    bench.scan("csv", bench.file("t.data", data), compression=compression)
    assert bench.rows() == [{"a": 1}]


def test_declared_as_not_compressed(bench: Bench) -> None:
    """A plain file may have the ending of a compressed one."""
    bench.scan("csv", bench.file("t.gz", "a\n1\n"), compression="none")
    assert bench.rows() == [{"a": 1}]


def test_files_with_different_compressions(bench: Bench) -> None:
    """One source may hold them all, and plain files."""
    files = [bench.file("plain.csv", "a,b\n0,x\n")]
    for n, (name, compress) in enumerate(COMPRESSORS.items(), start=1):
        files.append(
            bench.file("t.csv" + ENDINGS[name].upper(), compress(f"b,a\ny,{n}\n".encode()))
        )
    bench.scan("csv", *files)
    assert bench.column("SELECT a FROM t ORDER BY a") == [0, 1, 2, 3, 4]


def test_several_members_in_one_compressed_file(bench: Bench) -> None:
    """Concatenated gzip files are one file."""
    data = gzip.compress(b"a\n1\n") + gzip.compress(b"2\n")
    bench.scan("csv", bench.file("t.csv.gz", data))
    assert bench.column("SELECT a FROM t") == [1, 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.gz", b"a,b\n1,2\n"),
        ("t.csv.gz", gzip.compress(b"a,b\n" * 1000, mtime=0)[:30]),
        ("t.csv.bz2", b"a,b\n1,2\n"),
        ("t.csv.xz", b"a,b\n1,2\n"),
        ("t.csv.zst", b"a,b\n1,2\n"),
    ],
)
def test_a_broken_compressed_file_is_an_error(bench: Bench, name: str, content: bytes) -> None:
    """The message names the file."""
    with pytest.raises(SourceError, match=rf"cannot read the header of \S*{name}"):
        bench.scan("csv", bench.file(name, content))


def test_a_missing_file_is_an_error(bench: Bench) -> None:
    """A file that vanished since it was listed is named."""
    file = bench.file("t.csv", "a\n1\n")
    (bench.files / "t.csv").unlink()
    with pytest.raises(SourceError, match=r"cannot read the header of \S*t\.csv"):
        bench.scan("csv", file)


@pytest.mark.parametrize(
    "name",
    [
        "a[1].csv",
        "what?.csv",
        "star*.csv",
        "with space.csv",
        "ünï.csv",
        "hash#1.csv",
        "100%.csv",
        "%41.csv",
        "a,b;c.csv",
        "it's.csv",
        'q"q.csv',
        "no-ending",
        "UPPER.CSV",
        "a=b/file.csv",
        "{x}.csv",
        "back\\slash.csv",
        "new\nline.csv",
    ],
)
def test_any_file_name(bench: Bench, name: str) -> None:
    """What the engine would interpret in a path means itself."""
    bench.scan("csv", bench.file(name, "a\n1\n"), bench.file("other.csv", "a\n2\n"))
    assert sorted(bench.column("SELECT a FROM t")) == [1, 2]


def test_error_messages_name_the_file_and_no_link(bench: Bench) -> None:
    """Where the engine names a file, it is the user's."""
    with pytest.raises(SourceError, match=r"t0\.csv, line 3") as e:
        bench.csv("a,b\n1,2\n3\n")
    assert str(bench.work_dir) not in str(e.value)
