"""The group of all subcommands: ours by name, those of plugins when they are asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from aqueducts import __version__
from aqueducts.cli.common_options import add_common_options, common_options, format_options
from aqueducts.cli.console import Console
from aqueducts.cli.exit_codes import EXIT_CODES_HELP
from aqueducts.cli.failures import report

__all__ = ["CommandGroup", "cli"]

_COMMANDS = (
    "init",
    "run",
    "check",
    "plan",
    "preview",
    "test",
    "attach",
    "status",
    "cancel",
    "schema",
    "plugins",
    "doctor",
    "explain",
    "completion",
)
"""Modules of this package that hold a `command` each, in the order of the help."""

_BUILTIN = "builtin"
"""Name of the plugin that ships with core; it brings no commands and is slow to import."""


class CommandGroup(click.Group):
    """Imports a subcommand when it is named, and prints every error the same way."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of our commands, and of the plugins' where help is asked for."""
        if ctx.resilient_parsing:
            # Completion has to answer at once: no plugin is imported for it.
            return list(_COMMANDS)
        return [*_COMMANDS, *sorted(set(_plugin_commands(ctx)) - set(_COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; plugins are imported only for names that are not ours."""
        if cmd_name in _COMMANDS:
            module = importlib.import_module(f"aqueducts.cli.{cmd_name}")
            command: click.Command = module.command
            return command
        found = _plugin_commands(ctx).get(cmd_name)
        if found is not None:
            add_common_options(found)
        return found

    def invoke(self, ctx: click.Context) -> None:
        """Run the subcommand. What it returns is no exit code; those are set by `ctx.exit`."""
        super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands."""
        format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line; unless told otherwise, leave the process with its exit code."""
        console = extra.setdefault("obj", Console())

        def run() -> Any:
            return super(CommandGroup, self).main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )

        if not standalone_mode:
            return run()
        try:
            code = run()
        # One of the three edges where anything may arrive.
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
            code = report(error, console)
        sys.exit(code)


def _plugin_commands(ctx: click.Context) -> Mapping[str, click.Command]:
    """Commands of the installed plugins, found once per command line."""
    known: Mapping[str, click.Command] | None = ctx.meta.get("aqueducts.plugin_commands")
    if known is None:
        known = ctx.meta["aqueducts.plugin_commands"] = _discover(ctx.ensure_object(Console))
    return known


def _discover(console: Console) -> Mapping[str, click.Command]:
    from importlib.metadata import entry_points  # slow, and rarely needed

    names = {entry.name for entry in entry_points(group="aqueducts")}
    if names <= {_BUILTIN}:
        return {}
    from aqueducts.plugins import Plugins  # imports the models

    plugins = Plugins.discover(blocked=[_BUILTIN])
    try:
        commands = dict(plugins.cli_commands)
    # A stranger's hook may raise anything, and must not take our own commands down.
    except Exception as error:  # noqa: BLE001
        console.tell(f"warning: commands of plugins are left out: {error}")
        return {}
    for record in plugins.failed:
        console.tell(
            f"warning: plugin {record.name} of {record.distribution} cannot be loaded: "
            f"{record.error}"
        )
    return commands


@click.group(
    cls=CommandGroup,
    params=common_options(),
    epilog=EXIT_CODES_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(
    __version__, "-V", "--version", prog_name="aqueducts", message="%(prog)s %(version)s"
)
def cli() -> None:
    """Run declarative data pipelines: sources, SQL stages and a destination in one file."""
