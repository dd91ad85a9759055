"""The functions in a session of DataFusion."""

from __future__ import annotations

import re
from functools import partial
from typing import NoReturn

import pyarrow as pa
from datafusion import SessionContext, udf

from aqueducts.builtin.datafusion_engine.engine_types import in_our_words
from aqueducts.builtin.datafusion_engine.syntax import READ_ONLY
from aqueducts.builtin.json_functions.calls import Call, refuse
from aqueducts.builtin.json_functions.functions import FUNCTIONS, JsonFunctions
from aqueducts.builtin.json_functions.names import BY_COLUMN, UNNEST
from aqueducts.builtin.json_functions.reading import LIST_OF_TEXT
from aqueducts.builtin.json_functions.rewriting import Rewritten, rewrite

__all__ = ["prepare", "register"]

_DOCUMENT = pa.large_string()
"""The engine casts all strings to it, mostly without a copy; no batch is too large for it."""


def register(context: SessionContext) -> None:
    """Make all functions known to a session."""
    functions = JsonFunctions()
    for name, function in FUNCTIONS.items():
        at_path = partial(functions.at_path, name)
        context.register_udf(
            udf(at_path, [_DOCUMENT, pa.string()], function.type, "immutable", name)
        )
        by_column = partial(functions.by_column, name)
        arguments = [_DOCUMENT, pa.large_string(), pa.string()]
        context.register_udf(
            udf(by_column, arguments, function.type, "immutable", name + BY_COLUMN)
        )
    context.register_udf(udf(functions.unnest, [_DOCUMENT], LIST_OF_TEXT, "immutable", UNNEST))


def prepare(context: SessionContext, query: str) -> str:
    """The query as the engine can run it.

    Raises QueryError for calls that cannot be meant, and for documents that are no strings.
    """
    rewritten = rewrite(query)
    if not rewritten.calls:
        return query
    _check_types(context, rewritten)
    return rewritten.text()


_STRICT = "levenshtein"
"""A function that takes strings only and is not likely to be in a query; the engine would turn
numbers into text without a word. It is planned and never run."""
_NOT_A_STRING = re.compile(
    rf"Function '{_STRICT}' requires String, but received (.*?) \(DataType: "
)


def _check_types(context: SessionContext, rewritten: Rewritten) -> None:
    if _STRICT in rewritten.whole.query.lower():
        return
    if _type_of_other(context, rewritten.text(_strict)) is None:
        return
    for call in rewritten.calls:
        document = call.document.text(str)
        found = _type_of_other(context, rewritten.text(partial(_strict, only=document)))
        if found is not None:
            _refuse_document(call, found)


def _strict(document: str, only: str | None = None) -> str:
    return f"{_STRICT}({document}, '')" if only in (None, document) else document


def _type_of_other(context: SessionContext, query: str) -> str | None:
    """The type that is not a string, of what the strict function is called for."""
    try:
        context.sql_with_options(query, READ_ONLY)
    # DataFusion raises ValueError here, and a bare Exception there. Other mistakes are told when
    # the query itself is planned.
    except Exception as error:  # noqa: BLE001
        found = _NOT_A_STRING.search(str(error))
        return found[1] if found else None
    return None


def _refuse_document(call: Call, found: str) -> NoReturn:
    document = call.document.text(str)
    if found.startswith(("Struct", "Map")):
        hint = f"take its fields without JSON: {document}['field']"
    elif found.startswith(("List", "LargeList", "FixedSizeList")):
        hint = f"take its elements without JSON: {document}[1], or unnest({document})"
    else:
        hint = f"if it holds JSON, make it a string: CAST({document} AS VARCHAR)"
    refuse(
        call.operator or call.name,
        f"reads JSON in strings, and {document} is {in_our_words(found)}",
        hint,
    )
