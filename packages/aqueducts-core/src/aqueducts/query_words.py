"""Words of a query and their places, without loading a parser.

Engines name what they refuse and do not say where it stands; here it is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

__all__ = ["Subject", "SubjectKind", "Word", "find_subject", "name_parts", "read_words"]

SubjectKind = Literal["column", "function", "keyword", "operator", "table", "text", "type"]


class Subject(NamedTuple):
    """What an error about a query is about: a column called `o.amount`, a text `'abc'`."""

    kind: SubjectKind
    name: str
    """As the engine says it: parts of a name joined by dots, quoted where SQL needs it."""


class Word(NamedTuple):
    """A token of a query; comments and spaces are none."""

    kind: Literal["word", "quoted", "text", "symbol"]
    text: str
    """Without quotes."""
    start: int
    end: int


_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)
    |'(?P<text>(?:[^']|'')*)'
    |"(?P<quoted>(?:[^"]|"")*)"
    |`(?P<ticked>[^`]*)`
    |(?P<word>[^\W\d][\w$]*)
    |(?P<symbol>\d[\w.]*|->>|->|::|<=|>=|<>|!=|\|\||.)""",
    re.DOTALL | re.VERBOSE,
)

_CASTS = frozenset({"cast", "::", "arrow_cast", "to_date", "to_timestamp", "date_trunc"})

_NAME_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


def read_words(query: str) -> list[Word]:
    """The words of a query in their order."""
    return list(_words(query))


def _words(query: str) -> Iterator[Word]:
    for match in _TOKEN.finditer(query):
        start, end = match.span()
        if match["skip"] is not None:
            continue
        if match["text"] is not None:
            yield Word("text", match["text"].replace("''", "'"), start, end)
        elif match["quoted"] is not None:
            yield Word("quoted", match["quoted"].replace('""', '"'), start, end)
        elif match["ticked"] is not None:
            yield Word("quoted", match["ticked"], start, end)
        elif match["word"] is not None:
            yield Word("word", match["word"], start, end)
        else:
            yield Word("symbol", match["symbol"], start, end)


def name_parts(name: str) -> list[str]:
    """The parts of a name such as `o."Full Name"`, without quotes."""
    return [
        quoted.replace('""', '"') if quoted else plain for quoted, plain in _NAME_PART.findall(name)
    ]


def find_subject(query: str, subject: Subject) -> tuple[int, int] | None:
    """Offset and length of what an error is about, or None where it is not in the query."""
    words = read_words(query)
    match subject.kind:
        case "text":
            places = [at for at, word in enumerate(words) if word[:2] == ("text", subject.name)]
            if not places:  # a value of the data, which some conversion in the query refuses
                places = _only([at for at in range(len(words)) if _text(words, at) in _CASTS])
        case "operator":
            places = _only(
                [at for at, word in enumerate(words) if word[:2] == ("symbol", subject.name)]
            )
        case "keyword":
            wanted = ("word", subject.name.lower())
            places = [at for at, word in enumerate(words) if _folded(word) == wanted]
        case "function":
            name = name_parts(subject.name)[-1]
            places = [at for at in _places_of(words, [name]) if _text(words, at + 1) == "("]
        case "type":
            places = [
                at
                for at in _places_of(words, [subject.name])
                if _text(words, at - 1) in ("as", "::")
            ]
        case _:
            return _find_name(words, subject)
    return _span(words, places[0], 1) if places else None


def _only(places: list[int]) -> list[int]:
    return places if len(places) == 1 else []


def _find_name(words: Sequence[Word], subject: Subject) -> tuple[int, int] | None:
    """The place of a name: as it is qualified, else its last part alone."""
    parts = name_parts(subject.name)
    for wanted in (parts, parts[-1:]):
        places = _places_of(words, wanted)
        if subject.kind == "table":
            places.sort(key=lambda at: _text(words, at - 1) not in ("from", "join", ","))
        else:
            places.sort(key=lambda at: _is_no_column(words, at))
        if places:
            return _span(words, places[0], 2 * len(wanted) - 1)
    return None


def _is_no_column(words: Sequence[Word], at: int) -> bool:
    """What is behind AS is a name that is given; a call is no column, and neither is a table."""
    return _text(words, at - 1) in ("as", "from", "join") or _text(words, at + 1) in ("(", ".")


def _places_of(words: Sequence[Word], parts: Sequence[str]) -> list[int]:
    """Where a name begins."""
    return [at for at in range(len(words)) if _stands_at(words, at, parts)]


def _stands_at(words: Sequence[Word], at: int, parts: Sequence[str]) -> bool:
    return at + 2 * len(parts) - 2 < len(words) and all(
        _means(words[at + 2 * index], part)
        and (index == 0 or _text(words, at + 2 * index - 1) == ".")
        for index, part in enumerate(parts)
    )


def _means(word: Word, name: str) -> bool:
    """Whether a word means a name: letters outside quotes are folded, those inside are not."""
    if word.kind == "word":
        return word.text.lower() == name.lower()
    # A path in single quotes is taken for a table.
    is_path = word.kind == "text" and "/" in name
    return (word.kind == "quoted" or is_path) and word.text == name


def _folded(word: Word) -> tuple[str, str]:
    return word.kind, word.text.lower()


def _text(words: Sequence[Word], at: int) -> str:
    return words[at].text.lower() if 0 <= at < len(words) else ""


def _span(words: Sequence[Word], at: int, count: int) -> tuple[int, int]:
    start = words[at].start
    return start, words[at + count - 1].end - start
