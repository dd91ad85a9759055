"""Runs whose files are in buckets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from servers.places import Place, place_of

from aqueducts import Pipeline, run_sync
from aqueducts.results import RunResult, RunSettings

SERVERS = ("moto", "ceph", "azure", "gcs")

Run = Callable[..., RunResult]


@pytest.fixture(params=SERVERS)
def place(request: pytest.FixtureRequest) -> Place:
    """An empty bucket of each server."""
    return place_of(request.getfixturevalue(f"{request.param}_server"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a query over sources, with its result shown or written."""

    def one_run(
        query: str,
        sources: Sequence[dict[str, Any]] = (),
        destination: dict[str, Any] | None = None,
    ) -> RunResult:
        data: dict[str, Any] = {
            "sources": list(sources),
            "stages": [[{"name": "result", "query": query, "show": 0}]],
        }
        if destination is not None:
            data["destination"] = destination
        settings = RunSettings(spill_dir=str(tmp_path / "spill"), threads=2)
        return run_sync(Pipeline.from_dict(data, strict=True), settings=settings)

    return one_run
