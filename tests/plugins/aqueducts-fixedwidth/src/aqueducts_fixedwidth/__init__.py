"""A third-party plugin for Aqueducts."""
