"""Syntax of the queries of all stages, checked by the engine's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aqueducts.diagnostics import Problem
from aqueducts.documents import Path, offset_of_line
from aqueducts.plugins import Plugins
from aqueducts.validation.places import Places

__all__ = ["check_queries"]

_ENGINE = "datafusion"

_WORD = re.compile(r"\w+|.", re.DOTALL)


def check_queries(
    value: Any, plugins: Plugins, places: Places, incomplete: frozenset[Path]
) -> Iterator[Problem]:
    """Yield the syntax errors of all queries but those at `incomplete` paths."""
    queries = [
        (path, query) for path, query in _queries(value) if path not in incomplete and query.strip()
    ]
    if not queries or _ENGINE not in plugins.engines:
        return
    engine = plugins.engines[_ENGINE]()
    for path, query in queries:
        found = engine.check_syntax(query)
        if found is not None:
            message, line, column = found
            span = _span(query, line, column)
            from aqueducts.validation.sql_advice import sql_advice  # for mistakes only

            advice = sql_advice(query, span, message)
            yield places.problem(
                path,
                message,
                code="sql-syntax",
                help=None if advice is None else advice.help,
                span=span if advice is None or advice.span is None else advice.span,
            )


def _queries(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield the queries that can be found, whatever else is wrong with the pipeline."""
    groups = value.get("stages") if isinstance(value, dict) else None
    for group, stages in enumerate(groups if isinstance(groups, list) else ()):
        for place, stage in enumerate(stages if isinstance(stages, list) else ()):
            query = stage.get("query") if isinstance(stage, dict) else None
            if isinstance(query, str):
                yield ("stages", group, place, "query"), query


def _span(query: str, line: int, column: int) -> tuple[int, int]:
    offset = offset_of_line(query, line, column)
    word = _WORD.match(query, offset)
    return offset, len(word[0]) if word and word[0].strip() else 1
