"""Totals beside each row without holding all rows: windows over everything, written as joins.

The engine keeps every row of `sum(x) OVER ()` and of `sum(x) OVER (PARTITION BY y)` in memory: the
first row's value is known after the last one only. The same table read twice needs no more than the
totals: they are computed first, and joined to the rows as they stream by.

Queries are changed as text, word by word: nothing of what the user wrote is written anew.
"""

# ruff: noqa: S608 - the parts are the user's own query, which may read only

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import msgspec

from aqueducts.query_words import Word, read_words

__all__ = ["ORDERED_AGGREGATES", "TotalsQuery", "totals_query"]

_AGGREGATES = frozenset(
    {
        *("sum", "count", "avg", "mean", "min", "max", "bool_and", "bool_or"),
        *("bit_and", "bit_or", "bit_xor", "stddev", "stddev_pop", "stddev_samp"),
        *("var", "var_pop", "var_samp", "var_population", "var_sample", "median"),
    }
)
"""Those whose value does not depend on the order of rows."""

ORDERED_AGGREGATES = frozenset(
    {
        *("first_value", "last_value", "nth_value", "any_value", "array_agg", "string_agg"),
        *("approx_median", "approx_percentile_cont", "approx_percentile_cont_with_weight"),
    }
)
"""Those that may give two results for the same rows."""

_TAIL = frozenset({"order", "limit", "offset", "fetch"})
_OTHER_CLAUSES = frozenset(
    {"group", "having", "window", "qualify", "union", "intersect", "except", "minus", "into", "for"}
)
_NO_TABLES = frozenset(
    {"select", "values", "lateral", "unnest", "tablesample", "natural", "semi", "anti", "cross"}
)
_FULL_FRAME = ["between", "unbounded", "preceding", "and", "unbounded", "following"]
_NO_ALIAS = frozenset({"end", "null", "true", "false"})


class TotalsQuery(msgspec.Struct, frozen=True):
    """A query with totals in the place of windows."""

    query: str
    keys: str | None
    """A query of all expressions that rows are joined by; None where there are none."""


class _Window(msgspec.Struct, frozen=True):
    """A call that stands for a total, and where it is in the query."""

    start: int
    end: int
    call: str
    keys: tuple[str, ...]


class _Clauses(msgspec.Struct, frozen=True):
    """A plain query, by the places of its words."""

    words: Sequence[Word]
    selected: range
    tables: range
    where: range
    tail: range


