"""The commands and their options; what they do is imported when one of them is run."""

from __future__ import annotations

import json

import click

__all__ = ["odbc"]


@click.group(short_help="Look at ODBC connections.")
def odbc() -> None:
    """Look at connections to databases, through the drivers that are installed here."""


@odbc.command(short_help="Connect, and read one row.")
@click.argument("connection")
@click.option("--user", help="User, in place of one in the connection string.")
@click.option(
    "--password",
    metavar="REFERENCE",
    help="Password, as a reference to a secret: '${secret:env:PGPASSWORD}'.",
)
@click.option(
    "--query", default="SELECT 1 AS one", show_default=True, help="What the row is read from."
)
@click.option(
    "--login-timeout",
    type=click.IntRange(min=0),
    default=15,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the connection.",
)
@click.option(
    "--output",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    help="Lines for people, or one JSON object.",
)
def test(
    connection: str,
    user: str | None,
    password: str | None,
    query: str,
    login_timeout: int,
    output: str,
) -> None:
    """Connect to CONNECTION and read one row, just as a run would.

    CONNECTION is a connection string in quotes, in which `${secret:env:NAME}` stands for a variable
    of the environment, or the name of a data source (DSN) that is registered here.
    """
    from aqueducts_odbc.cli.trying import Attempt, try_connection, verdict_text

    attempt = Attempt(connection, user, password, query, login_timeout)
    verdict = try_connection(attempt)
    click.echo(json.dumps(verdict) if output == "json" else verdict_text(verdict))
