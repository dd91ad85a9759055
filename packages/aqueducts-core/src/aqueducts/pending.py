"""Whether a run would change what is there, as far as that can be told without running it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aqueducts.models.fields import scheme_of
from aqueducts.pipeline_plan import Changes
from aqueducts.relations import FileScan

if TYPE_CHECKING:
    from aqueducts.pipeline_plan import DestinationPlan
    from aqueducts.plan_facts import TargetChange
    from aqueducts.prepared import PreparedRun

__all__ = ["pending_changes"]


def pending_changes(prepared: PreparedRun, destination: DestinationPlan | None) -> Changes:
    """What speaks for a run. Nothing does where the target is newer than all it is made from.

    That is so where the target has the columns of the result and is newer than the pipeline's file
    and every file of its sources, and no query gives another result each time. What cannot be told
    speaks for a run.
    """
    if destination is None:
        return Changes(is_pending=False)
    change = destination.change
    if change is None:
        reasons = [f"destination {destination.type!r} cannot tell what is there"]
    elif change.action == "nothing":
        return Changes(is_pending=False)
    elif change.action == "create":
        reasons = ["the target is not there yet"]
    elif change.action == "add":
        reasons = ["every run adds to the target"]
    elif change.action == "update":
        reasons = ["what a run would change in the target cannot be told without running it"]
    else:
        reasons = [*_of_columns(change), *_of_inputs(prepared, change.written_at)]
    return Changes(is_pending=bool(reasons), reasons=tuple(reasons))


def _of_columns(change: TargetChange) -> list[str]:
    if change.columns is None:
        return ["the target does not tell its columns"]
    if change.columns:
        names = ", ".join(repr(each.name) for each in change.columns)
        return [f"columns differ: {names}"]
    return []


def _of_inputs(prepared: PreparedRun, written_at: float | None) -> list[str]:
    if written_at is None:
        return ["the target does not tell when it was written"]
    reasons = []
    path = prepared.pipeline.path
    changed_at = None if path is None else _changed_at(path)
    if changed_at is None:
        reasons.append("the pipeline has no file whose age could be told")
    elif changed_at >= written_at:
        reasons.append(f"the pipeline was changed {_at(changed_at)}, after the target was written")
    for name in prepared.plan.sources:
        reason = _of_source(prepared.relations[name], written_at)
        if reason is not None:
            reasons.append(f"source {name!r} {reason}")
    changing = prepared.volatile_functions
    reasons += [
        f"stage {stage.name!r} may give another result each time"
        for stage in prepared.plan.stages
        if stage.facts is None or not changing.isdisjoint(stage.facts.functions)
    ]
    return reasons


def _of_source(relation: Any, written_at: float) -> str | None:
    if not isinstance(relation, FileScan):
        return "cannot tell when it was changed"
    for file in relation.files:
        changed_at = file.modified_at or _changed_at(file.path)
        if changed_at is None:
            return "cannot tell when it was changed"
        if changed_at >= written_at:
            return f"was changed {_at(changed_at)}, after the target was written"
    return None


def _changed_at(path: str) -> float | None:
    """When a local file was changed; None for all others."""
    if scheme_of(path) != "file":
        return None
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return None


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("at %Y-%m-%d %H:%M:%S UTC")
