"""What a stage's query refers to, read from its parsed form."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import msgspec

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = ["QueryFacts", "TableReference", "read_query"]

_ORDER_DEPENDENT = frozenset(
    {
        *("row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"),
        *("any_value", "array_agg", "string_agg"),
    }
)

_START = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_QUERY_WORDS = frozenset({"select", "with", "from", "values", "table"})

_ENGINE_NAMES = {"rand": "random", "group_concat": "string_agg"}
"""What the parser calls otherwise than the engine."""


class TableReference(msgspec.Struct, frozen=True):
    """A table named in a query, as SQL understands it."""

    name: str
    """Unquoted names are folded to lower case; quoted names are kept."""
    is_quoted: bool
    line: int | None = None
    column: int | None = None
    """Of the name within the query, from 1."""


class QueryFacts(msgspec.Struct, frozen=True):
    """What planning needs to know of one query."""

    tables: tuple[TableReference, ...]
    functions: frozenset[str]
    has_join: bool
    is_order_dependent: bool
    """Whether two runs over the same rows may differ, since rows have no order of their own."""
    repeats_tables: bool
    """Whether some table may be scanned more than once."""


@lru_cache(maxsize=512)
def read_query(query: str) -> QueryFacts | None:
    """Facts of a query, or None where it cannot be parsed here (the engine may still run it)."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    start = _START.match(query)
    if start is not None and start[1].lower() not in _QUERY_WORDS:
        return None  # EXPLAIN, SHOW and such, about which the parser would print a warning
    try:
        tree = parse_one(query, read="duckdb")
        scopes = traverse_scope(tree)
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query) or not scopes:
        return None
    references: dict[int, TableReference] = {}
    for scope in scopes:
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
                references[id(source)] = _reference(source)
    functions = frozenset(_function_name(node) for node in tree.find_all(exp.Func))
    counts = Counter(reference.name for reference in references.values())
    names = Counter(table.name.lower() for table in tree.find_all(exp.Table))
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    return QueryFacts(
        tables=tuple(references.values()),
        functions=functions,
        has_join=_has_join(tree),
        is_order_dependent=_is_order_dependent(tree, functions),
        repeats_tables=any(count > 1 for count in counts.values())
        or any(names[cte] > 1 for cte in ctes),
    )


def _reference(table: exp.Table) -> TableReference:
    identifier = cast("exp.Identifier", table.this)
    parts = [part for part in (table.args.get("catalog"), table.args.get("db")) if part]
    folded = [_fold(part) for part in (*parts, identifier)]
    column = identifier.meta.get("col")
    width = identifier.meta.get("end", 0) - identifier.meta.get("start", 0)
    return TableReference(
        name=".".join(folded),
        is_quoted=bool(identifier.quoted) and not parts,
        line=identifier.meta.get("line"),
        # The parser reports the column of a token's last character.
        column=None if column is None else max(1, column - width),
    )


def _fold(identifier: exp.Expression) -> str:
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()


def _function_name(function: exp.Func) -> str:
    from sqlglot import exp

    if isinstance(function, exp.Anonymous):
        return function.name.lower()
    name = function.sql_name().lower()
    return _ENGINE_NAMES.get(name, name)


def _has_join(tree: exp.Query) -> bool:
    from sqlglot import exp

    if tree.find(exp.Join, exp.Exists, exp.SetOperation) is not None:
        return True
    return any(node.args.get("query") is not None for node in tree.find_all(exp.In)) or any(
        node.parent is not None and not isinstance(node.parent, exp.From)
        for node in tree.find_all(exp.Subquery)
    )


def _is_order_dependent(tree: exp.Query, functions: frozenset[str]) -> bool:
    from sqlglot import exp

    for query in tree.find_all(exp.Query):
        is_cut = query.args.get("limit") or query.args.get("offset")
        distinct = query.args.get("distinct")
        is_first_of = isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None
        if (is_cut or is_first_of) and not query.args.get("order"):
            return True
    if tree.find(exp.TableSample) is not None:
        return True
    windows = list(tree.find_all(exp.Window))
    if any(window.args.get("spec") and not window.args.get("order") for window in windows):
        return True
    if not functions & _ORDER_DEPENDENT:
        return False
    ordered = {id(window.this) for window in windows if window.args.get("order")}
    return any(
        id(node) not in ordered and node.find(exp.Order) is None
        for node in tree.find_all(exp.Func)
        if _function_name(node) in _ORDER_DEPENDENT
    )
