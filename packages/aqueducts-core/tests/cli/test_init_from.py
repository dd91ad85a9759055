"""`aqueducts init --from`: what it writes runs as it is, and gives the rows that are there."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import aqueducts


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _write(files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _run(name: str = "pipeline.yml") -> pa.Table:
    """The rows that the pipeline writes; it is sound even where warnings are errors."""
    pipeline = aqueducts.load(name, strict=True)
    aqueducts.run_sync(pipeline)
    return pq.read_table(pipeline.destination.location, partitioning=None)


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return sorted(zip(*columns, strict=True), key=repr)


def _parquet(table: pa.Table, compression: str = "snappy") -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression=compression)
    return bytes(sink.getvalue().to_pybytes())


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


_TABLE = "id,b\n1,x\n2,y\n"
_TABLE_ROWS = [(1, "x"), (2, "y")]

TEXTS: dict[str, tuple[str | bytes, list[tuple[Any, ...]]]] = {
    "semicolons and decimal commas": ("id;price\n1;1,5\n2;2,25\n", [(1, 1.5), (2, 2.25)]),
    "tabs": ("id\tname\n1\ta,b\n2\tc;d\n", [(1, "a,b"), (2, "c;d")]),
    "bars": ("id|name\n1|a\n2|b\n", [(1, "a"), (2, "b")]),
    "no header": ("1,x,2.5\n2,y,3.5\n", [(1, "x", 2.5), (2, "y", 3.5)]),
    "no header, text": ("x,y\nx,z\nw,y\n", [("w", "y"), ("x", "y"), ("x", "z")]),
    "line ends in quotes": (
        'id,text\n1,"a\nb"\n2,"c, ""d"""\n',
        [(1, "a\nb"), (2, 'c, "d"')],
    ),
    "byte order mark": (b"\xef\xbb\xbf" + _TABLE.encode(), _TABLE_ROWS),
    "byte order mark, no header": (b"\xef\xbb\xbf1,2\n3,4\n", [(1, 2), (3, 4)]),
    "carriage returns": (_TABLE.replace("\n", "\r\n"), _TABLE_ROWS),
    "old carriage returns": (_TABLE.replace("\n", "\r"), _TABLE_ROWS),
    "no last line end": (_TABLE.rstrip(), _TABLE_ROWS),
    "header only": ("a,b\n", []),
    "one column with commas": ("name\nAnn\nBob, Cyd\n", [("Ann",), ("Bob, Cyd",)]),
    "one column": ("name\nAnn\nBob\n", [("Ann",), ("Bob",)]),
    "one column of numbers": ("1\n2\n3\n", [(1,), (2,), (3,)]),
    "leading zeros": ("code,n\n0012,1\n0003,2\n", [("0003", 2), ("0012", 1)]),
    "plus signs": ("phone,n\n+49123,1\n+49456,2\n", [("+49123", 1), ("+49456", 2)]),
    "nulls": ("id,n,s\n1,NA,x\n2,5,\n3,,y\n", [(1, None, "x"), (2, 5, None), (3, None, "y")]),
    "null in text": ("id,s\n1,NA\n2,x\n", [(1, "NA"), (2, "x")]),
    "empty column": ("a,b\n1,\n2,\n", [(1, None), (2, None)]),
    "dates and times": (
        "d,t,z,h\n2024-05-01,2024-05-01 10:00:00.5,2024-05-01T10:00:00+02:00,10:30:00\n",
        [
            (
                date(2024, 5, 1),
                _at("2024-05-01T10:00:00.5"),
                datetime(2024, 5, 1, 8, tzinfo=UTC),
                time(10, 30),
            )
        ],
    ),
    "american dates": (
        "d,n\n12/31/2024,1\n01/02/2024,2\n",
        [(date(2024, 1, 2), 2), (date(2024, 12, 31), 1)],
    ),
    "dates that could be either": (
        "d,n\n02/03/2024,1\n01/02/2024,2\n",
        [("01/02/2024", 2), ("02/03/2024", 1)],
    ),
    "german timestamps": (
        "d;n\n1.5.2024 9:05;1\n31.12.2024 10:00;2\n",
        [(_at("2024-12-31T10:00"), 2), (_at("2024-05-01T09:05"), 1)],
    ),
    "timestamps without seconds": (
        "d,n\n2024-05-01T10:00,1\n2024-05-02T11:30,2\n",
        [(_at("2024-05-01T10:00"), 1), (_at("2024-05-02T11:30"), 2)],
    ),
    "booleans": (
        "a,b\nTrue,yes\nFALSE,no\n,maybe\n",
        [(False, "no"), (None, "maybe"), (True, "yes")],
    ),
    "money": (
        "a,b\n1.50,1.5\n2.00,2\n10.25,\n",
        [(Decimal("1.50"), 1.5), (Decimal("10.25"), None), (Decimal("2.00"), 2.0)],
    ),
    "groups of thousands": ('a,b\n"1,234.50",1\n"12.25",2\n', [(12.25, 2), (1234.5, 1)]),
    "thousands or fractions": ('a,b\n"1,234",1\n"12",2\n', [("1,234", 1), ("12", 2)]),
    "long numbers": (
        "a,b\n18446744073709551615,99999999999999999999999\n1,2\n",
        [(1, "2"), (18446744073709551615, "99999999999999999999999")],
    ),
    "many digits": (
        "a\n0.12345678901234567890\n1.5\n",
        [(Decimal("0.12345678901234567890"),), (Decimal("1.50000000000000000000"),)],
    ),
    "spaces around": (
        "a, b ,c\n1, 2.5 , 2024-05-01 \n 3 , 4.5 ,2024-05-02\n",
        [(1, 2.5, date(2024, 5, 1)), (3, 4.5, date(2024, 5, 2))],
    ),
    "delimiters at the ends": ("a,b,\n1,2,\n3,4,\n", [(1, 2), (3, 4)]),
    "an index without a name": (",a,b\n0,1,x\n1,2,y\n", [(1, "x"), (2, "y")]),
    "single quotes": ("a,b\n'x,y',2\n'z',3\n", [("x,y", 2), ("z", 3)]),
    "backslashes": ('a,b\n"x \\"q\\", y",2\n"z",3\n', [('x "q", y', 2), ("z", 3)]),
    "comments": ("# made by x, y\n# z\na,b\n1,2\n3,4\n", [(1, 2), (3, 4)]),
    "a name with a hash": ("#id,name\n1,a\n2,b\n", [(1, "a"), (2, "b")]),
    "words of SQL as names": ("order,Group,end\n1,2,3\n", [(1, 2, 3)]),
    "odd names": ('"a ""b""",c\\d,e\'f,i;j,ä\n1,2,3,4,5\n', [(1, 2, 3, 4, 5)]),
    "a name over two lines": ('"a\nb",c\n1,"2,5"\n2,"3,25"\n', [(1, 2.5), (2, 3.25)]),
    "a name over two lines, converted": ('"a\nb"\n"2,5"\n"3,25"\n', [("2,5",), ("3,25",)]),
    "names that YAML takes for values": ("yes,null,x1,~\na,b,c,d\n", [("a", "b", "c", "d")]),
    "wide": (",".join(f"c{i}" for i in range(700)) + "\n" + "1," * 699 + "1\n", [(1,) * 700]),
    "wide, to be converted": (
        ";".join(f"c{i}" for i in range(90)) + "\n" + "1,5;" * 89 + "1,5\n",
        [(1.5,) * 90],
    ),
}


