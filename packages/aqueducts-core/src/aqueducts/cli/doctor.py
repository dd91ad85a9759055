"""`aqueducts doctor`: whether everything that runs need is there and works."""

from __future__ import annotations

import click
from click.core import ParameterSource

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand,
    name="doctor",
    short_help="Tell what is installed, and what is wrong with it or the machine.",
)
@click.option(
    "--spill-dir",
    type=click.Path(file_okay=False),
    envvar="AQUEDUCTS_SPILL_DIR",
    show_envvar=True,
    help="Folder for temporary files to look at.  [default: the system's]",
)
@click.option(
    "--output",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="Lines for people, or a JSON object.",
)
@click.pass_context
def command(ctx: click.Context, spill_dir: str | None, output: str) -> None:
    """Look at the installation, the plugins and the machine, and tell what to do about problems.

    Nothing is changed. No value of an environment variable is shown. The exit code is 1 where
    something does not work, and 0 where there are warnings at most.
    """
    origin = {
        ParameterSource.COMMANDLINE: "--spill-dir",
        ParameterSource.ENVIRONMENT: "AQUEDUCTS_SPILL_DIR",
    }.get(ctx.get_parameter_source("spill_dir") or ParameterSource.DEFAULT, "the system's")

    from aqueducts.cli.examining import examine

    is_sound = examine(
        ctx.ensure_object(Console), spill_dir=spill_dir, origin=origin, as_json=output == "json"
    )
    if not is_sound:
        ctx.exit(1)
