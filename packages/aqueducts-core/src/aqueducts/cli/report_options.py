"""Options of every command that shows a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["report_options"]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])


def report_options(function: CallableT) -> CallableT:
    """Add `--output`, `--log-format` and `--no-progress`."""
    decorators: list[Callable[..., Any]] = [
        click.option(
            "--output",
            type=click.Choice(["human", "json"]),
            default="human",
            show_default=True,
            envvar="AQUEDUCTS_OUTPUT",
            show_envvar=True,
            help="What standard output gets: tables, or the result as one JSON object.",
        ),
        click.option(
            "--log-format",
            type=click.Choice(["human", "json"]),
            default="human",
            show_default=True,
            envvar="AQUEDUCTS_LOG_FORMAT",
            show_envvar=True,
            help="What standard error gets: progress, or every event as a line of JSON.",
        ),
        click.option(
            "--no-progress",
            is_flag=True,
            envvar="AQUEDUCTS_NO_PROGRESS",
            show_envvar=True,
            help="Print plain lines instead of a live display.",
        ),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function
