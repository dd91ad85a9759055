"""Reading what a query gives, to the last digit.

Drivers change values on their way: they cut fractions, round, wrap around, make other dates of
those they do not know. So the query is run as a part of another one, in which the database itself
turns what its driver damages into text; Arrow makes values of the text, or refuses it by name.
"""

from aqueducts_odbc.reading.columns import ColumnReading, SourceQuery, Statements, Strategy
from aqueducts_odbc.reading.strategies import strategy_for
from aqueducts_odbc.reading.values import converted, shown_schema, transit_schema

__all__ = [
    "ColumnReading",
    "SourceQuery",
    "Statements",
    "Strategy",
    "converted",
    "shown_schema",
    "strategy_for",
    "transit_schema",
]
