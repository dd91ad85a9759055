"""Delta Lake connectors for Aqueducts: a source, a destination and commands for upkeep."""

__all__ = ["__version__"]

__version__ = "0.1.0"
