"""Options of every command that speaks to an executor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from aqueducts.remote import Executor

__all__ = ["executor_options", "take_executor"]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])

_LONGEST_KEY = 10_000


def executor_options(*, is_required: bool) -> Callable[[CallableT], CallableT]:
    """Add `--executor`, the key and the CA to a command; see `take_executor`."""

    def add(function: CallableT) -> CallableT:
        for decorate in reversed(_options(is_required)):
            function = decorate(function)
        return function

    return add


def _options(is_required: bool) -> list[Callable[..., Any]]:
    purpose = "The executor to ask" if is_required else "Run the pipeline on this executor"
    return [
        click.option(
            "--executor",
            metavar="ADDRESS",
            required=is_required,
            envvar="AQUEDUCTS_EXECUTOR",
            show_envvar=True,
            help=f"{purpose}: HOST:PORT or a URL.",
        ),
        click.option(
            "--api-key",
            metavar="KEY",
            envvar="AQUEDUCTS_API_KEY",
            show_envvar=True,
            help="Key of the executor. Others on this machine see it, but for the variable.",
        ),
        click.option(
            "--api-key-file",
            type=click.Path(dir_okay=False),
            envvar="AQUEDUCTS_API_KEY_FILE",
            show_envvar=True,
            help="File that holds the key.",
        ),
        click.option(
            "--executor-ca",
            type=click.Path(dir_okay=False),
            envvar="AQUEDUCTS_EXECUTOR_CA",
            show_envvar=True,
            help="PEM file with the CA of the executor's certificate.",
        ),
    ]


def take_executor(given: dict[str, Any]) -> Executor | None:
    """Take what `executor_options` added out of a command's keyword arguments.

    None where no executor was asked for. Raises UsageError.
    """
    address = given.pop("executor")
    key, key_file = given.pop("api_key"), given.pop("api_key_file")
    ca_file = given.pop("executor_ca")
    if not address:
        return None
    from aqueducts.remote import Executor  # imports the models

    try:
        return Executor(address, api_key=_key(key, key_file), ca_file=ca_file)
    except ValueError as error:
        raise click.UsageError(f"Invalid value for '--executor': {error}") from error


def _key(key: str | None, key_file: str | None) -> str | None:
    context = click.get_current_context()
    is_given, is_file_given = (
        context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        for name in ("api_key", "api_key_file")
    )
    if is_given and is_file_given:
        raise click.UsageError("Two keys were given: --api-key and --api-key-file.")
    # The command line wins over the environment.
    if key_file is None or (key is not None and not is_file_given):
        return key
    try:
        with Path(key_file).open(encoding="utf-8") as file:
            found = file.read(_LONGEST_KEY).strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise click.UsageError(f"Cannot read the key in {key_file}: {reason}") from error
    if not found:
        raise click.UsageError(f"There is no key in {key_file}: it is empty")
    return found
