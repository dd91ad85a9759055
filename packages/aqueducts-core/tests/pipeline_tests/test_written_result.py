"""What is written, read back from the files."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import pytest

from aqueducts import Plugins, hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.connectors import ObjectStoreType, Store

from .conftest import Bench

ROWS = (
    "SELECT * FROM (VALUES ('007', 1.5::double, DATE '2024-01-31', true, 1), "
    "(null, null, null, null, 2)) AS t(code, price, day, is_open, part) ORDER BY part"
)


@pytest.mark.parametrize(
    ("place", "form"),
    [
        ("out.csv", "{type: csv}"),
        ("out.csv.gz", "{type: csv, options: {delimiter: '|', has_header: false}}"),
        ("out", "{type: csv, options: {compression: zstd}}"),
        ("out.json", "{type: json}"),
        ("out.jsonl.gz", "{type: json}"),
        ("out.parquet", "{type: parquet, options: {compression: zstd(3)}}"),
        ("a b*c/?out[1].parquet", "{type: parquet}"),
    ],
)
def test_files_are_read_back(bench: Bench, place: str, form: str) -> None:
    """In every format, with the types of the last stage."""
    bench.pipeline(
        f"""
        stages: [[{{name: a, query: "{ROWS}"}}]]
        destination: {{type: file, name: out, location: '{place}', format: {form}}}
        """
    )
    bench.passes(
        """
        expect:
          destination:
            order: true
            rows:
              - {code: '007', price: 1.5, day: 2024-01-31, is_open: true, part: 1}
              - {code: null, price: null, day: null, is_open: null, part: 2}
            schema: {code: string, price: float64, day: date32, is_open: bool, part: int64}
        """,
        "",
    )


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
@pytest.mark.parametrize("more", ["partition_columns: [part]", "single_file: false"])
def test_folders_are_read_back(bench: Bench, kind: str, more: str) -> None:
    """Partitions are columns again."""
    bench.pipeline(
        f"""
        stages: [[{{name: a, query: "{ROWS}"}}]]
        destination: {{type: file, name: out, location: out/, format: {{type: {kind}}}, {more}}}
        """
    )
    bench.passes(
        "expect: {destination: {columns: [code, part], rows: [['007', 1], [null, 2]]}}", ""
    )


def test_options_are_tested(bench: Bench) -> None:
    """What a format does to values shows: Parquet has no seconds, CSV no empty text."""
    bench.pipeline(
        """
        stages:
          - - name: a
              query: >
                SELECT arrow_cast(TIMESTAMP '2024-01-31T12:30:00', 'Timestamp(s)') AS t
        destination: {type: file, name: out, location: out.parquet, format: {type: parquet}}
        """
    )
    bench.passes(
        """
        expect:
          a: {schema: {t: timestamp<s>}}
          destination: {rows: [{t: 2024-01-31T12:30:00}], schema: {t: timestamp<ms>}}
        """,
        "",
    )


def test_empty_results(bench: Bench) -> None:
    """A file without rows has none."""
    bench.pipeline(
        """
        stages: [[{name: a, query: SELECT 1 AS n WHERE false}]]
        destination: {type: file, name: out, location: out.csv, format: {type: csv}}
        """
    )
    bench.passes("expect: {destination: {rows: [], schema: {n: int64}}}", "")


def test_columns_of_nothing_but_nulls(bench: Bench) -> None:
    """They have the type that is written for them."""
    bench.pipeline(
        """
        stages: [[{name: a, query: "SELECT 1 AS n, null AS x"}]]
        destination: {type: file, name: out, location: out.csv, format: {type: csv}}
        """
    )
    bench.passes("expect: {destination: [{n: 1, x: null}]}", "")


class _Moon(ObjectStoreType):
    """A store that must not be opened."""

    schemes = ("moon",)

    def open(self, location: str, options: Mapping[str, str]) -> Store:
        pytest.fail(f"{location} was opened")


def test_stores_are_not_opened(bench: Bench) -> None:
    """What would go to a bucket goes to a temporary folder as well."""

    def aqueducts_object_stores() -> list[type[ObjectStoreType]]:
        return [_Moon]

    module = ModuleType("moon")
    module.aqueducts_object_stores = hookimpl(aqueducts_object_stores)  # type: ignore[attr-defined]
    bench.plugins = Plugins.of(builtin=builtin_plugin, moon=module)
    bench.pipeline(
        """
        stages: [[{name: a, query: SELECT 1 AS n}]]
        destination:
          type: file
          name: out
          location: moon://bucket/out.csv
          format: {type: csv}
          storage_config: {key: secret}
        """
    )
    bench.passes("expect: {destination: [{n: 1}]}", "")


def test_a_target_that_cannot_be_written_is_no_matter(bench: Bench) -> None:
    """It is not looked at: not even where it would be refused."""
    (bench.folder / "out.csv").mkdir()
    bench.pipeline(
        f"""
        stages: [[{{name: a, query: SELECT 1 AS n}}]]
        destination:
          type: file
          name: out
          location: '{bench.folder}/out.csv'
          format: {{type: csv}}
        """
    )
    bench.passes("expect: {destination: [{n: 1}]}", "")
