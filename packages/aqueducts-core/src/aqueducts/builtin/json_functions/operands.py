"""What stands left of an operator, and whether it can be told."""

from __future__ import annotations

from collections.abc import Sequence

from aqueducts.builtin.json_functions.calls import Call, Item, text_of
from aqueducts.builtin.json_functions.tokens import Token

__all__ = ["ambiguous_neighbour", "calls", "find_operand", "literal_ahead"]

_TIGHTER = frozenset({"+", "-", "*", "/", "%", "||", "^", "&", "|", "~", "#"})
"""Operators that some SQL dialects bind tighter than `->`, and others do not."""
_AFTER = frozenset({"::", "[", "."})
"""What belongs to the operand right before it, of which there may be two."""
_NO_FUNCTIONS = frozenset(
    {"ALL", "AND", "ANY", "AS", "BETWEEN", "BY", "CASE", "DISTINCT", "ELSE", "EXISTS", "FROM"}
    | {"HAVING", "ILIKE", "IN", "IS", "JOIN", "LIKE", "LIMIT", "NOT", "OFFSET", "ON", "OR"}
    | {"SELECT", "THEN", "UNION", "USING", "VALUES", "WHEN", "WHERE"}
)
"""Words that name nothing and call nothing."""
_AFTER_CALLS = frozenset({"FILTER", "OVER", "GROUP"})


def calls(item: Item | None) -> bool:
    """Whether a parenthesis after this holds arguments."""
    if not isinstance(item, Token):
        return False
    return item.kind == "quoted" or (item.kind == "word" and item.upper not in _NO_FUNCTIONS)


def literal_ahead(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens of a key in quotes or a whole number that comes next, if it does."""
    if not tokens:
        return ()
    if tokens[0].kind == "string" and tokens[0].text.startswith("'"):
        return tokens[:1]
    if tokens[0].text.isdigit():
        return tokens[:1]
    is_negative = len(tokens) > 1 and tokens[0].text == "-" and tokens[1].text.isdigit()
    return tokens[:2] if is_negative else ()


def find_operand(items: Sequence[Item]) -> int | None:
    """Where the operand begins that ends the items: a name, a literal, a call, a parenthesis."""
    place = len(items) - 1
    while place >= 0:
        begin = _primary(items, place)
        if not begin:
            return begin
        before = items[begin - 1]
        if text_of(before) in (".", "::"):
            place = begin - 2
        elif text_of(items[begin]) == "[" and _ends(before):
            place = begin - 1
        else:
            return begin
    return None


def ambiguous_neighbour(before: Item | None, after: Item | None) -> str | None:
    """What is beside an operator for which readers and dialects differ on what belongs to it."""
    if text_of(before) in _TIGHTER:
        return text_of(before)
    return text_of(after) if text_of(after) in _TIGHTER | _AFTER else None


def _primary(items: Sequence[Item], place: int) -> int | None:
    item = items[place]
    if isinstance(item, Call) or item.kind in ("quoted", "string", "number"):
        return place
    if item.kind == "word":
        return None if item.upper in _NO_FUNCTIONS or item.upper == "END" else place
    if item.text not in (")", "]"):
        return None
    begin = _opening(items, place)
    if not begin or item.text == "]":
        return begin
    before = items[begin - 1]
    if isinstance(before, Token) and before.upper in _AFTER_CALLS:
        return None
    return begin - 1 if calls(before) else begin


def _opening(items: Sequence[Item], place: int) -> int | None:
    """Where the bracket was opened that is closed at a place."""
    closing = text_of(items[place])
    opening = "(" if closing == ")" else "["
    depth = 0
    for index in range(place, -1, -1):
        text = text_of(items[index])
        depth += (text == closing) - (text == opening)
        if not depth:
            return index
    return None


def _ends(item: Item) -> bool:
    """Whether something to take elements of may end here."""
    if isinstance(item, Call) or item.kind in ("quoted", "string"):
        return True
    return calls(item) if item.kind == "word" else item.text in (")", "]")
