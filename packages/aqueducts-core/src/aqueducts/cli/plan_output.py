"""Loading a pipeline, planning it and printing the plan for `aqueducts plan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from aqueducts.cli.console import Console
from aqueducts.cli.console.problems import as_problems, problem_list
from aqueducts.cli.exit_codes import ExitCode
from aqueducts.cli.interruptible import interruptible, notices
from aqueducts.cli.pipeline_options import PipelineOptions, load_pipeline
from aqueducts.errors import StorageError
from aqueducts.plugins import Plugins

if TYPE_CHECKING:
    from aqueducts.cli.resource_options import Resources
    from aqueducts.pipeline_plan import PipelinePlan

__all__ = ["PlanOptions", "show_plan"]


class PlanOptions(msgspec.Struct, frozen=True):
    """Options of `aqueducts plan`, apart from those of the pipeline and the machine."""

    output: Literal["human", "json", "mermaid", "svg"]
    out: Path | None


def show_plan(
    file: PipelineOptions, options: PlanOptions, resources: Resources, console: Console
) -> int:
    """Load, plan and print; returns the detailed exit code. Raises AqueductsError."""
    attempt = resources.attempt
    resources.refuse()
    pipeline = load_pipeline(file, Plugins.discover(), console)
    warnings = as_problems(pipeline.warnings)
    if warnings and not console.is_quiet:
        console.tell(problem_list(warnings, console) + "\n")
    from aqueducts.planning import plan  # imports the engine

    made = interruptible(
        lambda asked: plan(
            pipeline,
            settings=resources.settings(),
            on_event=notices(console, attempt),
            cancellation=asked,
        ),
        console,
        attempt,
    )
    text = _text(made, options, console)
    if options.out is None:
        console.write_result(text)
    else:
        _write(options.out, text + "\n")
    return ExitCode.CHANGES_PENDING if made.changes.is_pending else ExitCode.DONE


def _text(made: PipelinePlan, options: PlanOptions, console: Console) -> str:
    match options.output:
        case "json":
            return json.dumps(msgspec.to_builtins(made), indent=2, ensure_ascii=False)
        case "mermaid":
            from aqueducts.cli.console.plan_mermaid import plan_as_mermaid

            return plan_as_mermaid(made)
        case "svg":
            from aqueducts.cli.console.plan_svg import plan_as_svg

            return plan_as_svg(made)
        case _:
            from aqueducts.cli.console.plan_text import plan_as_text
            from aqueducts.cli.console.terminal import Styler

            if options.out is None:
                return plan_as_text(made, width=console.result_width, style=console.results)
            return plan_as_text(made, width=None, style=Styler(has_color=False))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{str(path)!r} cannot be written: {error.strerror}") from error
