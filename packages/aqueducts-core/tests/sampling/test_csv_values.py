"""What the values of a column are taken for."""

from __future__ import annotations

import pytest

from aqueducts.sampling.csv_values import judge, type_of

CASES: dict[str, tuple[list[str], str, str]] = {
    "whole numbers": (["1", "-5", "0"], "int64", ""),
    "the largest": (["9223372036854775807", "-9223372036854775808"], "int64", ""),
    "one more": (["9223372036854775808", "1"], "uint64", ""),
    "one more below zero": (["9223372036854775808", "-1"], "string", "too long"),
    "numbers of thousands of digits": (["9" * 5000, "1"], "string", "too long"),
    "leading zeros": (["7", "007"], "string", "leading zeros"),
    "zero": (["0", "0.5", "-0.5"], "float64", ""),
    "exponents": (["1e5", "2.5E-3", ".5", "5."], "float64", ""),
    "no numbers": (["1.5", "nan", "-inf"], "float64", ""),
    "a version": (["1.2.3", "1.3.0"], "string", ""),
    "prices": (["4.50", "12.00"], "decimal<18,2>", "always 2 digits"),
    "measurements": (["4.5", "12.0"], "float64", ""),
    "prices without a zero": (["4.55", "12.01"], "float64", ""),
    "large prices": (["1234567890123456.50"], "decimal<38,2>", "always 2 digits"),
    "many digits": (["0.123456789012345678", "1.5"], "decimal<38,18>", "more digits"),
    "too many digits": (["0." + "1" * 40], "float64", ""),
    "dates": (["2024-02-29", "1999-12-31"], "date32", ""),
    "no such date": (["2023-02-29", "1999-12-31"], "string", ""),
    "nought": (["0000-00-00"], "string", ""),
    "dates and timestamps": (["2024-05-01", "2024-05-01 10:00:00"], "timestamp<microsecond>", ""),
    "nanoseconds": (["2024-05-01T10:00:00.123456789"], "timestamp<nanosecond>", ""),
    "nanoseconds long ago": (["1024-05-01T10:00:00.123456789"], "string", "beyond the range"),
    "zones": (
        ["2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00Z"],
        "timestamp<microsecond,UTC>",
        "",
    ),
    "some zones": (
        ["2024-05-01T10:00:00Z", "2024-05-01T10:00:00"],
        "string",
        "without a time zone",
    ),
    "hour 25": (["2024-05-01T25:00:00"], "string", ""),
    "times": (["10:30", "23:59:59.999"], "time64<microsecond>", ""),
    "durations": (["10:30:00", "36:00:00"], "string", ""),
    "scores": (["10:75"], "string", ""),
    "booleans": (["true", "FALSE"], "bool", ""),
    "more than two": (["true", "maybe"], "string", ""),
    "text and numbers": (["1", "x"], "string", ""),
    "decimal commas and zeros": (["0012,5"], "string", ""),
    "decimal commas and text": (["1,5", "x,y"], "string", ""),
    "thousands": (["1,234", "12"], "string", "may be a fraction or a thousand"),
    "dates of two kinds": (["1.5.2024", "1/5/2024"], "string", ""),
    "dates and times of two kinds": (["31.5.2024", "31.5.2024 10:00"], "string", ""),
    "short years": (["01.05.24"], "string", ""),
    "either": (["1/2/2024"], "string", "day and month could be either"),
    "month 13": (["13/13/2024"], "string", ""),
    "nothing": ([], "string", "empty in all rows"),
    "blanks": (["  ", " "], "string", ""),
}


@pytest.mark.parametrize(("values", "data_type", "reason"), CASES.values(), ids=list(CASES))
def test_types(values: list[str], data_type: str, reason: str) -> None:
    """The type that the reader is told, and why where that is no matter of course."""
    found = judge(values, is_sure=True)
    assert found.data_type == data_type
    assert reason in found.reason
    assert bool(reason) is bool(found.reason)
    assert found.convert is None


@pytest.mark.parametrize(
    ("values", "sql"),
    [
        (["1,5"], "CAST(replace(x, ',', '.') AS DOUBLE)"),
        (
            ["1.234,50", "2,00"],
            "CAST(replace(replace(x, '.', ''), ',', '.') AS DECIMAL(18, 2))",
        ),
        (["1,234,567", "5"], "CAST(replace(x, ',', '') AS BIGINT)"),
        (["1,234.5", "5"], "CAST(replace(x, ',', '') AS DOUBLE)"),
        (["31.12.2024"], "to_date(x, '%d.%m.%Y')"),
        (["2024/12/31"], "to_date(x, '%Y/%m/%d')"),
        (["12/31/2024 9:05:00"], "to_timestamp_micros(x, '%m/%d/%Y %H:%M:%S')"),
        (["2024-12-31T09:05"], "to_timestamp_micros(x, '%Y-%m-%dT%H:%M')"),
        ([" 5", "6"], "CAST(nullif(trim(x), '') AS BIGINT)"),
        ([" 4.50 ", "6.25"], "CAST(nullif(trim(x), '') AS DECIMAL(18, 2))"),
        ([" true"], "CAST(nullif(trim(x), '') AS BOOLEAN)"),
        ([" 31.12.2024"], "to_date(nullif(trim(x), ''), '%d.%m.%Y')"),
        (
            [" 2024-05-01T10:00:00Z"],
            "arrow_cast(nullif(trim(x), ''), 'Timestamp(Microsecond, Some(\"UTC\"))')",
        ),
    ],
)
def test_conversions(values: list[str], sql: str) -> None:
    """What the reader cannot take as it stands is text, and converted in the stage."""
    found = judge(values, is_sure=True)
    assert found.data_type == "string"
    assert found.reason
    assert found.convert is not None
    assert found.convert("x") == sql


def test_few_rows_prove_no_fixed_number_of_digits() -> None:
    """A later row may have more."""
    assert judge(["4.50"], is_sure=False).data_type == "float64"


def test_kinds() -> None:
    """Nulls are no text among numbers; nothing is of no kind."""
    assert type_of({"1", "NA"}) == "number"
    assert type_of({"NA"}) is None
    assert type_of(set()) is None
