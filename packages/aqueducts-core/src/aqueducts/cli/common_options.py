"""Options that may stand before or behind any subcommand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource

from aqueducts.cli.console import Console

__all__ = ["AqueductsCommand", "add_common_options", "common_options", "format_options"]


def common_options() -> list[click.Option]:
    """Fresh options; what they are given is kept in the `Console` of the context."""
    return [
        _CommonOption(["-q", "--quiet"], is_flag=True, help="Print errors and results only."),
        _CommonOption(["-v", "--verbose"], count=True, help="Print more: settings and plugins."),
        _CommonOption(["--debug"], is_flag=True, help="Print tracebacks of errors."),
        _CommonOption(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="Whether to use colours; auto respects NO_COLOR and FORCE_COLOR.",
        ),
    ]


def add_common_options(command: click.Command) -> None:
    """Give a command the common options whose names it does not use itself."""
    taken = {name for parameter in command.params for name in parameter.opts}
    taken |= {parameter.name or "" for parameter in command.params}
    for option in common_options():
        if not taken.intersection(option.opts) and option.name not in taken:
            command.params.append(option)


class _CommonOption(click.Option):
    """An option of every command."""

    def __init__(self, names: Sequence[str], **settings: Any) -> None:
        long_name = names[-1].removeprefix("--").replace("-", "_")
        super().__init__(
            names,
            envvar=f"AQUEDUCTS_{long_name.upper()}",
            show_envvar=True,
            expose_value=False,
            # Before all others: their errors are already printed as the user asked.
            is_eager=True,
            callback=_remember,
            **settings,
        )


_ATTRIBUTES = {
    "quiet": "is_quiet",
    "verbose": "verbosity",
    "debug": "is_debug",
    "color": "color",
}


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep a value that was given; the command line wins over the environment."""
    console = context.ensure_object(Console)
    name = parameter.name or ""
    given: dict[str, ParameterSource] = context.meta.setdefault("aqueducts.common_options", {})
    source = context.get_parameter_source(name)
    if source is ParameterSource.COMMANDLINE or (
        source is ParameterSource.ENVIRONMENT and name not in given
    ):
        given[name] = source
        setattr(console, _ATTRIBUTES[name], value)
    if console.color != "auto":
        context.color = console.color == "always"


class AqueductsCommand(click.Command):
    """A command that takes the common options and lists them apart in its help."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        add_common_options(self)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then the common ones."""
        format_options(self, ctx, formatter)


def format_options(
    command: click.Command, context: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write a command's own options and the common ones as two lists."""
    own: list[tuple[str, str]] = []
    common: list[tuple[str, str]] = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        # Newer versions of click have records for arguments as well; the usage line names them.
        if record is not None and isinstance(parameter, click.Option):
            is_common = isinstance(parameter, _CommonOption) or "--help" in parameter.opts
            (common if is_common else own).append(record)
    for title, records in (("Options", own), ("Common options", common)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
