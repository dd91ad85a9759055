"""Syntax errors as DataFusion's own parser sees them, with their place."""

from __future__ import annotations

import re
from itertools import pairwise

from datafusion import SessionContext, SQLOptions

from aqueducts.query_words import read_words

__all__ = ["READ_ONLY", "find_syntax_error"]

READ_ONLY = SQLOptions().with_allow_ddl(False).with_allow_dml(False).with_allow_statements(False)
"""What a user's query may do: read."""

_PLACE = re.compile(r"\s+at Line: (\d+), Column: (\d+)\.?")
_PARSER_ERROR = re.compile(r"(?:ParserError|TokenizerError)\(\"(.*)\"\)", re.DOTALL)
_NO_QUERY = re.compile(
    r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*"
    r"(ALTER|ANALYZE|BEGIN|CALL|COMMIT|COPY|CREATE|DEALLOCATE|DELETE|DESCRIBE|DESC|DROP|EXECUTE"
    r"|EXPLAIN|GRANT|INSERT|MERGE|PRAGMA|PREPARE|REVOKE|ROLLBACK|SET|SHOW|TRUNCATE|UPDATE|USE"
    r"|VACUUM)\b",
    re.IGNORECASE | re.DOTALL,
)
"""What is no query; the engine tells some of it when the tables are known, or never."""

_MOST_OPERATORS = 3000
"""The engine goes down a chain of operators by recursion: some 5000 exhaust the stack."""

_OPERATORS = frozenset(
    {*"+-*/%", "||", "and", "or", "union", "except", "intersect", "=", "<", ">", "<=", ">=", "<>"}
)

_REFUSED = re.compile(r"(DDL|DML|Statement) not supported: (.*)")


def find_syntax_error(query: str, parser: SessionContext) -> tuple[str, int, int] | None:
    """Message, line and column (from 1) of what is not one readable SQL query, or None."""
    if not query.strip():
        return "the query is empty", 1, 1
    statement = _NO_QUERY.match(query)
    if statement is not None:
        word = statement[1].upper()
        advice = ": set explain or explain_analyze of the stage" if word == "EXPLAIN" else ""
        return _not_a_query(word) + advice, *_position(query, statement.start(1))
    if len(query) > _MOST_OPERATORS and _operators(query) > _MOST_OPERATORS:
        return f"the query chains more than {_MOST_OPERATORS} operators; take it apart", 1, 1
    try:
        parser.sql_with_options(query, READ_ONLY)
    # DataFusion raises ValueError here, and a bare Exception there.
    except Exception as error:  # noqa: BLE001
        return _explain(str(error), query)
    return None


def _explain(text: str, query: str) -> tuple[str, int, int] | None:
    match = _PARSER_ERROR.search(text)
    if match is not None:
        message = match[1].replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n")
        place = _PLACE.search(message)
        line, column = (int(place[1]), int(place[2])) if place else _end_of(query)
        return _sentence(_PLACE.sub("", message)), line, column
    if "RecursionLimitExceeded" in text:
        return "the query nests too deeply; take it apart into stages", *_first_word(query)
    refused = _REFUSED.search(text)
    if refused is not None:
        return _not_a_query(refused[2].strip()), *_first_word(query)
    if "No SQL statements" in text:
        return "the query is empty", 1, 1
    if "single SQL statement" in text:
        return "a stage holds one query, and here a second one begins", *_second_statement(query)
    return None  # about tables and columns, which are not known yet


def _sentence(message: str) -> str:
    expected = re.match(r"Expected: (.*), found: (.*)\Z", message, re.DOTALL)
    if expected is None:
        unclosed = re.match(r"Unterminated (.+) literal", message)
        if unclosed is not None:
            return "SQL syntax: the text that begins here is never closed"
        return message[:1].lower() + message[1:]
    found = "the end of the query" if expected[2].strip() == "EOF" else repr(expected[2].strip())
    wanted = expected[1].strip()
    if not wanted[:1].isalpha():
        wanted = repr(wanted)
    if expected[2].strip() == "?":
        found += "; to ask for a key of JSON, write json_contains(column, 'key')"
    return f"SQL syntax: expected {wanted}, found {found}"


def _not_a_query(what: str) -> str:
    return f"a stage reads data with one query; {what} is not allowed"


def _first_word(query: str) -> tuple[int, int]:
    lead = len(query) - len(query.lstrip())
    return _position(query, lead)


def _operators(query: str) -> int:
    return sum(word.text.lower() in _OPERATORS for word in read_words(query))


def _second_statement(query: str) -> tuple[int, int]:
    words = read_words(query)
    after = (word for before, word in pairwise(words) if before[:2] == ("symbol", ";"))
    return _position(query, next((word.start for word in after if word.text != ";"), 0))


def _end_of(query: str) -> tuple[int, int]:
    return _position(query, len(query.rstrip()))


def _position(query: str, offset: int) -> tuple[int, int]:
    before = query[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
