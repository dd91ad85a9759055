"""Calls of the functions and operators as the engine can run them.

The engine knows functions of a fixed number of arguments only. So a call with a path, such as
`json_get_str(doc, 'a', 0)`, becomes one with the path in one text, `json_get_str(doc, '$.a[0]')`,
and `doc -> 'a'` becomes a call. Only what is such a call changes; the rest stays as written.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from aqueducts.builtin.json_functions.calls import Call, Item, Region, Wrap, refuse, text_of
from aqueducts.builtin.json_functions.casts import function_for, type_ahead
from aqueducts.builtin.json_functions.names import ALIASES, FUNCTION_NAMES, UNNEST
from aqueducts.builtin.json_functions.operands import (
    ambiguous_neighbour,
    calls,
    find_operand,
    literal_ahead,
)
from aqueducts.builtin.json_functions.paths import JsonPath
from aqueducts.builtin.json_functions.tokens import Token, tokenize

__all__ = ["Rewritten", "rewrite"]

_OPERATORS = {"->": "json_get", "->>": "json_as_text"}
_GIVES_JSON = ("json_get", "json_get_json")
_MOST_STEPS = 100
_COMPARISONS = frozenset({"=", "==", "<>", "!=", "<", ">", "<=", ">=", "~"})
_COMPARING_WORDS = frozenset({"LIKE", "ILIKE", "SIMILAR", "IN", "BETWEEN", "DISTINCT"})
_BEFORE_COMPARING_WORDS = frozenset({"IS", "NOT"})

Argument = Sequence[Item]


class Rewritten(Struct, frozen=True):
    """A query with calls that the engine can run."""

    whole: Region
    calls: Sequence[Call]
    """All of them, the inner ones first."""

    def text(self, wrap: Wrap = str) -> str:
        """The query; `wrap` gives what stands for a document."""
        return self.whole.text(wrap)


def rewrite(query: str) -> Rewritten:
    """A query as the engine can run it. Raises QueryError for calls that cannot be meant."""
    reader = _Reader(query)
    items = reader.read()
    _refuse_comparisons(items)
    return Rewritten(Region(query, items, 0, len(query)), reader.calls)


class _Reader:
    """Goes through the tokens once and puts calls in the place of those they consist of."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = tokenize(query)
        self._next = 0
        self._items: list[Item] = []
        self._open: list[int] = []
        """Where parentheses were opened in the items."""
        self.calls: list[Call] = []

    def read(self) -> Sequence[Item]:
        """The tokens, with calls in the place of those they consist of."""
        while self._next < len(self._tokens):
            token = self._tokens[self._next]
            self._next += 1
            if token.text in _OPERATORS and self._apply(token):
                continue
            self._items.append(token)
            if token.kind != "symbol":
                continue
            if token.text == "(":
                self._open.append(len(self._items) - 1)
            elif token.text == ")" and self._open:
                self._close(self._open.pop())
            elif token.text == "::":
                self._cast()
        return self._items

    def _close(self, opened: int) -> None:
        """See what the parenthesis is that was just closed."""
        inside = self._items[opened + 1 : -1]
        before = self._items[opened - 1] if opened else None
        name = _function_name(before)
        if before is not None and name is not None:
            arguments = _split(inside)
            if all(arguments):
                place = (before.start, self._items[-1].end)
                call = self._call(name, place, arguments)
                self._items[opened - 1 :] = [call]
        elif isinstance(before, Token) and before.upper in ("CAST", "TRY_CAST"):
            self._cast_inside(opened, before)
        elif len(inside) == 1 and isinstance(inside[0], Call) and not calls(before):
            call = inside[0]
            self._items[opened:] = [
                replace(
                    call,
                    start=self._items[opened].start,
                    end=self._items[-1].end,
                    parentheses=call.parentheses + 1,
                )
            ]

    def _call(
        self,
        name: str,
        place: tuple[int, int],
        arguments: Sequence[Argument],
        operator: str | None = None,
    ) -> Call:
        if not arguments or (name == "json_contains" and len(arguments) == 1):
            needs = "a document and a key" if name == "json_contains" else "a document"
            refuse(name, f"needs {needs}", f"write {name}(column, 'key')")
        if name == UNNEST and len(arguments) > 1:
            refuse(
                name,
                f"takes one argument, not {len(arguments)}",
                f"write {name}(json_get(column, 'key')), or json_get_array(column, 'key')",
            )
        document, *keys = arguments
        steps = [_literal_step(name, each) for each in keys]
        path = tuple(step for step in steps if step is not None)
        if len(path) > _MOST_STEPS:
            refuse(operator or name, f"goes at most {_MOST_STEPS} steps deep")
        if len(path) == len(steps):
            document_region, path = self._flattened(document, path)
            is_whole = name == UNNEST
            call = Call(name, document_region, *place, None if is_whole else path, None, operator)
        elif len(keys) == 1:
            key = self._region(keys[0])
            call = Call(name, self._region(document), *place, key=key)
        else:
            refuse(
                name,
                "takes several keys only where all of them are written out",
                f"nest calls for keys in columns: {name}(json_get(column, 'key'), key_column)",
            )
        self.calls.append(call)
        return call

    def _flattened(self, document: Argument, path: JsonPath) -> tuple[Region, JsonPath]:
        """The document and the whole path where a document is itself cut out of one."""
        inner = document[0]
        if (
            path
            and len(document) == 1
            and isinstance(inner, Call)
            and inner.name in _GIVES_JSON
            and inner.path is not None
            and len(inner.path) + len(path) <= _MOST_STEPS
        ):
            return inner.document, inner.path + path
        return self._region(document), path

    def _region(self, items: Argument) -> Region:
        return Region(self._query, items, items[0].start, items[-1].end)

    def _apply(self, operator: Token) -> bool:
        """Make a call of an operator whose right side is a literal; False for other ones."""
        right = literal_ahead(self._tokens[self._next : self._next + 2])
        begin = find_operand(self._items)
        if not right or begin is None:
            return False
        following = self._next + len(right)
        before = self._items[begin - 1] if begin else None
        after = self._tokens[following] if following < len(self._tokens) else None
        document = self._items[begin:]
        neighbour = ambiguous_neighbour(before, after)
        if neighbour is not None:
            refuse(
                operator.text,
                f"beside {neighbour} can be read in two ways",
                f"put parentheses around it: ({self._query[document[0].start : right[-1].end]})",
                _literal_step(operator.text, right),
            )
        name = _OPERATORS[operator.text]
        place = (document[0].start, right[-1].end)
        self._items[begin:] = [self._call(name, place, (document, right), operator.text)]
        self._next = following
        return True

    def _cast(self) -> None:
        """`json_get(...)::type`, with `::` just read."""
        call = self._items[-2] if len(self._items) > 1 else None
        type_tokens = type_ahead(self._tokens, self._next)
        if not isinstance(call, Call) or call.name != "json_get" or not type_tokens:
            return
        name, is_cast = function_for(type_tokens)
        if is_cast:
            self._items[-2] = replace(call, name=name)
        else:
            self._items[-2:] = [replace(call, name=name, end=type_tokens[-1].end)]
            self._next += len(type_tokens)

    def _cast_inside(self, opened: int, cast: Token) -> None:
        """`CAST(json_get(...) AS type)`, with the parenthesis just closed."""
        call, *rest = self._items[opened + 1 :]  # at least the closing parenthesis
        del rest[-1:]
        words = [each for each in rest if isinstance(each, Token)]
        if not isinstance(call, Call) or call.name != "json_get" or len(words) < len(rest):
            return
        type_tokens = type_ahead(words, 1) if words and words[0].upper == "AS" else ()
        if not type_tokens:
            return
        name, is_cast = function_for(type_tokens)
        if is_cast:
            self._items[opened + 1] = replace(call, name=name)
        else:
            end = self._items[-1].end
            self._items[opened - 1 :] = [replace(call, name=name, start=cast.start, end=end)]


