"""`aqueducts odbc`: looking at connections."""

from aqueducts_odbc.cli.commands import odbc

__all__ = ["odbc"]
