"""The data that the tasks read: generated once, cached in `.data`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

__all__ = ["FULL", "QUICK", "Inputs", "Size", "make_inputs", "make_once"]

_SALES = """
    SELECT i AS id, (hash(i) % {customers})::INT AS customer_id,
        ['books','toys','food','garden','music','tools','sport'][(hash(i + 7) % 7)::INT + 1]
            AS product,
        round((hash(i * 3) % 100000) / 100.0, 2) AS amount, (hash(i * 5) % 9 + 1)::INT AS quantity,
        TIMESTAMP '2023-01-01' + INTERVAL (i * 3) SECOND AS sold_at, md5(i::VARCHAR) AS reference,
        concat('note ', hash(i * 11) % 1000000, ' lorem ipsum') AS note
    FROM range({rows}) t(i)
"""
_CUSTOMERS = """
    SELECT i::INT AS customer_id, ['north','south','east','west'][(hash(i) % 4)::INT + 1] AS region,
        concat('name', i) AS name
    FROM range({customers}) t(i)
"""
_FACTS = """
    SELECT i AS id, TIMESTAMP '2023-01-01' + INTERVAL (i * 3) SECOND AS sold_at,
        (DATE '2020-01-01' + (hash(i * 13) % 1500)::INT)::DATE AS day,
        (hash(i) % {customers})::INT AS customer_id,
        ((hash(i * 3) % 1000000) / 100.0)::DECIMAL(12, 2) AS amount,
        (hash(i * 17) % 100000) / 1000.0::DOUBLE AS price,
        ['books','toys','food','garden','music','tools','sport'][(hash(i + 7) % 7)::INT + 1]
            AS product,
        concat('note ', hash(i * 11) % 1000000, ' lorem ipsum') AS note
    FROM range({rows}) t(i)
"""
_DOCUMENTS = """
    SELECT i AS id,
        concat('{{"id": ', i, ', "name": "user ', hash(i) % 1000003, '", "active": ',
            (hash(i * 3) % 2 = 0)::VARCHAR, ', "score": ', (hash(i * 5) % 100000) / 100.0,
            ', "city": "', city, '", "count": ', hash(i * 7) % 1000, '}}') AS event,
        concat('{{"user": {{"id": ', i, ', "address": {{"city": "', city, '", "zip": "',
            hash(i * 11) % 99999, '"}}, "tags": ["a", "b", "tag', hash(i * 13) % 50,
            '"]}}, "items": [{{"sku": "s', hash(i * 17) % 777, '", "n": ', hash(i * 19) % 9,
            '}}, {{"sku": "t', hash(i * 23) % 77, '", "n": 2}}], "note": "say \\"hello\\""}}')
            AS purchase
    FROM (SELECT i, ['Berlin','Paris','Rome','Oslo'][(hash(i + 7) % 4)::INT + 1] AS city
          FROM range({documents}) t(i))
"""


@dataclass(frozen=True)
class Size:
    """How much is generated."""

    name: str
    rows: int
    customers: int
    tpch_scale: float
    kill_rows: int


FULL = Size(name="full", rows=10_000_000, customers=200_000, tpch_scale=1, kill_rows=200_000)
"""The CSV file of this size takes about 1 GB."""

QUICK = Size(name="quick", rows=100_000, customers=2_000, tpch_scale=0.01, kill_rows=20_000)


@dataclass(frozen=True)
class Inputs:
    """The folder with the inputs of one size."""

    folder: Path
    size: Size

    @property
    def tpch(self) -> Path:
        """Folder of the TPC-H tables, one Parquet file each."""
        return self.folder / "tpch"


def make_inputs(folder: Path, size: Size) -> Inputs:
    """Generate what is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {"rows": size.rows, "customers": size.customers, "documents": size.rows // 2}
    csv, parquet = "FORMAT csv, HEADER", "FORMAT parquet, COMPRESSION zstd"
    for name, query, options in (
        ("sales.csv", _SALES.format(**known), csv),
        ("customers.csv", _CUSTOMERS.format(**known), csv),
        ("facts.parquet", _FACTS.format(**known), parquet),
        ("customers.parquet", _CUSTOMERS.format(**known), parquet),
        ("documents.parquet", _DOCUMENTS.format(**known), parquet),
        ("rows.parquet", _SALES.format(**known | {"rows": size.kill_rows}), parquet),
    ):
        make_once(folder / name, partial(_copy, query, options))
    inputs = Inputs(folder, size)
    make_once(inputs.tpch, partial(_generate_tpch, size.tpch_scale))
    return inputs


def make_once(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a path beside `path`, unless that exists; it takes its place when done."""
    if path.exists():
        return
    print(f"generating {path.name} ...", flush=True)
    unfinished = path.with_name(f"unfinished-{path.name}")
    if unfinished.is_dir():
        shutil.rmtree(unfinished)
    write(unfinished)
    unfinished.rename(path)


def _copy(query: str, options: str, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY ({query}) TO '{path}' ({options})")


def _generate_tpch(scale: float, folder: Path) -> None:
    program = Path(sys.executable).with_name("tpchgen-cli")
    command = [str(program), "parquet", "-s", str(scale), "--output-dir", str(folder)]
    tables = "--tables=customer,lineitem,orders"
    folder.mkdir()
    subprocess.run([*command, tables], check=True, capture_output=True)
