"""Databases for Aqueducts, through their ODBC drivers."""

__all__ = ["__version__"]

__version__ = "0.1.0"
