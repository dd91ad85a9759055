"""Databases through ADBC: Arrow from the driver to the engine, for PostgreSQL and SQLite.

The drivers are installed with the extra `adbc`. Reading takes types from the database itself;
writing is the work of `sink`.
"""
