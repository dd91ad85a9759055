"""Whether the engine works: it is tried in another process, which may die of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import msgspec

from aqueducts.health import Fact, Health, HealthCheck

__all__ = ["ENGINE_CHECK"]

_PATIENCE_SECONDS = 60

_PROGRAM = """
import json, time

def tell(name, started, version):
    print(json.dumps([name, round((time.perf_counter() - started) * 1000, 1), version]), flush=True)

def load(name):
    print(json.dumps([name]), flush=True)
    started = time.perf_counter()
    module = __import__(name)
    tell(name, started, getattr(module, "__version__", None))
    return module

pyarrow = load("pyarrow")
datafusion = load("datafusion")
print(json.dumps(["query"]), flush=True)
started = time.perf_counter()
batch = pyarrow.record_batch({"n": [1, 2, 3]})
context = datafusion.SessionContext()
context.register_record_batches("t", [[batch]])
rows = context.sql("SELECT sum(n) AS n FROM t").to_arrow_table().to_pylist()
assert rows == [{"n": 6}], rows
tell("query", started, None)
"""
"""Announces each step before it takes it, and tells how long it took behind it."""


class _Step(msgspec.Struct, frozen=True):
    """A step that was begun and, with its duration, one that was done."""

    name: str
    duration_ms: float | None = None
    version: str | None = None


def _examine() -> Health:
    steps, code, heard = _try()
    facts: dict[str, Fact] = {}
    for step in steps:
        if step.version is not None:
            facts[step.name] = step.version
        if step.duration_ms is not None:
            facts[f"{step.name}_{'ms' if step.name == 'query' else 'import_ms'}"] = step.duration_ms
    if code == 0:
        return Health(facts=facts)
    last = steps[-1].name if steps else "python"
    module = "datafusion" if last == "query" else last
    what = "a query fails" if last == "query" else f"{last} cannot be imported"
    return Health(
        "error",
        facts,
        f"{what}: {_reason(code, heard)}",
        f"reinstall it: pip install --force-reinstall {module}; and look for a file of your own "
        f"that is called {module}.py",
    )


def _try() -> tuple[list[_Step], int | None, str]:
    """What the steps told, how the process ended (None: it did not), and its last words."""
    # The same modules as here, and none of the working directory that are not seen from here.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603 - this Python with the program above
            [sys.executable, "-P", "-c", _PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        told: bytes | str = error.stdout or b""
        return _steps(told.decode() if isinstance(told, bytes) else told), None, ""
    return _steps(done.stdout), done.returncode, done.stderr


def _steps(text: str) -> list[_Step]:
    return [_Step(*json.loads(line)) for line in text.splitlines() if line.startswith("[")]


def _reason(code: int | None, heard: str) -> str:
    if code is None:
        return f"no answer within {_PATIENCE_SECONDS} seconds"
    if code < 0:
        return f"the process died of {signal.Signals(-code).name}"
    lines = [line for line in heard.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit code {code}"


ENGINE_CHECK = HealthCheck("engine", _examine)
