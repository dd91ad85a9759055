"""Errors of the YAML parser in words that say what to do."""

import re
from typing import Any

from aqueducts.diagnostics import Problem
from aqueducts.documents.source_text import SourceText
from aqueducts.documents.yaml_guesses import guess_mistake

__all__ = ["syntax_problem", "unprintable_problem"]

_UNPRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""What YAML 1.1 calls printable, turned around. Not compiled here: that takes five milliseconds."""

_TAB_ADVICE = "indent with spaces; YAML does not allow tabs there"
_INDENT_ADVICE = "check the indentation of this line and of the one above"
_QUOTE_ADVICE = "put the value in quotes, or a line break after the key"

_EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a ': ' stands where no key is possible", _QUOTE_ADVICE),
    ("could not find expected ':'", "a key without ':'", "write 'key: value'"),
    ("did not find expected key", "a key was expected here", _INDENT_ADVICE),
    ("did not find expected '-' indicator", "an item ('- ') was expected here", _INDENT_ADVICE),
    ("expected <block end>", "this does not belong to the block above", _INDENT_ADVICE),
    ("block sequence entries are not allowed", "an item ('- ') cannot begin here", _INDENT_ADVICE),
    ("sequence entries are not allowed", "an item ('- ') cannot begin here", _INDENT_ADVICE),
    ("unexpected end of stream", "the text ends inside a value", "close what was opened"),
    (
        "did not find expected ',' or",
        "',' or a closing bracket is missing",
        "close what was opened",
    ),
    ("expected ',' or", "',' or a closing bracket is missing", "close what was opened"),
    (
        "unknown escape character",
        "a backslash begins no valid escape",
        "write \\\\ for a backslash, or single quotes around the whole",
    ),
    ("found a tab character", "a tab is used for indentation", _TAB_ADVICE),
    ("found character '\\t'", "a tab is used for indentation", _TAB_ADVICE),
    ("undefined tag handle", "the tag is not declared", "put a value that begins with ! in quotes"),
    ("found duplicate %", "a directive is given twice", "remove one"),
    (
        "did not find expected <document start>",
        "more text after the end of the value",
        _INDENT_ADVICE,
    ),
    ("expected '<document start>'", "more text after the end of the value", _INDENT_ADVICE),
)


_CONTEXTS = {
    "a block collection": "the list",
    "a block mapping": "the mapping",
    "a flow sequence": "the list in brackets",
    "a flow mapping": "the mapping in braces",
    "a block scalar": "the block of text",
    "a quoted scalar": "the quoted text",
    "a simple key": "the key",
}


def syntax_problem(source: SourceText, error: Any) -> Problem:
    """A problem for an error of PyYAML's scanner or parser."""
    mark = error.problem_mark or error.context_mark
    offset = mark.index if mark else 0
    original = str(error.problem or error.context or "this is not YAML")
    context = error.context_mark.index if error.context_mark else None
    guess = guess_mistake(source.text, original, offset, context)
    if guess is not None:
        return source.problem(guess.span, "yaml-syntax", guess.message, help=guess.help)
    message, advice = _explain(original, source.text[offset : offset + 1])
    note = None
    if error.context and context is not None and context != offset:
        what = error.context.removeprefix("while parsing ").removeprefix("while scanning ")
        note = f"inside {_CONTEXTS.get(what, what)} that begins at {source.place(context)}"
    return source.problem((offset, offset + 1), "yaml-syntax", message, note=note, help=advice)


def _explain(original: str, character: str) -> tuple[str, str | None]:
    if "cannot start any token" in original:
        if character == "\t":
            return "a tab is used for indentation", _TAB_ADVICE
        return f"a value cannot begin with '{character}'", "put the value in quotes"
    for part, message, advice in _EXPLANATIONS:
        if part in original:
            return message, advice
    return original, None


def unprintable_problem(source: SourceText) -> Problem:
    """A problem for the first character that YAML does not allow anywhere."""
    match = re.search(_UNPRINTABLE, source.text)
    offset = match.start() if match else 0
    code = ord(source.text[offset]) if match else 0
    return source.problem(
        (offset, offset + 1),
        "invalid-character",
        f"the character U+{code:04X} is not allowed in YAML",
        help='remove it, or write it as an escape in double quotes, such as "\\x07"',
    )
