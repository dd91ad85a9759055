"""What the plugin offers. Nothing heavy is imported here."""

from __future__ import annotations

from typing import Any

import click

from aqueducts import hookimpl
from aqueducts.connectors import Destination, FileFormat, Source
from aqueducts_fixedwidth.countdown import Countdown
from aqueducts_fixedwidth.digest import Digest
from aqueducts_fixedwidth.fixed_width import FixedWidth


@hookimpl
def aqueducts_sources() -> list[type[Source[Any]]]:
    """Sources of this plugin."""
    return [Countdown]


@hookimpl
def aqueducts_destinations() -> list[type[Destination[Any]]]:
    """Destinations of this plugin."""
    return [Digest]


@hookimpl
def aqueducts_file_formats() -> list[type[FileFormat]]:
    """File formats of this plugin."""
    return [FixedWidth]


@hookimpl
def aqueducts_cli_commands() -> list[click.Command]:
    """Commands of this plugin."""
    return [widths]


@click.command()
@click.argument("file", type=click.File("r"))
def widths(file: Any) -> None:
    """Print the width of each line of FILE."""
    for line in file:
        click.echo(len(line.rstrip("\n")))
