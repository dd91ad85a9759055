"""YAML text to a graph of nodes with their places, from the events of PyYAML's parser.

PyYAML's own composer is not used: it recurses, loses the places of aliases, and knows neither
limits nor duplicate keys.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from aqueducts.documents.source_text import MAX_DEPTH, SourceText, Unreadable
from aqueducts.documents.yaml_errors import syntax_problem, unprintable_problem

__all__ = ["Node", "Use", "compose"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PLACEHOLDER = re.compile(r"\$\{(\w+|secret:[^{}\s,\[\]]+)\}", re.ASCII)

_STAND_INS = range(0xE000, 0xF8FF)

_WHITE = " \t\r\n\x85\u2028\u2029"
_SPACE = re.compile(rf"(?:[{_WHITE}]|#[^\r\n\x85\u2028\u2029]*)*")
_PROPERTIES = re.compile(rf"(?:[&!][^{_WHITE}]*(?:{_SPACE.pattern}|$))+")


class Node(msgspec.Struct, eq=False):
    """A scalar, sequence or mapping as it is written."""

    span: tuple[int, int]
    tag: str | None
    kind: str
    """`scalar`, `sequence` or `mapping`."""
    string: str = ""
    is_plain: bool = False
    children: list["Use"] = msgspec.field(default_factory=list)
    """Items; for a mapping keys and values in turn."""


class Use(msgspec.Struct, eq=False):
    """A node where it is used: where it is written, or an alias of it."""

    node: Node
    alias_span: tuple[int, int] | None = None

    @property
    def span(self) -> tuple[int, int]:
        """Where it is used."""
        return self.alias_span or self.node.span

    @property
    def is_alias(self) -> bool:
        """Whether the node is written elsewhere."""
        return self.alias_span is not None


def compose(source: SourceText) -> Use | None:
    """The root of the only document in a text, or None when the text has none."""
    return _Composer(source).compose()


class _Composer:
    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._text, self._stand_ins = _with_stand_ins(source.text)
        self._anchors: dict[str, Node] = {}
        self._open: list[tuple[Node, str | None]] = []
        self._root: Use | None = None

    def compose(self) -> Use | None:
        documents = 0
        for event in self._events():
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise self._second_document(event)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.SequenceStartEvent():
                    self._begin(event, "sequence")
                case yaml.MappingStartEvent():
                    self._begin(event, "mapping")
                case yaml.CollectionEndEvent():
                    self._end(event)
        return self._root

    def _events(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self._text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            raise Unreadable([syntax_problem(self._source, error)]) from None
        except yaml.reader.ReaderError:
            raise Unreadable([unprintable_problem(self._source)]) from None

    def _alias(self, event: Any) -> None:
        span = (event.start_mark.index, event.end_mark.index)
        node = self._anchors.get(event.anchor)
        if node is None:
            is_open = any(anchor == event.anchor for _, anchor in self._open)
            what = "stands inside its own anchor" if is_open else "has no anchor before it"
            advice = f"write &{event.anchor} at the value that it repeats"
            problem = self._source.problem(
                span, "yaml-syntax", f"the alias '*{event.anchor}' {what}", help=advice
            )
            raise Unreadable([problem])
        self._add(Use(node, alias_span=span))

    def _scalar(self, event: Any) -> None:
        start, end = self._content_span(event)
        string = event.value
        for character, written in self._stand_ins.items():
            string = string.replace(character, written)
        node = Node(
            span=(start, end),
            tag=event.tag,
            kind="scalar",
            string=string,
            # `! 12` asks for the string.
            is_plain=event.implicit[0] and event.tag is None and not event.style,
        )
        self._name(event.anchor, node)
        self._add(Use(node))

    def _content_span(self, event: Any) -> tuple[int, int]:
        """The span of a scalar or collection without its anchor, tag and trailing blanks."""
        start, end = event.start_mark.index, event.end_mark.index
        if properties := _PROPERTIES.match(self._text, start, end):
            start = properties.end()
        return start, max(start, start + len(self._text[start:end].rstrip(_WHITE)))

    def _begin(self, event: Any, kind: str) -> None:
        start, _ = self._content_span(event)
        if space := _SPACE.match(self._text, start):
            start = space.end()
        if len(self._open) >= MAX_DEPTH:
            raise self._source.too_deep(start)
        node = Node(span=(start, start), tag=event.tag, kind=kind)
        self._add(Use(node))
        # An alias inside is one to itself; a node is known by its anchor when it is complete.
        self._anchors.pop(event.anchor, None)
        self._open.append((node, event.anchor))

    def _end(self, event: Any) -> None:
        node, anchor = self._open.pop()
        end = event.end_mark.index
        if node.children and event.start_mark.index == end:
            # The end of a block collection is seen only at the next token, lines below.
            end = max(use.span[1] for use in node.children)
        node.span = (node.span[0], end)
        self._name(anchor, node)

    def _name(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _add(self, use: Use) -> None:
        if self._open:
            self._open[-1][0].children.append(use)
        else:
            self._root = use

    def _second_document(self, event: Any) -> Unreadable:
        offset = event.start_mark.index
        message = "a second YAML document begins here; a pipeline file holds one"
        problem = self._source.problem(
            (offset, offset + 3), "several-documents", message, help="put it in a file of its own"
        )
        return Unreadable([problem])


def _with_stand_ins(text: str) -> tuple[str, dict[str, str]]:
    """The text with the braces of template placeholders replaced by private characters.

    In flow context (`[${column}]`) YAML takes the braces for a mapping and refuses the text.
    Each replacement is as long as what it replaces, so all places stay right.
    """
    if not _PLACEHOLDER.search(text):
        return text, {}
    lower = text.lower()
    free = (chr(c) for c in _STAND_INS if chr(c) not in text and f"{c:x}" not in lower)
    dollar, opening, closing = next(free), next(free), next(free)
    replaced = _PLACEHOLDER.sub(rf"{dollar}{opening}\1{closing}", text)
    return replaced, {dollar: "$", opening: "{", closing: "}"}
