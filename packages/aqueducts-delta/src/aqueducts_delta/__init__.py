"""Delta Lake connectors for Aqueducts.

The distribution reserves its place in the family: there are no connectors yet.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
