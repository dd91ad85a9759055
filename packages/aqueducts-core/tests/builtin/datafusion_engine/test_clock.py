"""A clock that stands still."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pyarrow as pa
import pytest
from datafusion import SessionConfig, SessionContext

from aqueducts.builtin.datafusion_engine.clock import stop_clock
from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings

MOMENT = datetime(2024, 3, 1, 23, 30, 0, 250_000, tzinfo=UTC)

CALLS = (
    "SELECT now(), current_timestamp AS b, current_timestamp() AS c, current_date, "
    "current_date() AS e, today() AS f, current_time, current_time() AS h"
)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "-05:00"])
def test_columns_are_those_of_the_real_clock(zone: str | None) -> None:
    """Names, types and nulls: a query cannot tell the difference."""
    config = SessionConfig()
    if zone is not None:
        config = config.set("datafusion.execution.time_zone", zone)
    context = SessionContext(config)
    before = context.sql(CALLS).schema()
    stop_clock(context, MOMENT)
    assert context.sql(CALLS).schema() == before
    row = context.sql(CALLS).to_arrow_table().to_pylist()[0]
    local = {None: 1, "Europe/Berlin": 2, "-05:00": 1}[zone]
    hour = {None: 23, "Europe/Berlin": 0, "-05:00": 18}[zone]
    assert row["f"] == row["e"] == row["current_date()"] == date(2024, 3, local)
    assert row["h"] == time(hour, 30, 0, 250_000)
    moments = {row["now()"], row["b"], row["c"]}
    assert moments == {MOMENT.replace(tzinfo=None) if zone is None else MOMENT}


def test_queries_are_planned_with_the_moment() -> None:
    """The planner knows the value: nothing is left to call, and filters are pushed down."""
    context = SessionContext()
    stop_clock(context, MOMENT)
    days = pa.table({"day": pa.array([date(2024, 2, 29), date(2024, 3, 2)]), "n": [1, 2]})
    context.register_record_batches("t", [days.to_batches()])
    frame = context.sql("SELECT n FROM t WHERE day < date_trunc('day', now())")
    plan = frame.optimized_logical_plan().display_indent()
    assert "now()" not in plan
    assert "2024-03-01" in plan or "1709251200" in plan
    assert frame.to_pylist() == [{"n": 1}]


def test_sessions_stop_their_clocks(tmp_path: Path) -> None:
    """Where their settings say so; another session has the time of day."""
    found = []
    for now in (MOMENT, None):
        settings = EngineSettings(work_dir=tmp_path, now=now)
        session = DataFusionEngine().open_session(settings, None)
        session.define("a", "SELECT current_date AS day")
        found.append(session.head("a", 1).to_pylist()[0]["day"])
        session.close()
    assert found[0] == date(2024, 3, 1)
    assert found[1] != date(2024, 3, 1)
