"""What is in 5 million JSON documents: the functions of queries, against DuckDB's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench import OURS, Bench
from comparing import check_equal
from measuring import measure
from sections import Bar, Section

__all__ = ["run"]

_DUCKDB = "DuckDB"
_MOST_TIMES = 2


@dataclass(frozen=True)
class _Question:
    """The same asked of both, as aggregates with the same names."""

    ours: str
    theirs: str
    columns: str
    our_rows: str = "documents"
    their_rows: str = "documents"


_QUESTIONS: Mapping[str, _Question] = {
    "five fields of flat documents": _Question(
        ours="""
            sum(octet_length(json_get_str(event, 'name'))) AS a,
            sum(json_get_int(event, 'count')) AS b,
            sum(json_get_float(event, 'score')) AS c,
            count(*) FILTER (WHERE json_get_bool(event, 'active')) AS d,
            count(DISTINCT event ->> 'city') AS e
        """,
        theirs="""
            sum(strlen(json_extract_string(event, '$.name'))) AS a,
            sum(json_extract(event, '$.count')::BIGINT) AS b,
            sum(json_extract(event, '$.score')::DOUBLE) AS c,
            count(*) FILTER (WHERE json_extract(event, '$.active')::BOOLEAN) AS d,
            count(DISTINCT event ->> '$.city') AS e
        """,
        columns="a::BIGINT, b::BIGINT, c::DECIMAL(18, 1), d::BIGINT, e::BIGINT",
    ),
    "four lookups in nested documents": _Question(
        ours="""
            count(DISTINCT json_get_str(purchase, 'user', 'address', 'city')) AS a,
            count(DISTINCT purchase -> 'items' -> 1 ->> 'sku') AS b,
            sum(octet_length(json_get_str(purchase, 'note'))) AS c,
            sum(json_get_int(purchase, 'items', 0, 'n')) AS d
        """,
        theirs="""
            count(DISTINCT json_extract_string(purchase, '$.user.address.city')) AS a,
            count(DISTINCT purchase -> '$.items' -> 1 ->> '$.sku') AS b,
            sum(strlen(json_extract_string(purchase, '$.note'))) AS c,
            sum(json_extract(purchase, '$.items[0].n')::BIGINT) AS d
        """,
        columns="a::BIGINT, b::BIGINT, c::BIGINT, d::BIGINT",
    ),
    "one string of flat documents": _Question(
        ours="sum(octet_length(json_get_str(event, 'name'))) AS a",
        theirs="sum(strlen(json_extract_string(event, '$.name'))) AS a",
        columns="a::BIGINT",
    ),
    "one number of flat documents": _Question(
        ours="sum(json_get_int(event, 'count')) AS a",
        theirs="sum(json_extract(event, '$.count')::BIGINT) AS a",
        columns="a::BIGINT",
    ),
    "JSON text of flat documents": _Question(
        ours="sum(octet_length(json_get(event, 'name'))) AS a",
        theirs="sum(strlen(json_extract(event, '$.name')::VARCHAR)) AS a",
        columns="a::BIGINT",
    ),
    "lengths of nested arrays": _Question(
        ours="sum(json_length(purchase, 'items')) AS a",
        theirs="sum(json_array_length(purchase, '$.items')) AS a",
        columns="a::BIGINT",
    ),
    "keys of flat documents": _Question(
        ours="sum(array_length(json_object_keys(event))) AS a",
        theirs="sum(len(json_keys(event))) AS a",
        columns="a::BIGINT",
    ),
    "elements of nested arrays": _Question(
        ours="sum(array_length(json_get_array(purchase, 'items'))) AS a",
        theirs="sum(len(json_extract(purchase, '$.items')::JSON[])) AS a",
        columns="a::BIGINT",
    ),
    "rows of nested arrays": _Question(
        ours="count(item) AS a",
        theirs="count(item) AS a",
        columns="a::BIGINT",
        our_rows="(SELECT unnest(unnest_json_array(json_get_json(purchase, 'items'))) AS item "
        "FROM documents)",
        their_rows="(SELECT unnest((purchase -> '$.items')::JSON[]) AS item FROM documents)",
    ),
}
"""Those at the end make a list of texts for every row, which is where Python objects cost most."""


def run(bench: Bench) -> Section:
    """Measure both for every question; their answers must be equal."""
    rows, bars = [], []
    for name, question in _QUESTIONS.items():
        ours, theirs = bench.fresh("json.parquet"), bench.fresh("json_duckdb.parquet")
        data = bench.inputs.folder
        series = measure(
            {
                OURS: bench.aqueducts(
                    "json", data, ours, columns=question.ours, rows=question.our_rows
                ),
                _DUCKDB: bench.peer(
                    "duckdb_json", data, theirs, question.theirs, question.their_rows
                ),
            },
            bench.rounds,
        )
        check_equal(theirs, ours, question.columns)
        ratio = series[OURS].cpu_ratio(series[_DUCKDB])
        rows.append(
            (
                name,
                *(f"{series[each].cpu_s:.2f} / {series[each].wall_s:.2f}" for each in series),
                f"{ratio:.2f}",
            )
        )
        bars.append(
            Bar(f"{name}: at most 2 times DuckDB's CPU", f"{ratio:.2f}", ratio <= _MOST_TIMES)
        )
    return Section(
        title="JSON in SQL",
        note=f"{bench.inputs.size.rows // 2:,} documents in Parquet, start-up included; results "
        "equal.",
        header=("question", f"{OURS}, cpu / wall s", f"{_DUCKDB}, cpu / wall s", "ratio of cpu"),
        rows=rows,
        bars=bars,
    )
