"""The commands and their options; what they do is imported when one of them is run."""

from __future__ import annotations

import json

import click

__all__ = ["delta"]

_LOCATION = click.argument("location")


@click.group(short_help="Look after Delta tables.")
def delta() -> None:
    """Look after Delta tables: their history, many small files, files of old versions.

    LOCATION is the path of a table's folder, or its file:// URL.
    """


@delta.command(short_help="Show what happened to a table.")
@_LOCATION
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many versions to show, from the newest.",
)
@click.option(
    "--output",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    help="A table for people, or a JSON list with all that is known.",
)
def history(location: str, limit: int, output: str) -> None:
    """Show the versions of the table at LOCATION: when, by what operation, by which run."""
    from aqueducts_delta.cli.upkeep import history_of, history_text

    entries = history_of(location, limit)
    click.echo(json.dumps(entries, indent=2) if output == "json" else history_text(entries))


@delta.command(short_help="Put small files together.")
@_LOCATION
@click.option(
    "--target-size",
    type=click.IntRange(min=1),
    metavar="MB",
    help="Size of the new files; without it that of the table's properties, else 100 MB.",
)
@click.option(
    "--z-order",
    multiple=True,
    metavar="COLUMN",
    help="Order the rows by this column, so that conditions on it read fewer files; repeatable.",
)
def optimize(location: str, target_size: int | None, z_order: tuple[str, ...]) -> None:
    """Rewrite the small files of the table at LOCATION into larger ones.

    The rows stay the same, and so do older versions, whose files `vacuum` removes later. With
    --z-order all files are rewritten.
    """
    from aqueducts_delta.cli.upkeep import optimize_table

    click.echo(optimize_table(location, target_size, list(z_order)))


@delta.command(short_help="Remove files that no version needs any more.")
@_LOCATION
@click.option(
    "--retention-hours",
    type=click.IntRange(min=0),
    help="Keep files of versions of the last hours; without it the table's own, else 168.",
)
@click.option("--dry-run", is_flag=True, help="List the files and remove nothing.")
@click.option(
    "--allow-short-retention",
    is_flag=True,
    help="Also where fewer hours are kept than the table asks for.",
)
def vacuum(
    location: str, retention_hours: int | None, dry_run: bool, allow_short_retention: bool
) -> None:
    """Remove files below LOCATION that the table's newest version and recent ones do not need.

    Older versions cannot be read afterwards. Files of writers that are at work are younger than the
    time that is kept: make it longer than any run takes.
    """
    from aqueducts_delta.cli.upkeep import vacuum_table

    click.echo(
        vacuum_table(
            location,
            retention_hours,
            is_dry_run=dry_run,
            allows_short_retention=allow_short_retention,
        )
    )
