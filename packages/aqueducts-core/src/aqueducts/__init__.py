"""Declarative data pipelines on Apache DataFusion.

    import aqueducts

    pipeline = aqueducts.load("pipeline.yml", params={"month": "jan"})
    result = aqueducts.run_sync(pipeline)

Names are imported when they are first used, so that `import aqueducts` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aqueducts.diagnostics import Problem
    from aqueducts.errors import (
        AccessError,
        AqueductsError,
        CommitLostError,
        CommitUnknownError,
        ConnectionLostError,
        ConnectionProblem,
        DestinationError,
        EngineError,
        ExecutorBusyError,
        ExecutorError,
        ExecutorUnreachableError,
        MissingPluginError,
        NotAuthorisedError,
        OutOfMemoryError,
        PipelineError,
        PlanError,
        PluginConflictError,
        PluginError,
        PluginLoadError,
        ProtocolError,
        QueryError,
        RunCrashedError,
        RunError,
        RunKilledError,
        RunTimedOutError,
        SecretError,
        SourceError,
        StageError,
        StorageError,
        SyntaxProblem,
        TemplateError,
        UnknownRunError,
        ValidationProblem,
    )
    from aqueducts.hookspecs import hookimpl
    from aqueducts.load import load, load_text
    from aqueducts.pipeline import Pipeline
    from aqueducts.planning import plan
    from aqueducts.plugins import Plugins
    from aqueducts.preview import preview
    from aqueducts.remote import Executor
    from aqueducts.results import RunResult
    from aqueducts.run import run, run_sync
    from aqueducts.threads import Cancellation, RunCancelledError

__all__ = [
    "AccessError",
    "AqueductsError",
    "Cancellation",
    "CommitLostError",
    "CommitUnknownError",
    "ConnectionLostError",
    "ConnectionProblem",
    "DestinationError",
    "EngineError",
    "Executor",
    "ExecutorBusyError",
    "ExecutorError",
    "ExecutorUnreachableError",
    "MissingPluginError",
    "NotAuthorisedError",
    "OutOfMemoryError",
    "Pipeline",
    "PipelineError",
    "PlanError",
    "PluginConflictError",
    "PluginError",
    "PluginLoadError",
    "Plugins",
    "Problem",
    "ProtocolError",
    "QueryError",
    "RunCancelledError",
    "RunCrashedError",
    "RunError",
    "RunKilledError",
    "RunResult",
    "RunTimedOutError",
    "SecretError",
    "SourceError",
    "StageError",
    "StorageError",
    "SyntaxProblem",
    "TemplateError",
    "UnknownRunError",
    "ValidationProblem",
    "__version__",
    "hookimpl",
    "load",
    "load_text",
    "plan",
    "preview",
    "run",
    "run_sync",
]

__version__ = "0.1.0"

_HOMES = {
    "Cancellation": "threads",
    "Executor": "remote",
    "Pipeline": "pipeline",
    "Plugins": "plugins",
    "Problem": "diagnostics",
    "RunCancelledError": "threads",
    "RunResult": "results",
    "hookimpl": "hookspecs",
    "load": "load",
    "load_text": "load",
    "plan": "planning",
    "preview": "preview",
    "run": "run",
    "run_sync": "run",
}
"""The module of each public name; those that are not here are errors."""


class _Package(ModuleType):
    """This package. Its functions `load` and `run` keep their names once it has those modules.

    Importing `aqueducts.load` makes the import system set the attribute `load` to the module.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
