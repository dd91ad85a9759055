"""What is wrong with a pipeline, told as the API tells it."""

from __future__ import annotations

import msgspec

from aqueducts import AqueductsError, Pipeline, PipelineError, Plugins
from aqueducts.protocol import message_problem
from aqueducts.protocol.messages import MessageProblem
from aqueducts_executor.worker.messages import Check, Checked

__all__ = ["checked"]

_MOST_PROBLEMS = 100


def checked(check: Check) -> Checked:
    """Everything that is wrong with the pipeline."""
    try:
        Pipeline.from_dict(msgspec.json.decode(check.pipeline), plugins=Plugins.discover())
    except (AqueductsError, ValueError, TypeError, RecursionError) as error:
        return Checked(check.number, _problems(error))
    return Checked(check.number)


def _problems(error: Exception) -> tuple[MessageProblem, ...]:
    if isinstance(error, PipelineError):
        return tuple(message_problem(each) for each in error.problems[:_MOST_PROBLEMS])
    if isinstance(error, AqueductsError):
        return (MessageProblem(message=error.message, code=error.code, help=error.hint),)
    return (MessageProblem(message="the pipeline is nested too deep, or holds what no file can"),)