@pytest.mark.parametrize(("content", "rows"), TEXTS.values(), ids=list(TEXTS))
def test_csv(invoke: Any, content: str | bytes, rows: list[tuple[Any, ...]]) -> None:
    """Odd files, each with the rows that a person would see in it."""
    _write({"in.csv": content})
    result = invoke("init", "--from", "in.csv")
    assert result.exit_code == 0, result.stderr
    assert _rows(_run()) == rows


@pytest.mark.parametrize(
    ("document_format", "parse"),
    [("yaml", yaml.safe_load), ("json", json.loads), ("toml", tomllib.loads)],
)
def test_all_formats_say_the_same(invoke: Any, document_format: str, parse: Any) -> None:
    """Quotes, backslashes and control characters are spelt as each format wants them."""
    names = ['a "b"', "c\\d", "e'f", 'g"""h', "ä", "i\tj", "k\x7fl"]
    header = ";".join('"' + name.replace('"', '""') + '"' for name in names)
    _write({"data 'x'/ö.csv": f"{header}\n1;2,5;01;x;;13.05.2024;NA\n2;2,5;02;y;;1.6.2024;5\n"})
    folder = Path(document_format)
    command = ["init", "--from", "data 'x'/ö.csv", str(folder), "--format", document_format]
    assert invoke(*command).exit_code == 0
    ending = {"yaml": "yml"}.get(document_format, document_format)
    document = parse((folder / f"pipeline.{ending}").read_text())
    (source,) = document["sources"]
    assert source["location"] == "../data 'x'/ö.csv"
    fields = source["format"]["options"]["schema"]
    assert [field["name"] for field in fields] == names
    assert source["format"]["options"]["null_values"] == ["NA"]


