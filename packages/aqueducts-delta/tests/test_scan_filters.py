"""Conditions of queries as SQL for deltalake: exactly the same, or none."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from aqueducts_delta.scan_filters import filter_sql

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("id2", pa.int32()),
        ("text", pa.string()),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us")),
        ("utc", pa.timestamp("us", "UTC")),
        ("amount", pa.decimal128(10, 2)),
        ("ratio", pa.float64()),
        ("flag", pa.bool_()),
        ("raw", pa.binary()),
        ('odd "name" and (id == 1)', pa.int64()),
    ]
)
NOON = datetime.datetime(2024, 1, 2, 12, 0, 0, 5)  # noqa: DTZ001 - the type has no zone
DAY = datetime.date(2024, 1, 2)


@pytest.mark.parametrize(
    ("condition", "sql"),
    [
        (pc.field("id") == 5, '("id" = 5)'),
        (pc.field("id2") == pa.scalar(5, pa.int32()), '("id2" = 5)'),
        (pc.field("id") != -5, '("id" <> -5)'),
        (pc.field("text") >= 'it\'s "x" \\ \n y', "(\"text\" >= 'it''s \"x\" \\ \n y')"),
        (pc.field("day") < DAY, "(\"day\" < CAST('2024-01-02' AS DATE))"),
        (
            pc.field("moment") <= pa.scalar(NOON, pa.timestamp("us")),
            (
                "(\"moment\" <= arrow_cast('2024-01-02T12:00:00.000005', "
                "'Timestamp(Microsecond, None)'))"
            ),
        ),
        (
            pc.field("utc") > pa.scalar(NOON, pa.timestamp("us", "UTC")),
            (
                "(\"utc\" > arrow_cast('2024-01-02T12:00:00.000005Z', "
                "'Timestamp(Microsecond, Some(\"UTC\"))'))"
            ),
        ),
        (
            pc.field("amount") == pa.scalar(Decimal("1.50"), pa.decimal128(10, 2)),
            "(\"amount\" = arrow_cast('1.50', 'Decimal128(10, 2)'))",
        ),
        (pc.field("ratio") > 1.5, "(\"ratio\" > CAST('1.5' AS DOUBLE))"),
        (pc.field("flag"), '"flag"'),
        (~pc.field("flag"), '(NOT "flag")'),
        (pc.field("id").is_null(), '("id" IS NULL)'),
        (pc.field("id").is_valid(), '("id" IS NOT NULL)'),
        (pc.field("id").isin([1, 2, 3]), '("id" IN (1, 2, 3))'),
        (pc.field("text").isin(["a", "b, c"]), "(\"text\" IN ('a', 'b, c'))"),
        (
            (pc.field("id") >= 3) & (pc.field("id") <= 9) | ~(pc.field("text") == "x"),
            '((("id" >= 3) AND ("id" <= 9)) OR (NOT ("text" = \'x\')))',
        ),
        (
            pc.field('odd "name" and (id == 1)') == 1,
            '("odd ""name"" and (id == 1)" = 1)',
        ),
    ],
)
def test_means_the_same(condition: Any, sql: str) -> None:
    """Each kind of condition that the engine hands over."""
    assert filter_sql(condition, SCHEMA) == sql


@pytest.mark.parametrize(
    "condition",
    [
        pc.field("raw") == b"\x00",
        pc.field("id") == pc.field("id2"),
        pc.field("ratio") == pa.scalar(math.nan),
        pc.field("id") + 1 == 2,
        pc.field("nobody") == 1,
        pc.field("text").isin(['a",\n  "b']),
        pc.field("id").isin([]),
        pc.starts_with(pc.field("text"), "a"),
        pc.is_null(pc.field("ratio"), nan_is_null=True),
    ],
)
def test_what_is_not_understood_skips_nothing(condition: Any) -> None:
    """A condition without an exact counterpart gives none; ambiguous texts are seen through."""
    assert filter_sql(condition, SCHEMA) is None