class _Totals(msgspec.Struct, frozen=True):
    """The totals of all windows with the same partitions: a table that is joined to the rows."""

    number: int
    keys: tuple[str, ...]
    calls: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Of its columns."""
        keys = [f"__key_{self.number}_{at}" for at in range(len(self.keys))]
        return keys + [f"__total_{self.number}_{at}" for at in range(len(self.calls))]

    def name_of(self, call: str) -> str:
        """What stands in the place of a window."""
        column = self.names[len(self.keys) + self.calls.index(call)]
        return f"__totals_{self.number}.{column}"

    def joined_to(self, rows: str, source: str) -> str:
        """The totals of a source before its rows: the engine holds the left side of a join.

        Each row has its totals. RIGHT JOIN is not taken apart by the planner, which forgets of
        inner joins beside others that a null equals a null.
        """
        columns = zip((*self.keys, *self.calls), self.names, strict=True)
        selected = ", ".join(f"{text} AS {name}" for text, name in columns)
        grouped = f" GROUP BY {', '.join(self.keys)}" if self.keys else ""
        table = f"__totals_{self.number}"
        totals = f"(SELECT {selected} FROM {source}{grouped}) AS {table}"
        if not self.keys:
            return f"{totals} CROSS JOIN {rows}"
        condition = " AND ".join(
            f"(({text}) IS NOT DISTINCT FROM {table}.{name})"
            for text, name in zip(self.keys, self.names, strict=False)
        )
        return f"{totals} RIGHT JOIN {rows} ON {condition}"


def totals_query(query: str, names: Callable[[int], str]) -> TotalsQuery | None:
    """The query with its windows over whole partitions as joins; None where it cannot be so.

    That is one SELECT over tables and joins, without subqueries and groups. `names` tells what the
    engine calls a column of the result, by its place from the end (-1 is the last one).
    """
    clauses = _clauses(read_words(query))
    windows = [] if clauses is None else list(_windows(query, clauses))
    if clauses is None or not windows:
        return None
    body = _text(query, clauses.words, clauses.tables)
    where = _text(query, clauses.words, clauses.where)
    where = f" WHERE {where}" if where else ""
    all_totals = _by_partitions(windows)
    joined = body
    for number, totals in enumerate(all_totals.values()):
        is_table = number == 0 and not _is_joined(clauses)
        joined = totals.joined_to(joined if is_table else f"({joined})", body + where)
    places = {
        (window.start, window.end): all_totals[window.keys].name_of(window.call)
        for window in windows
    }
    added = [name for totals in all_totals.values() for name in totals.names]
    selected = _selected(query, clauses, places, added, names)
    tail = _replaced(query, clauses.words, clauses.tail, places)
    keys = [text for totals in all_totals.values() for text in totals.keys]
    columns = ", ".join(f"{text} AS k{at}" for at, text in enumerate(keys))
    return TotalsQuery(
        f"SELECT {selected} FROM {joined}{where} {tail}".rstrip(),
        f"SELECT {columns} FROM {body}" if keys else None,
    )


def _by_partitions(windows: Sequence[_Window]) -> dict[tuple[str, ...], _Totals]:
    found: dict[tuple[str, ...], _Totals] = {}
    for window in windows:
        calls = [each.call for each in windows if each.keys == window.keys]
        if window.keys not in found:
            found[window.keys] = _Totals(len(found), window.keys, tuple(dict.fromkeys(calls)))
    return found


def _are_tables(words: Sequence[Word], tables: range) -> bool:
    """Whether plain names follow FROM and JOIN: no functions, nothing in brackets."""
    places = [at for at in tables if at == tables.start or _lower(words, at - 1) == "join"]
    return all(
        words[at].kind in ("word", "quoted") and _symbol(words, at + 1) not in ("(", ".")
        for at in places
    )


def _clauses(words: Sequence[Word]) -> _Clauses | None:
    """The parts of one plain SELECT."""
    while words and words[-1].text == ";" and words[-1].kind == "symbol":
        words = words[:-1]
    if _lower(words, 0) != "select" or any(
        _lower(words, at) in ("select", "with") for at in range(1, len(words))
    ):
        return None
    depths = _depths(words)
    tops = [at for at in range(1, len(words)) if depths[at] == 0]
    start = next((at for at in tops if _lower(words, at) == "from"), None)
    if start is None:
        return None
    rest = [at for at in tops if at > start]
    if any(_lower(words, at) in _OTHER_CLAUSES for at in rest):
        return None
    tail = next((at for at in rest if _lower(words, at) in _TAIL), len(words))
    where = next((at for at in rest if _lower(words, at) == "where"), tail)
    tables = range(start + 1, where)
    if any(
        depths[at] == 0 and (_symbol(words, at) == "," or _lower(words, at) in _NO_TABLES)
        for at in tables
    ):
        return None
    first = 2 if _lower(words, 1) == "distinct" else 1
    if _lower(words, first) == "on":
        return None
    if not _are_tables(words, tables):
        return None
    return _Clauses(
        words, range(first, start), tables, range(where + 1, tail), range(tail, len(words))
    )


def _depths(words: Sequence[Word]) -> list[int]:
    """How many brackets are open at each word."""
    depth, found = 0, []
    for at in range(len(words)):
        depth -= _symbol(words, at) in (")", "]")
        found.append(depth)
        depth += _symbol(words, at) in ("(", "[")
    return found


def _windows(query: str, clauses: _Clauses) -> Iterator[_Window]:
    """The windows over whole partitions, of aggregates that know no order."""
    for at in (*clauses.selected, *clauses.tail):
        if _lower(clauses.words, at) == "over" and _symbol(clauses.words, at + 1) == "(":
            found = _window(query, clauses.words, at)
            if found is not None:
                yield found


def _window(query: str, words: Sequence[Word], over: int) -> _Window | None:
    end = _closing(words, over + 1)
    keys = _keys(query, words, range(over + 2, end))
    start = _opening(words, over - 1)
    if keys is None or start is None:
        return None
    if _lower(words, start - 1) == "filter":
        start = _opening(words, start - 2)
    if start is None or _lower(words, start - 1) not in _AGGREGATES:
        return None
    if words[start - 1].kind != "word" or _symbol(words, start - 2) == ".":
        return None
    call = query[words[start - 1].start : words[over - 1].end]
    return _Window(words[start - 1].start, words[end].end, call, keys)


def _keys(query: str, words: Sequence[Word], inside: range) -> tuple[str, ...] | None:
    """The expressions of PARTITION BY; None where the window is not all of a partition."""
    depths = _depths(words[inside.start : inside.stop])
    tops = [at for at, depth in zip(inside, depths, strict=True) if depth == 0]
    order = next((at for at in tops if _lower(words, at) == "order"), None)
    frame = next((at for at in tops if _lower(words, at) in ("rows", "range", "groups")), None)
    if frame is not None:
        bounds = [_lower(words, at) for at in range(frame + 1, inside.stop)]
        if bounds != _FULL_FRAME:
            return None
    elif order is not None:
        return None
    end = min(each for each in (order, frame, inside.stop) if each is not None)
    if inside.start == end:
        return ()
    if _lower(words, inside.start) != "partition" or _lower(words, inside.start + 1) != "by":
        return None
    commas = [at for at in tops if at < end and _symbol(words, at) == ","]
    edges = [inside.start + 1, *commas, end]
    return tuple(
        query[words[first + 1].start : words[last - 1].end]
        for first, last in itertools.pairwise(edges)
    )


def _selected(
    query: str,
    clauses: _Clauses,
    places: dict[tuple[int, int], str],
    added: Sequence[str],
    names: Callable[[int], str],
) -> str:
    """What is selected, under the names that it had, without what was joined."""
    words = clauses.words
    depths = _depths(words)
    commas = [at for at in clauses.selected if depths[at] == 0 and _symbol(words, at) == ","]
    edges = [clauses.selected.start - 1, *commas, clauses.selected.stop]
    items = [range(a + 1, b) for a, b in itertools.pairwise(edges)]
    parts = []
    for number, item in enumerate(items):
        text = _replaced(query, words, item, places)
        if len(item) == 1 and _symbol(words, item.start) == "*":
            text = f"* EXCLUDE ({', '.join(added)})"
        elif text != _text(query, words, item) and not _has_alias(words, item):
            name = names(number - len(items)).replace('"', '""')
            text = f'{text} AS "{name}"'
        parts.append(text)
    distinct = "DISTINCT " if clauses.selected.start > 1 else ""
    return distinct + ", ".join(parts)


def _has_alias(words: Sequence[Word], item: range) -> bool:
    """Whether a selected expression is followed by a name."""
    last = item.stop - 1
    if len(item) < 2 or words[last].kind == "symbol" or _lower(words, last) in _NO_ALIAS:
        return False
    before = words[last - 1]
    return before.kind != "symbol" or before.text in (")", "]")


def _replaced(
    query: str, words: Sequence[Word], part: range, places: dict[tuple[int, int], str]
) -> str:
    """The text of some words, with totals in the place of windows."""
    if not part:
        return ""
    start, end = words[part.start].start, words[part.stop - 1].end
    text, position = "", start
    for (first, last), name in sorted(places.items()):
        if start <= first and last <= end:
            text += query[position:first] + name
            position = last
    return text + query[position:end]


def _is_joined(clauses: _Clauses) -> bool:
    return any(_lower(clauses.words, at) == "join" for at in clauses.tables)


def _text(query: str, words: Sequence[Word], part: range) -> str:
    return query[words[part.start].start : words[part.stop - 1].end] if part else ""


def _closing(words: Sequence[Word], opening: int) -> int:
    depth = 0
    for at in range(opening, len(words)):
        depth += (_symbol(words, at) == "(") - (_symbol(words, at) == ")")
        if depth == 0:
            return at
    return len(words) - 1


def _opening(words: Sequence[Word], closing: int) -> int | None:
    """The bracket that one closes; None where none is closed here."""
    if _symbol(words, closing) != ")":
        return None
    depth = 0
    for at in range(closing, -1, -1):
        depth += (_symbol(words, at) == ")") - (_symbol(words, at) == "(")
        if depth == 0:
            return at
    return None


def _lower(words: Sequence[Word], at: int) -> str:
    is_word = 0 <= at < len(words) and words[at].kind == "word"
    return words[at].text.lower() if is_word else ""


def _symbol(words: Sequence[Word], at: int) -> str:
    is_symbol = 0 <= at < len(words) and words[at].kind == "symbol"
    return words[at].text if is_symbol else ""