def _refuse_comparisons(items: Sequence[Item]) -> None:
    """Refuse to compare JSON text: `"a"` is not what anybody compares with 'a'."""
    for place, call in enumerate(items):
        if not isinstance(call, Call) or call.name != "json_get":
            continue
        before = text_of(items[place - 1]).upper() if place else ""
        after = [text_of(each).upper() for each in items[place + 1 : place + 4]]
        while after and after[0] in _BEFORE_COMPARING_WORDS:
            del after[0]
        compares = before in (*_COMPARISONS, "LIKE", "ILIKE") or (
            bool(after) and after[0] in (*_COMPARISONS, *_COMPARING_WORDS)
        )
        if compares:
            refuse(
                call.operator or call.name,
                "gives JSON text, in which strings have quotes: not to be compared",
                "compare what ->> or json_as_text gives, or a value of one type: json_get_str, "
                "json_get_int, json_get_float, json_get_bool",
                call.path[-1] if call.operator and call.path else None,
            )


def _function_name(item: Item | None) -> str | None:
    if not isinstance(item, Token) or item.kind not in ("word", "quoted"):
        return None
    name = item.text.lower() if item.kind == "word" else item.text[1:-1]
    name = ALIASES.get(name, name)
    return name if name in FUNCTION_NAMES or name == UNNEST else None


def _split(items: Sequence[Item]) -> Sequence[Argument]:
    """Arguments between the commas of one level."""
    if not items:
        return []
    arguments: list[list[Item]] = [[]]
    depth = 0
    for item in items:
        text = text_of(item) if isinstance(item, Call) or item.kind == "symbol" else ""
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if text == "," and not depth:
            arguments.append([])
        else:
            arguments[-1].append(item)
    return arguments


def _literal_step(name: str, items: Argument) -> str | int | None:
    """A key or a place that is written out, None for everything else."""
    *sign, last = items
    if isinstance(last, Call) or len(sign) > 1 or (sign and text_of(sign[0]) != "-"):
        return None
    if last.kind == "number":
        if not last.text.isdigit():
            refuse(name, f"takes keys in quotes and whole numbers, not {last.text}")
        return int(last.text) * (-1 if sign else 1)
    if sign:
        return None
    if last.upper in ("NULL", "TRUE", "FALSE"):
        refuse(name, f"takes keys in quotes and whole numbers, not {last.text}")
    if last.kind == "string" and last.text.startswith("'"):
        return last.text[1:-1].replace("''", "'")
    return None