FILES: dict[str, tuple[dict[str, str | bytes], str, list[tuple[Any, ...]]]] = {
    "gzip": ({"in.csv.gz": gzip.compress(_TABLE.encode())}, "in.csv.gz", _TABLE_ROWS),
    "bzip2": ({"in.csv.bz2": bz2.compress(_TABLE.encode())}, "in.csv.bz2", _TABLE_ROWS),
    "xz": ({"in.csv.xz": lzma.compress(_TABLE.encode())}, "in.csv.xz", _TABLE_ROWS),
    "zstd": (
        {"in.csv.zst": pa.compress(_TABLE.encode(), codec="zstd", asbytes=True)},
        "in.csv.zst",
        _TABLE_ROWS,
    ),
    "gzip without its ending": (
        {"in.csv": gzip.compress(_TABLE.encode())},
        "in.csv",
        _TABLE_ROWS,
    ),
    "the ending without gzip": ({"in.csv.gz": _TABLE}, "in.csv.gz", _TABLE_ROWS),
    "another ending": ({"in.txt": _TABLE}, "in.txt", _TABLE_ROWS),
    "no ending": ({"in": _TABLE}, "in", _TABLE_ROWS),
    "glob": (
        {"data/2023.csv": "id,x\n1,2\n", "data/2024.csv": "x,id\n2.5,3\n", "data/a.csv": "z\n1\n"},
        "data/20*.csv",
        [(1, 2.0), (3, 2.5)],
    ),
    "glob of another ending": (
        {"data/a.txt": "id;x\n1;2\n", "data/b.txt": "id;x\n3;4\n"},
        "data/*.txt",
        [(1, 2), (3, 4)],
    ),
    "folder": (
        {"data/a.csv": "id,x\n1,2\n", "data/sub/b.csv": "id,x,y\n3,4,5\n", "data/notes.md": "hi"},
        "data",
        [(1, 2, None), (3, 4, 5)],
    ),
    "folder of another ending": (
        {"data/a.tsv": "id\tx\n1\t2\n", "data/q/b.tsv": "id\tx\n3\t4\n"},
        "data/",
        [(1, 2), (3, 4)],
    ),
    "folder with an empty file": (
        {"data/a.csv": "", "data/b.csv": "id,x\n3,4\n"},
        "data/",
        [(3, 4)],
    ),
    "hive": (
        {
            "data/d=2024-01-01/c=de/m=01/a.csv": "id\n1\n",
            "data/d=2024-01-02/c=__HIVE_DEFAULT_PARTITION__/m=02/a.csv": "id\n3\n",
        },
        "data/",
        [(1, date(2024, 1, 1), "de", "01"), (3, date(2024, 1, 2), None, "02")],
    ),
    "hive, and the column in the files": ({"data/m=1/a.csv": "id,m\n5,1\n"}, "data/", [(5, 1)]),
    "hive that is not everywhere": (
        {"data/m=01/a.csv": "id\n1\n", "data/a.csv": "id\n2\n"},
        "data/",
        [(1,), (2,)],
    ),
    "hive of parquet": (
        {
            "data/m=1/a.parquet": _parquet(pa.table({"a": [1]})),
            "data/m=2/a.parquet": _parquet(pa.table({"a": [2]})),
        },
        "data/",
        [(1, 1), (2, 2)],
    ),
    "parquet": (
        {"in.parquet": _parquet(pa.table({"A": [1, 2], "b c": ["x", None]}))},
        "in.parquet",
        [(1, "x"), (2, None)],
    ),
    "large parquet": (
        {
            "in.parquet": _parquet(
                pa.table({"a": [7] * 3, "b": ["x" * 3_000_000, None, ""]}), "none"
            )
        },
        "in.parquet",
        [(7, ""), (7, "x" * 3_000_000), (7, None)],
    ),
    "parquet without its ending": ({"in": _parquet(pa.table({"a": [1]}))}, "in", [(1,)]),
    "json": (
        {"in.jsonl": '{"a":1,"b":"x"}\n{"a":2.5,"c":[1,2],"d":{"e":true}}\n\n'},
        "in.jsonl",
        [(1.0, "x", None, None), (2.5, None, [1, 2], {"e": True})],
    ),
    "json of nothing": (
        {"in.json": '{"a":1,"b":null,"c":[],"d":[[]]}\n'},
        "in.json",
        [(1, None, [], [[]])],
    ),
    "json of long numbers": ({"in.json": '{"a":18446744073709551616}\n'}, "in.json", [(2.0**64,)]),
    "json of booleans": ({"in.json": '{"a":true}\n{"a":false}\n'}, "in.json", [(False,), (True,)]),
    "json without keys": ({"in.json": '{"a":1,"b":{},"c":[{}]}\n'}, "in.json", [(1,)]),
    "json in another file": (
        {"events.log": '{"a":"2024-05-01"}\n'},
        "events.log",
        [("2024-05-01",)],
    ),
    "json, gzip": ({"in.json.gz": gzip.compress(b'{"a":1}\n')}, "in.json.gz", [(1,)]),
    "json, gzip without its ending": ({"in.json": gzip.compress(b'{"a":1}\n')}, "in.json", [(1,)]),
    "what was written before": (
        {"out/in.csv": _TABLE, "out/in.parquet": ""},
        "out/in.csv",
        _TABLE_ROWS,
    ),
}


