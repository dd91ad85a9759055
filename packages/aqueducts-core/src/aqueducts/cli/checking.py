"""Loading and planning one pipeline for `aqueducts check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.problems import as_problems, problem_list, problems_as_json
from aqueducts.cli.console.quantities import count
from aqueducts.cli.interruptible import interruptible, notices
from aqueducts.cli.pipeline_options import PipelineOptions, load_pipeline
from aqueducts.errors import AqueductsError, PipelineError, PlanError
from aqueducts.plan import make_plan
from aqueducts.plugins import Plugins

if TYPE_CHECKING:
    from aqueducts.pipeline import Pipeline

__all__ = ["check_as_json", "check_as_text"]


def check_as_text(file: PipelineOptions, console: Console, *, is_connecting: bool) -> None:
    """Say that the pipeline is good, with its warnings. Raises PipelineError where it is not."""
    pipeline = _check(file, console)
    if is_connecting:
        connect(pipeline, console)
    if console.is_quiet:
        return
    warnings = as_problems(pipeline.warnings)
    if warnings:
        console.tell(problem_list(warnings, console) + "\n")
    name = visible(pipeline.path or file.file)
    style = console.results
    console.write_result(f"{style(name, 'bold')}: {style('ok', 'green')} ({_contents(pipeline)})")


def check_as_json(file: PipelineOptions, console: Console, *, is_connecting: bool) -> int:
    """Write everything found as a JSON list; returns the exit code."""
    problems: list[dict[str, Any]]
    try:
        pipeline = _check(file, console)
        if is_connecting:
            connect(pipeline, console)
    except PipelineError as error:
        problems, exit_code = problems_as_json(as_problems(error.problems)), error.exit_code
    except AqueductsError as error:
        problem = {"code": error.code, "severity": "error", "message": error.message}
        problems, exit_code = [{**problem, "help": error.hint}], error.exit_code
    else:
        problems, exit_code = problems_as_json(as_problems(pipeline.warnings)), 0
    console.write_result(json.dumps(problems, indent=2))
    return exit_code


def _check(file: PipelineOptions, console: Console) -> Pipeline:
    pipeline = load_pipeline(file, Plugins.discover(), console)
    try:
        make_plan(pipeline)
    except PlanError as error:
        raise PlanError([*pipeline.warnings, *error.problems]) from None
    return pipeline


def connect(pipeline: Pipeline, console: Console) -> None:
    """Open what the pipeline names. Raises PipelineError with everything that is wrong."""
    from aqueducts.inspection import check_connections  # imports the engine

    interruptible(
        lambda asked: check_connections(pipeline, on_event=notices(console), cancellation=asked),
        console,
    )


def _contents(pipeline: Pipeline) -> str:
    destination = pipeline.destination
    return ", ".join(
        [
            count(len(pipeline.sources), "source"),
            count(sum(map(len, pipeline.stages)), "stage"),
            "no destination" if destination is None else f"destination {destination.type}",
        ]
    )
