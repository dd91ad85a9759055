"""The edge where errors become text and an exit code."""

from __future__ import annotations

import errno
import sys
from typing import Any

import click

from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import ExitCode
from aqueducts.errors import AqueductsError, PipelineError, ProblemLike

__all__ = ["error_as_json", "report"]


def report(error: BaseException, console: Console) -> int:
    """Tell the error on standard error and return the exit code it ends the command with."""
    if console.is_debug and not isinstance(error, click.ClickException | click.Abort):
        import traceback  # for this flag only

        console.tell("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, click.ClickException):
        error.show(sys.stderr)
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        # Once a run is under way, `Interrupts` hears the signals.
        _tell(console, "interrupted", "interrupted before the run began")
        return ExitCode.INTERRUPTED
    if isinstance(error, AqueductsError):
        _tell_error(error, console)
        if console.log_format == "human":
            for note in getattr(error, "__notes__", ()):
                console.tell(note)
        return error.exit_code
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return ExitCode.DONE
    return _report_unexpected(error, console)


def error_as_json(error: AqueductsError) -> dict[str, Any]:
    """An error as JSON values."""
    fields: dict[str, Any] = {"code": error.code, "message": error.message, "help": error.hint}
    step = getattr(error, "step", None)
    if step is not None:
        fields["step"] = step
    problems = error.problems if isinstance(error, PipelineError) else [error.problem]
    if any(problems):
        from aqueducts.cli.console.problems import (
            as_problems,
            problems_as_json,
        )

        fields["problems"] = problems_as_json(as_problems(filter(None, problems)))
    return fields


def _tell_error(error: AqueductsError, console: Console) -> None:
    if console.log_format == "json":
        from aqueducts.cli.console.json_lines import json_line

        console.tell(json_line("error", **error_as_json(error)))
    elif isinstance(error, PipelineError):
        _tell_problems(error, console)
    elif error.problem is not None and error.problem.line is not None:
        _tell_place(error, error.problem, console)
    else:
        _tell(console, error.code, _with_step(error), error.hint)


def _with_step(error: AqueductsError) -> str:
    step = getattr(error, "step", None)
    is_named = step is None or repr(step) in error.message
    return error.message if is_named else f"in {step!r}: {error.message}"


def _tell_problems(error: PipelineError, console: Console) -> None:
    from aqueducts.cli.console.problems import (
        as_problems,
        problem_list,
        tally,
    )

    problems = as_problems(error.problems)
    console.tell(problem_list(problems, console))
    console.tell("\n" + console.messages(tally(problems), "bold"))


def _tell_place(error: AqueductsError, problem: ProblemLike, console: Console) -> None:
    import msgspec  # the version is told without it

    from aqueducts.cli.console.problems import as_problems, problem_list

    (found,) = as_problems([problem])
    message, *more = _with_step(error).splitlines()
    notes = [*more, *([found.note] if found.note else [])]
    found = msgspec.structs.replace(found, message=message, note="\n".join(notes) or None)
    console.tell(problem_list([found], console))


def _tell(console: Console, code: str, message: str, hint: str | None = None) -> None:
    """`error[code]: message`, and what to do about it below."""
    from aqueducts.cli.console.cells import visible_block

    style = console.messages
    console.tell(f"{style(f'error[{code}]', 'red bold')}: {visible_block(message)}")
    if hint is not None:
        console.tell(f"  {style('help:', 'cyan')} {visible_block(hint)}")


def _report_unexpected(error: BaseException, console: Console) -> int:
    message = str(error).splitlines()[0] if str(error).strip() else "no message"
    rerun = "" if console.is_debug else " (rerun with --debug for a traceback)"
    _tell(console, "internal", f"internal error: {type(error).__name__}: {message}{rerun}")
    return ExitCode.RUN_FAILED