@pytest.mark.parametrize("document_format", ["yaml", "toml"])
@pytest.mark.parametrize(("files", "location", "rows"), FILES.values(), ids=list(FILES))
def test_files(
    invoke: Any,
    document_format: str,
    files: dict[str, str | bytes],
    location: str,
    rows: list[tuple[Any, ...]],
) -> None:
    """Compressions, folders, globs, formats."""
    _write(files)
    result = invoke("init", "--from", location, "--format", document_format)
    assert result.exit_code == 0, result.stderr
    assert _rows(_run("pipeline.yml" if document_format == "yaml" else "pipeline.toml")) == rows
    for name, content in files.items():
        assert Path(name).read_bytes() == (
            content.encode() if isinstance(content, str) else content
        )


REFUSALS: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "empty": ({"in.csv": ""}, "in.csv", "is empty"),
    "blank": ({"in.csv": "\n\n"}, "in.csv", "is empty"),
    "missing": ({"in.csv": _TABLE}, "im.csv", "did you mean 'in.csv'"),
    "a line end in the path": ({"a\nb.csv": _TABLE}, "a\nb.csv", "no pipeline file can hold"),
    "empty folder": ({"data/.keep": ""}, "data", "holds no data files"),
    "folder of anything": ({"data/README": "x"}, "data", "have no endings"),
    "glob without a match": ({"in.csv": _TABLE}, "*.tsv", "no file matches"),
    "latin-1": ({"in.csv": b"name,n\nJos\xe9,1\n"}, "in.csv", "0xe9 in line 2"),
    "latin-1, command": ({"in.csv": b"Jos\xe9,1\n"}, "in.csv", "iconv -f WINDOWS-1252 -t UTF-8"),
    "latin-1, gzip": ({"in.csv.gz": gzip.compress(b"Jos\xe9,1\n")}, "in.csv.gz", "zcat "),
    "utf-16": ({"in.csv": _TABLE.encode("utf-16")}, "in.csv", "iconv -f UTF-16"),
    "binary": ({"in.csv": b"a,b\n1,\x00\n"}, "in.csv", "NUL"),
    "workbook": ({"in.xlsx": b"PK\x03\x04xx"}, "in.xlsx", "a ZIP archive or an Office document"),
    "tar": ({"in.csv": b"x" * 257 + b"ustar"}, "in.csv", "a tar archive"),
    "cut gzip": ({"in.csv.gz": gzip.compress(_TABLE.encode())[:-9]}, "in.csv.gz", "cannot read"),
    "cut parquet": ({"in.parquet": b"PAR1\x00PAR"}, "in.parquet", "cannot be read as Parquet"),
    "one name twice": ({"in.csv": "a,a\n1,2\n"}, "in.csv", "line 1: the header names 'a' twice"),
    "a row too short": ({"in.csv": _TABLE * 3 + "4\n" + _TABLE * 3}, "in.csv", "line 10: the row"),
    "a title": ({"in.csv": "Report 2024\n\na;b\n1;2\n"}, "in.csv", "tail -n +2"),
    "a line for Excel": ({"in.csv": "sep=;\na;b\n1;2\n"}, "in.csv", "tail -n +2"),
    "a parameter as a name": ({"in.csv": "a,${b}\n1,2\n"}, "in.csv", "begins a parameter"),
    "a parameter as a key": ({"in.json": '{"${b}":1}\n'}, "in.json", "begins a parameter"),
    "a key over two lines": ({"in.json": '{"a\\nb":{}}\n'}, "in.json", "nor left out"),
    "no column": ({"in.json": '{"a":{}}\n'}, "in.json", "no column that could be written"),
    "no column in parquet": (
        {"in.parquet": _parquet(pa.table({}))},
        "in.parquet",
        "no column that could be written",
    ),
    "a parameter in the path": ({"${a}.csv": _TABLE}, "${a}.csv", "begins a parameter"),
    "two delimiters": (
        {"data/a.csv": "a;b\n1;2\n", "data/b.csv": "a,b\n1,2\n"},
        "data",
        "between values",
    ),
    "two widths": (
        {"data/a.csv": "1,2\n", "data/b.csv": "3,4,5\n"},
        "data",
        "neither has a header",
    ),
    "url": ({"in.csv": _TABLE}, "s3://bucket/in.csv", "is a URL"),
    "one line": ({"in.csv": "x" * 2_000_000}, "in.csv", "no line end"),
    "an endless quote": ({"in.csv": 'a,b\n1,"' + "x\n" * 200_000}, "in.csv", "as CSV"),
    "json array": ({"in.json": '[{"a":1},{"a":2}]'}, "in.json", "jq -c '.[]'"),
    "json arrays": ({"in.json": '{"a":1}\n[1]\n'}, "in.json", "jq -c '.[]'"),
    "long json array": ({"in.json": "[" + '{"a":1},' * 200_000 + "1]"}, "in.json", "jq -c '.[]'"),
    "json over lines": ({"in.json": '{\n "a": 1\n}\n'}, "in.json", "jq -c . OLD"),
    "json with a mark": ({"in.json": b'\xef\xbb\xbf{"a":1}\n'}, "in.json", "tail -c +4"),
    "json of two kinds": (
        {"in.json": '{"a":1}\n{"a":"x"}\n'},
        "in.json",
        "line 2: 'a' is text here",
    ),
    "json of two kinds of items": ({"in.json": '{"a":[1,"x"]}\n'}, "in.json", "'a' is text here"),
    "json too deep": ({"in.json": '{"a":' + "[" * 9_000 + "]" * 9_000 + "}"}, "in.json", "no JSON"),
    "json that ends late": (
        {"in.json": '{"a":1}\n' * 200_000 + '{"a":"x"}\n'},
        "in.json",
        "'a' is text here and a number before",
    ),
    "no json": ({"in.json": '{"a":1}\n{"a":}\n'}, "in.json", "line 2, column 6 is no JSON"),
    "json with NaN": ({"in.json": '{"a":NaN}\n'}, "in.json", "NaN is no JSON value"),
    "json without names": ({"in.json": "{}\n{}\n"}, "in.json", "no JSON object with keys"),
    "json scalars": ({"in.json": '{"a":1}\n5\n'}, "in.json", "line 2 is no JSON object: '5'"),
}


