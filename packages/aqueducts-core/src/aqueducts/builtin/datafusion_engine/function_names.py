"""Names of functions: what DataFusion calls those of other databases, and what kinds there are."""

from __future__ import annotations

__all__ = ["READERS", "VOLATILE_FUNCTIONS", "WINDOW_FUNCTIONS", "other_names"]

READERS = {
    "read_csv": "csv",
    "read_csv_auto": "csv",
    "read_json": "json",
    "read_json_auto": "json",
    "read_ndjson": "json",
    "read_parquet": "parquet",
    "parquet_scan": "parquet",
}
"""Functions that read a file in other engines, and the format that a source has here."""

WINDOW_FUNCTIONS = frozenset(
    {
        *("row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"),
        *("lag", "lead"),
    }
)

VOLATILE_FUNCTIONS = frozenset(
    {
        "current_date",
        "current_time",
        "current_timestamp",
        "now",
        "rand",
        "random",
        "today",
        "uuid",
    }
)
"""Without `input_file_name` and `file_row_index`, which depend on the file only, and the table
functions `range` and `generate_series`."""

_SPELLINGS = (
    ("coalesce(..., ...) for a default, or ... IS NULL", ("isnull",)),
    ("now()", ("getdate", "sysdate", "current_datetime")),
    ("length(...)", ("len",)),
    ("CASE WHEN ... THEN ... ELSE ... END", ("if", "iif")),
    ("the difference: later - earlier", ("datediff", "date_diff", "timestampdiff")),
    ("date + INTERVAL '1 day'", ("dateadd", "date_add", "adddate")),
    ("date - INTERVAL '1 day'", ("date_sub", "subdate")),
    ("string_agg(..., ',')", ("group_concat", "listagg")),
    ("CAST(... AS type)", ("convert", "to_number")),
    ("try_cast(... AS type)", ("safe_cast", "try_convert")),
    (
        "json_as_text(column, 'key', ...), or column -> 'key' ->> 'key'",
        (
            *("json_extract", "json_extract_string", "json_extract_scalar", "json_value"),
            *("json_extract_path", "json_extract_path_text", "get_json_object", "json_query"),
            *("json_string", "json_unquote", "jsonb_extract_path_text"),
        ),
    ),
    ("json_length(column, 'key', ...)", ("json_array_length", "jsonb_array_length")),
    (
        "unnest(unnest_json_array(column))",
        ("json_array_elements", "jsonb_array_elements", "json_array_elements_text", "json_each"),
    ),
    ("strpos(text, part)", ("charindex", "locate")),
    ("upper(...)", ("ucase",)),
    ("lower(...)", ("lcase",)),
    ("uuid()", ("newid", "gen_random_uuid")),
    ("stddev(...)", ("stdev",)),
    ("count(*) FILTER (WHERE ...)", ("countif", "count_if")),
    ("sum(...) FILTER (WHERE ...)", ("sumif", "sum_if")),
    ("unnest(...)", ("explode",)),
    ("to_date(text, format)", ("str_to_date", "parse_date")),
    ("to_char(..., format)", ("strftime", "format_date")),
    ("date_part('dow', ...)", ("dayofweek",)),
    ("date_part('doy', ...)", ("dayofyear",)),
    *(
        (f"date_part('{part}', ...)", (part,))
        for part in ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
    ),
)


def other_names(name: str) -> str | None:
    """What to write instead of a function of another database, or None."""
    return next((ours for ours, theirs in _SPELLINGS if name.lower() in theirs), None)
