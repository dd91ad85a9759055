"""Tables of the caller's session."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from aqueducts.errors import SourceError
from aqueducts.events import Notice
from aqueducts.relations import GivenTable

Make = Callable[..., Any]
_TABLE = pa.table({"a": [1, 2, 3]})


def test_a_given_table(make_source: Make, context: Any, tables: Any) -> None:
    """The engine has it already."""
    tables.tables["sales"] = _TABLE
    context = dataclasses.replace(context, tables=tables)

    assert make_source(type="in_memory", name="sales").open(context) == GivenTable("sales")


@pytest.mark.parametrize(
    ("name", "there", "found"),
    [("Sales", ["sales"], "sales"), ("Sales", ["sales", "Sales"], "Sales")],
)
def test_a_given_table_is_found_as_sql_does(
    make_source: Make, context: Any, tables: Any, name: str, there: list[str], found: str
) -> None:
    """The session folds a name without quotes when the table is registered, too."""
    tables.tables |= dict.fromkeys(there, _TABLE)
    context = dataclasses.replace(context, tables=tables)

    assert make_source(type="in_memory", name=name).open(context) == GivenTable(found)


def test_a_missing_table(make_source: Make, context: Any, tables: Any) -> None:
    """The error lists what is there, or says where tables come from."""
    source = make_source(type="in_memory", name="sale")
    with pytest.raises(SourceError, match=r"(?s)no table 'sale' in memory.*Python API"):
        source.open(context)
    context = dataclasses.replace(context, tables=tables)
    with pytest.raises(SourceError, match="the session is empty"):
        source.open(context)
    tables.tables |= {"sales": _TABLE, "b": _TABLE}
    with pytest.raises(SourceError, match=r"did you mean 'sales'.*has 'b', 'sales'"):
        source.open(context)
    del tables.tables["sales"]
    with pytest.raises(SourceError, match="help: the session has 'b'"):
        source.open(context)


def test_a_result_is_kept_in_the_session(
    make_destination: Make, make_frame: Make, context: Any, tables: Any
) -> None:
    """Under the destination's name."""
    context = dataclasses.replace(context, tables=tables)
    report = make_destination(type="in_memory", name="out").write(make_frame(_TABLE), context)

    assert report.rows == 3
    assert tables.tables["out"] == _TABLE


def test_without_a_session_rows_are_counted_and_a_notice_says_so(
    make_destination: Make, make_frame: Make, context: Any
) -> None:
    """The pipeline runs as a check, and nobody waits for a table in vain."""
    report = make_destination(type="in_memory", name="out").write(make_frame(_TABLE), context)

    assert report.rows == 3
    [notice] = context.events
    assert isinstance(notice, Notice)
    assert "'out' is not kept" in notice.message