@pytest.mark.parametrize(("files", "location", "words"), REFUSALS.values(), ids=list(REFUSALS))
def test_refusals(invoke: Any, files: dict[str, str | bytes], location: str, words: str) -> None:
    """What no pipeline could read is told, with what to do first; nothing is written."""
    _write(files)
    result = invoke("init", "--from", location)
    assert result.exit_code == 1
    assert words in " ".join(result.stderr.split())
    assert "help:" in result.stderr
    assert not Path("pipeline.yml").exists()


def test_the_rest_of_a_large_file_is_looked_into(invoke: Any) -> None:
    """A column that is empty at the beginning, and numbers that end in text."""
    row = f"0,,{'x' * 200}\n"
    _write({"in.csv": "n,late,text\n" + row * 20_000 + "n/a,2024-05-01,x\n"})
    shown = invoke("init", "--from", "in.csv").stdout
    assert "rows looked at, and there are more" in shown
    (source,) = yaml.safe_load(Path("pipeline.yml").read_text())["sources"]
    types = [field["data_type"] for field in source["format"]["options"]["schema"]]
    assert types == ["int64", "date32", "string"]
    assert source["format"]["options"]["null_values"] == ["n/a"]
    assert _run().num_rows == 20_001


def test_some_of_many_files_are_looked_into(invoke: Any) -> None:
    """The first and the last one are among them."""
    files = {f"data/{number:03}.csv": "id,x\n1,2\n" for number in range(100)}
    _write({**files, "data/099.csv": "id,x,y\n1,2.5,z\n"})
    shown = invoke("init", "--from", "data/").stdout
    assert "100 files, of which 16 were looked into, CSV, 3 columns" in shown
    assert sorted(set(_rows(_run())), key=repr) == [(1, 2.0, None), (1, 2.5, "z")]


