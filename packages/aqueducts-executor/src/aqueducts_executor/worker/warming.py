"""Importing what a run needs, ahead of it."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

from aqueducts import Pipeline, Plugins, run_sync
from aqueducts.results import RunSettings

__all__ = ["warm_up"]


def warm_up(spill_dir: str) -> tuple[tuple[str, str], ...]:
    """Run a pipeline of one row; returns the distributions of plugins, with their versions.

    Much is imported where it is first used, and the first query of a process takes half a second.
    """
    plugins = Plugins.discover()
    Path(spill_dir).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="warm-", dir=spill_dir) as folder:
        source = Path(folder) / "in.csv"
        source.write_text("a\n1\n", encoding="utf-8")
        pipeline = Pipeline.from_dict(
            _pipeline(source, Path(folder) / "out.parquet"), plugins=plugins
        )
        run_sync(pipeline, settings=RunSettings(spill_dir=folder), on_event=lambda _: None)
    gc.collect()
    gc.freeze()
    versions = {
        record.distribution: record.version for record in plugins.records if record.distribution
    }
    return tuple(sorted(versions.items()))


def _pipeline(source: Path, target: Path) -> dict[str, object]:
    return {
        "version": "v2",
        "sources": [
            {"type": "file", "name": "t", "format": {"type": "csv"}, "location": str(source)}
        ],
        "stages": [
            [{"name": "s", "query": "SELECT a, count(*) AS n FROM t GROUP BY a", "show": 1}]
        ],
        "destination": {
            "type": "file",
            "name": "d",
            "format": {"type": "parquet"},
            "location": str(target),
        },
    }
