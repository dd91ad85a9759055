"""`aqueducts test`: run tests of pipelines."""

from __future__ import annotations

from typing import Any

import click

from aqueducts.cli.common_options import AqueductsCommand
from aqueducts.cli.console import Console
from aqueducts.cli.resource_options import Resources, memory_options

__all__ = ["command"]


@click.command(
    cls=AqueductsCommand, name="test", short_help="Run tests of pipelines: rows in, rows out."
)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "-k",
    "--filter",
    "keywords",
    metavar="TEXT",
    multiple=True,
    envvar="AQUEDUCTS_TEST_FILTER",
    show_envvar=True,
    help="Run tests with this text in their name or file. Repeatable: one of them is enough.",
)
@click.option(
    "-x",
    "--fail-fast",
    "stops_early",
    is_flag=True,
    envvar="AQUEDUCTS_TEST_FAIL_FAST",
    show_envvar=True,
    help="Stop at the first test that does not pass.",
)
@click.option(
    "--update",
    "is_updating",
    is_flag=True,
    envvar="AQUEDUCTS_TEST_UPDATE",
    show_envvar=True,
    help="Write the rows that are there in the place of expected ones that differ.",
)
@click.option(
    "--junit-xml",
    "junit_path",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True),
    envvar="AQUEDUCTS_JUNIT_XML",
    show_envvar=True,
    help="Write a report in the JUnit format.",
)
@memory_options
@click.option(
    "--output",
    type=click.Choice(["human", "json", "github"]),
    default="human",
    show_default=True,
    envvar="AQUEDUCTS_OUTPUT",
    show_envvar=True,
    help="Text for people, one JSON object, or annotations for GitHub.",
)
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Run the tests in PATHS: files, or folders with files called *_test.yml or test_*.yml.

    Without PATHS the folder tests is searched. Sources are replaced by the rows of the test, and
    nothing is written but temporary files. The exit code is 1 where a test fails, and 2 where one
    cannot be used or there is none.
    """
    console = ctx.ensure_object(Console)
    # What a test takes is up to its rows: the next attempt would take the same.
    resources = Resources.take(given, console, most_attempts=1)

    from aqueducts.cli.testing import TestOptions, test_pipelines  # imports the models

    ctx.exit(test_pipelines(TestOptions(**given), resources, console))