@pytest.mark.parametrize("document_format", ["yaml", "toml"])
def test_what_is_left_out_is_told(invoke: Any, document_format: str) -> None:
    """An object without keys takes the column with it that it is in."""
    _write({"in.json": '{"a":1,"b":{"c":{},"d":2},"e":"2024-05-01"}\n'})
    shown = invoke("init", "--from", "in.json", "--format", document_format).stdout
    assert "'b' is left out: objects without keys, which Parquet cannot hold" in shown
    text = Path("pipeline.yml" if document_format == "yaml" else "pipeline.toml").read_text()
    assert "# objects without keys" in text
    assert "# dates: CAST(… AS DATE) makes them so" in text


def test_what_was_found_is_told(invoke: Any) -> None:
    """On standard output and at the top of the file; with `--quiet` only there."""
    _write({"data/Sales 2024.csv.gz": gzip.compress(b"Code;Price\n01;NA\n02;1,5\n")})
    shown = invoke("init", "--from", "data/Sales 2024.csv.gz", "one").stdout
    assert shown.startswith(
        "found:\n"
        "  data/Sales 2024.csv.gz: CSV, compressed with gzip, 2 columns, 2 rows\n"
        "  delimiter semicolon, a header\n"
        "  'NA' stands for null, in all columns\n"
        "\n"
        "made in one/:\n"
    )
    assert invoke("init", "-q", "--from", "data/Sales 2024.csv.gz", "two").stdout == ""
    text = Path("one/pipeline.yml").read_text()
    assert text == Path("two/pipeline.yml").read_text()
    assert "# - delimiter semicolon, a header\n" in text
    assert "{name: Code, data_type: string}  # has leading zeros, which a number would lose" in text
    assert "name: sales_2024\n" in text


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("2024.csv", "data_2024"),
        ("Größe (neu).csv", "groe_neu"),
        ("order.csv", "data_order"),
        ("日本.csv", "data"),
        (".hidden.csv", "hidden"),
        ("x" * 60 + ".csv", "x" * 40),
        ("a.b.csv", "a"),
    ],
)
def test_names_of_tables(invoke: Any, location: str, name: str) -> None:
    """They need no quotes in SQL."""
    _write({location: _TABLE})
    assert invoke("init", "--from", location).exit_code == 0
    (source,) = yaml.safe_load(Path("pipeline.yml").read_text())["sources"]
    assert source["name"] == name
    assert _run().num_rows == 2
