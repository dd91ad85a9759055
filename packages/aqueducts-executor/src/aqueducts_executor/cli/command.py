"""`aqueducts-executor`: from options to a server."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from aqueducts_executor import __version__
from aqueducts_executor.options import OPTIONS, OptionError, as_toml, gather

__all__ = ["main"]

_USAGE = 2


@click.command(
    name="aqueducts-executor",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every option is also a variable, AQUEDUCTS_X_Y, and a key x_y in the file of --config.",
)
@click.option("--config", metavar="FILE", help="TOML file with options.")
@click.option("--print-config", is_flag=True, help="Print the options, secrets masked, and exit.")
@click.version_option(__version__, prog_name="aqueducts-executor")
@click.pass_context
def main(ctx: click.Context, /, config: str | None, print_config: bool, **given: Any) -> None:
    """Run pipelines that are sent over HTTP or WebSocket."""
    flags = {name: list(values) for name, values in given.items()}
    try:
        options = gather(flags, os.environ, config or os.environ.get("AQUEDUCTS_CONFIG"))
    except OptionError as error:
        _fail(str(error))
    if print_config:
        print(as_toml(options))
        return
    if options.mode == "managed":
        _fail("managed mode is not in this release: leave --mode and --orchestrator-url out")
    from aqueducts_executor.cli.starting import start  # imports the server

    ctx.exit(start(options))


def _add_options() -> None:
    for spec in OPTIONS:
        flags = [spec.flag, *(f"--{alias.replace('_', '-')}" for alias in spec.aliases)]
        default = "" if spec.default is None else f"  [default: {spec.default}]"
        option = click.Option(
            [*flags, spec.name],
            multiple=True,
            metavar=spec.name.rpartition("_")[2].upper(),
            help=spec.help + default,
        )
        main.params.append(option)


def _fail(message: str) -> NoReturn:
    print(f"aqueducts-executor: {message}", file=sys.stderr)
    sys.exit(_USAGE)


_add_options()
