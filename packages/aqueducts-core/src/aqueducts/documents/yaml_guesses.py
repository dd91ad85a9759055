"""What people mean by YAML that its parser stumbles over, often lines below the mistake."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Guess", "guess_mistake"]

_BLOCK_HEAD = re.compile(r"[|>][+-]?\d*\s*(?:#.*)?\Z")
_KEY = re.compile(r"(?P<lead>\s*(?:- +)*)(?P<key>[\w${}.-]+) *:(?P<rest>.*)\Z")
_NO_SPACE = re.compile(r"\s*(?:- +)*(?P<key>[A-Za-z_]\w*):(?P<value>[^\s:/].*)\Z")


class Guess(NamedTuple):
    """A mistake at its own place: offsets, what is wrong, what to write."""

    span: tuple[int, int]
    message: str
    help: str


class _Line(NamedTuple):
    start: int
    text: str

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" "))


def guess_mistake(text: str, original: str, offset: int, context: int | None) -> Guess | None:
    """The mistake behind an error at `offset`, inside of what begins at `context`.

    `original` is the parser's message.
    """
    here = _line_at(text, offset)
    before = _line_before(text, here)
    if "mapping values are not allowed" in original:
        is_word = before is not None and ":" not in before.text and before.indent == here.indent
        guess = _missing_space(before) or _deeper_key(here, before)
        return guess or (_no_colon(text, before) if before is not None and is_word else None)
    if "could not find expected ':'" in original and context is not None:
        return _no_colon(text, _line_at(text, context))
    if "unexpected end of stream" in original and context is not None:
        quote = text[context : context + 1]
        if quote in ("'", '"'):
            message = "the quote that opens here is never closed"
            return Guess((context, context + 1), message, f"close it with {quote}")
    if "expected ',' or" in original and context is not None:
        return _open_bracket(text, context, here)
    if "did not find expected key" in original or "expected <block end>" in original:
        return _quote_in_quotes(text, offset)
    return None


def _line_at(text: str, offset: int) -> _Line:
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return _Line(start, text[start : len(text) if end < 0 else end])


def _line_before(text: str, line: _Line) -> _Line | None:
    """The nearest line above that holds anything but a comment."""
    start = line.start
    while start > 0:
        above = _line_at(text, start - 1)
        if above.text.strip() and not above.text.lstrip().startswith("#"):
            return above
        start = above.start
    return None


def _missing_space(line: _Line | None) -> Guess | None:
    match = _NO_SPACE.match(line.text) if line is not None else None
    if line is None or match is None:
        return None
    colon = line.start + match.end("key")
    return Guess(
        (colon, colon + 1),
        "a space is missing behind this ':'",
        f"write {match['key']}: {match['value'].rstrip()}",
    )


def _deeper_key(here: _Line, before: _Line | None) -> Guess | None:
    """A key that is indented deeper than the key above it, which has a value already."""
    above = _KEY.match(before.text) if before is not None else None
    match = _KEY.match(here.text)
    if above is None or match is None or not above["rest"].strip():
        return None
    if len(match["lead"]) <= len(above["lead"]) or _BLOCK_HEAD.search(above["rest"]):
        return None
    start = here.start + len(match["lead"])
    return Guess(
        (start, start + len(match["key"])),
        f"'{match['key']}' is indented deeper than '{above['key']}' above it",
        f"indent it by {len(above['lead'])} spaces, as '{above['key']}' is"
        if above["lead"]
        else "remove the spaces before it",
    )


def _no_colon(text: str, line: _Line) -> Guess | None:
    before = _line_before(text, line)
    start = line.start + line.indent
    span = (start, line.start + len(line.text.rstrip()))
    head = _KEY.match(before.text) if before is not None else None
    if before is not None and head is not None and _BLOCK_HEAD.search(before.text):
        wanted = len(head["lead"]) + 2
        return Guess(
            span,
            f"the text of '{head['key']}' must be indented deeper than its key",
            f"indent it by {wanted} spaces",
        )
    words = line.text.strip().lstrip("- ").split(" ", 1)
    advice = f"write {words[0]}: {words[1]}" if len(words) > 1 else f"write {words[0]}: value"
    return Guess(span, "this line has no ':' behind its key", advice)


def _open_bracket(text: str, context: int, here: _Line) -> Guess | None:
    opening = text[context : context + 1]
    closing = {"{": "}", "[": "]"}.get(opening)
    if closing is None or _line_at(text, context) == here:
        return None
    return Guess(
        (context, context + 1), f"this '{opening}' is never closed", f"close it with '{closing}'"
    )


def _quote_in_quotes(text: str, offset: int) -> Guess | None:
    """A quoted text that ends early, since a quote inside it is not written twice."""
    quote = text[offset - 1 : offset]
    if offset == 0 or quote not in ("'", '"'):
        return None
    inside = "''" if quote == "'" else '\\"'
    return Guess(
        (offset - 1, offset),
        "the quoted text ends here, and more follows",
        f"write {inside} for a quote inside it, or a query as a block: query: |",
    )
