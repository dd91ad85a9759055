"""Every event as one JSON object per line."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import Any

import msgspec

from aqueducts.cli.console.terminal import Console
from aqueducts.events import Event, RunStarted

__all__ = ["SCHEMA_VERSION", "EventLog", "json_line", "plain"]

SCHEMA_VERSION = 1
"""Version of the JSON that the command writes; it grows when a field changes its meaning."""


def json_line(event: str, run_id: str | None = None, **fields: Any) -> str:
    """One object on one line, with the time of now."""
    line = {
        "schema_version": SCHEMA_VERSION,
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "run_id": run_id,
        "event": event,
        **fields,
    }
    return json.dumps(line)


def plain(value: Any) -> Any:
    """A struct or dataclass as JSON values; times are rounded to what they can tell."""
    return _rounded(msgspec.to_builtins(value))


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 3)
        case dict():
            return {name: _rounded(item) for name, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
        case _:
            return value


class EventLog:
    """Writes events to standard error. Called from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._run_id: str | None = None

    def tell(self, event: Event) -> None:
        """Write one event."""
        fields = plain(event)
        name = fields.pop("type")
        with self._lock:
            if isinstance(event, RunStarted):
                self._run_id = fields.pop("run_id")
            self.write(name, **fields)

    def write(self, event: str, **fields: Any) -> None:
        """Write something of this run that is no event of the engine."""
        self._console.tell(json_line(event, self._run_id, **fields))
