"""Loading and planning one pipeline for `aqueducts check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.problems import as_problems, problem_list, problems_as_json
from aqueducts.cli.console.quantities import count
from aqueducts.cli.pipeline_options import PipelineOptions, load_pipeline
from aqueducts.errors import AqueductsError, PipelineError
from aqueducts.plan import make_plan
from aqueducts.plugins import Plugins

if TYPE_CHECKING:
    from aqueducts.pipeline import Pipeline

__all__ = ["check_as_json", "check_as_text"]


def check_as_text(file: PipelineOptions, console: Console) -> None:
    """Say that the pipeline is good, with its warnings. Raises PipelineError where it is not."""
    pipeline = _check(file, console)
    if console.is_quiet:
        return
    warnings = as_problems(pipeline.warnings)
    if warnings:
        console.tell(problem_list(warnings, console) + "\n")
    name = visible(pipeline.path or file.file)
    style = console.results
    console.write_result(f"{style(name, 'bold')}: {style('ok', 'green')} ({_contents(pipeline)})")


def check_as_json(file: PipelineOptions, console: Console) -> bool:
    """Write everything found as a JSON list; whether the pipeline is good."""
    problems: list[dict[str, Any]]
    try:
        pipeline = _check(file, console)
    except PipelineError as error:
        problems, is_good = problems_as_json(as_problems(error.problems)), False
    except AqueductsError as error:
        problem = {"code": error.code, "severity": "error", "message": error.message}
        problems, is_good = [{**problem, "help": error.hint}], False
    else:
        problems, is_good = problems_as_json(as_problems(pipeline.warnings)), True
    console.write_result(json.dumps(problems, indent=2))
    return is_good


def _check(file: PipelineOptions, console: Console) -> Pipeline:
    pipeline = load_pipeline(file, Plugins.discover(), console)
    make_plan(pipeline)
    return pipeline


def _contents(pipeline: Pipeline) -> str:
    destination = pipeline.destination
    return ", ".join(
        [
            count(len(pipeline.sources), "source"),
            count(sum(map(len, pipeline.stages)), "stage"),
            "no destination" if destination is None else f"destination {destination.type}",
        ]
    )
