"""SQL text as tokens with their places, as DataFusion's parser cuts it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

__all__ = ["Token", "tokenize"]

Kind = Literal["word", "quoted", "string", "number", "symbol"]


class Token(NamedTuple):
    """A piece of a query; `text` is as written."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The text in capitals; of a word only, so that nothing quoted is taken for a keyword."""
        return self.text.upper() if self.kind == "word" else self.text


_TOKEN = re.compile(
    r"""
      (?P<space> \s+ | --[^\n]* )
    | (?P<comment> /\* )
    | (?P<string> [eE]'(?:[^'\\]|\\.|'')*' | [nNbBxX]?'(?:[^']|'')*'
        | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<quoted> "(?:[^"]|"")*" | `(?:[^`]|``)*` )
    | (?P<number> \d+(?:\.\d*)?(?:[eE][+-]?\d+)? | \.\d+(?:[eE][+-]?\d+)? )
    | (?P<word> [^\W\d][\w$\#@]* )
    | (?P<symbol> ->> | -> | :: | \|\| | <> | != | <= | >= | == | => | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokenize(query: str) -> Sequence[Token]:
    """All tokens but space and comments. What cannot be cut is left to the engine's parser."""
    tokens: list[Token] = []
    position = 0
    while (match := _TOKEN.match(query, position)) is not None:  # there is one but at the end
        kind, end = match.lastgroup, match.end()
        if kind == "comment":
            end = _end_of_comment(query, end)
        elif kind != "space":
            tokens.append(Token(cast("Kind", kind), match[0], position, end))
        position = end
    return tokens


def _end_of_comment(query: str, position: int) -> int:
    """Where a comment ends that may hold others."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(query, position)
        if edge is None:
            return len(query)
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position
