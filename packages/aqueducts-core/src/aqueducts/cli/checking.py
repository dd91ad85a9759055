"""Loading and planning one pipeline for `aqueducts check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import visible
from aqueducts.cli.console.problems import as_problems, problem_list, problems_as_json
from aqueducts.cli.console.quantities import count
from aqueducts.cli.interruptible import interruptible, notices
from aqueducts.cli.pipeline_options import PipelineOptions, load_pipeline
from aqueducts.diagnostics import Problem
from aqueducts.errors import AqueductsError, PipelineError
from aqueducts.plan import make_plan
from aqueducts.plugins import Plugins

if TYPE_CHECKING:
    from aqueducts.pipeline import Pipeline

__all__ = ["Form", "check_as_data", "check_as_text"]

Form = Literal["json", "github", "sarif"]
"""How problems are written for programs."""


def check_as_text(file: PipelineOptions, console: Console, *, is_connecting: bool) -> None:
    """Say that the pipeline is good, with its warnings. Raises PipelineError where it is not."""
    pipeline = _check(file, console, is_connecting=is_connecting)
    if console.is_quiet:
        return
    warnings = as_problems(pipeline.warnings)
    if warnings:
        console.tell(problem_list(warnings, console) + "\n")
    name = visible(pipeline.path or file.file)
    style = console.results
    console.write_result(f"{style(name, 'bold')}: {style('ok', 'green')} ({_contents(pipeline)})")


def check_as_data(
    file: PipelineOptions, console: Console, form: Form, *, is_connecting: bool
) -> int:
    """Write everything found to standard output in one form; returns the exit code."""
    try:
        pipeline = _check(file, console, is_connecting=is_connecting)
    except PipelineError as error:
        problems, exit_code = as_problems(error.problems), error.exit_code
    except AqueductsError as error:
        problems = [Problem(code=error.code, message=error.message, help=error.hint)]
        exit_code = error.exit_code
    else:
        problems, exit_code = as_problems(pipeline.warnings), 0
    text = _as_data(problems, form)
    if text:
        console.write_result(text)
    return exit_code


def _as_data(problems: list[Problem], form: Form) -> str:
    if form == "json":
        return json.dumps(problems_as_json(problems), indent=2)
    if form == "github":
        from aqueducts.cli.console.annotations import github_annotations

        return github_annotations(problems)
    from aqueducts.cli.console.sarif import sarif

    return json.dumps(sarif(problems), indent=2)


def _check(file: PipelineOptions, console: Console, *, is_connecting: bool) -> Pipeline:
    pipeline = load_pipeline(file, Plugins.discover(), console)
    try:
        make_plan(pipeline)
        if is_connecting:
            connect(pipeline, console)
    except PipelineError as error:
        raise type(error)([*pipeline.warnings, *error.problems]) from None
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
