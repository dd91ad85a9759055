"""What is probably meant by a query that the engine's parser refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aqueducts.query_words import Word, read_words

__all__ = ["SqlAdvice", "sql_advice"]

_KEYWORDS = (
    *("select", "distinct", "from", "where", "group", "order", "having", "limit", "offset"),
    *("join", "inner", "left", "right", "full", "outer", "cross", "using", "union", "except"),
    *("intersect", "between", "like", "case", "when", "then", "else", "with", "over", "partition"),
    *("values", "null", "exists"),
)
_RESERVED = frozenset({*_KEYWORDS, "on", "by", "as", "end", "and", "or", "not", "in", "is", "to"})

_SIMILARITY = 0.7
"""How like a keyword a word must be: FORM and FROM share three quarters."""

_CURLY_QUOTES = "\u2018\u2019\u201c\u201d"


class SqlAdvice(NamedTuple):
    """What to do about a mistake in a query."""

    help: str
    span: tuple[int, int] | None = None
    """Where it is, if not where the parser stumbled: offset and length."""


def sql_advice(query: str, span: tuple[int, int], message: str) -> SqlAdvice | None:
    """What to do about a mistake that the parser met at `span`, or None for what is plain."""
    found = query[span[0] : span[0] + span[1]]
    words = read_words(query)
    if found in _CURLY_QUOTES and found:
        return SqlAdvice("write straight quotes: ' around text, \" around names")
    if query.startswith(("{%", "{{"), span[0]):
        return SqlAdvice("parameters are written ${name}; {{ }} and {% %} mean nothing here")
    if "is not allowed" in message:
        return _instead_of_a_statement(found.upper())
    if "never closed" in message:
        return SqlAdvice("close it with '; a quote inside text is written twice: 'it''s'")
    if "a second one begins" in message:
        return SqlAdvice("put it in a stage of its own, without the ;")
    at = next((index for index, word in enumerate(words) if word.start >= span[0]), len(words))
    misspelt = _misspelt(words, at)
    if misspelt is not None:
        return misspelt
    if "')'" in message:
        return _unclosed(words[:at])
    if "the end of the query" in message:
        return SqlAdvice("the query ends too early: complete it, or remove its last words")
    if found.lower() in _RESERVED and "identifier" in message:
        return SqlAdvice(f'a name that is a word of SQL stands in double quotes: "{found}"')
    return None


def _instead_of_a_statement(word: str) -> SqlAdvice | None:
    if word == "CREATE":
        return SqlAdvice("write the SELECT alone: later stages read it by the name of the stage")
    if word in ("COPY", "INSERT", "MERGE", "UPDATE"):
        return SqlAdvice("write a SELECT: its result goes to the pipeline's destination")
    if word in ("DESC", "DESCRIBE", "SHOW"):
        return SqlAdvice("set print_schema: true in a stage to see its columns")
    return SqlAdvice("write a SELECT") if word != "EXPLAIN" else None


def _misspelt(words: Sequence[Word], at: int) -> SqlAdvice | None:
    """A word nearly like a keyword, where the parser stumbled or right before it."""
    import difflib  # only ever needed for what is wrong

    for index in (at - 1, at):
        if not 0 <= index < len(words) or words[index].kind != "word":
            continue
        word = words[index]
        lowered = word.text.lower()
        near = difflib.get_close_matches(lowered, _KEYWORDS, n=1, cutoff=_SIMILARITY)
        if near and lowered not in _RESERVED and lowered != f"{near[0]}s":
            return SqlAdvice(
                f"did you mean {near[0].upper()}?", (word.start, word.end - word.start)
            )
    return None


def _unclosed(words: Sequence[Word]) -> SqlAdvice | None:
    """The last bracket that is not closed."""
    depth = 0
    for index in range(len(words) - 1, -1, -1):
        word = words[index]
        if word.kind != "symbol" or word.text not in "()":
            continue
        depth += 1 if word.text == ")" else -1
        if depth < 0:
            before = words[index - 1].text if index else ""
            return SqlAdvice(f"close the bracket of {before}( before this")
    return None
