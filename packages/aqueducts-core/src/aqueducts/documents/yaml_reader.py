"""YAML text to plain values and their places, with limits on what aliases may expand to."""

from typing import Any

from aqueducts.diagnostics import Problem
from aqueducts.documents.source_map import Entry, Path, SourceMap
from aqueducts.documents.source_text import MAX_DEPTH, SourceText, Unreadable
from aqueducts.documents.yaml_nodes import Node, Use, compose
from aqueducts.documents.yaml_offsets import read_offsets
from aqueducts.documents.yaml_scalars import TAGS, resolve_plain, resolve_tagged

__all__ = ["read_yaml"]

MAX_EXPANDED = 100_000
"""How many values aliases and merges may add to what is written."""

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_WIDE_SPACES = "\u00a0\u202f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

_MERGE_ADVICE = "write <<: *anchor or <<: [*first, *second], with anchors of mappings"


def read_yaml(source: SourceText) -> tuple[Any, SourceMap]:
    """The value of a YAML text and the places in it; an empty text is None."""
    root = compose(source)
    reader = _Reader(source)
    value = None if root is None else reader.build(root, (), None, is_copy=False)
    if reader.problems:
        raise Unreadable(reader.problems)
    return value, SourceMap(source, reader.entries, read_offsets)


class _Pair:
    """A key and value of a mapping; `is_copy` when they come from a merge."""

    __slots__ = ("is_copy", "key", "name", "value")

    def __init__(self, name: str, key: Use, value: Use, *, is_copy: bool) -> None:
        self.name = name
        self.key = key
        self.value = value
        self.is_copy = is_copy


class _Reader:
    def __init__(self, source: SourceText) -> None:
        self.entries: dict[Path, Entry] = {}
        self.problems: list[Problem] = []
        self._source = source
        self._pairs: dict[Node, dict[str, _Pair]] = {}
        self._scalars: dict[Node, Any] = {}
        self._checked_tags: set[Node] = set()
        self._expanded = 0

    def build(self, use: Use, path: Path, key: Use | None, *, is_copy: bool) -> Any:
        """The value of a node at a path, and the entries for it and what is in it."""
        is_copy = is_copy or use.is_alias
        if len(path) > MAX_DEPTH:
            raise self._source.too_deep(use.span[0])
        self._count(int(is_copy), use)
        node = use.node
        key_span = key.span if key is not None else None
        if node.kind == "scalar":
            value = self._scalar(node)
            string = value if isinstance(value, str) else None
            self.entries[path] = Entry(use.span, key_span, string, node.span)
            return value
        self.entries[path] = Entry(use.span, key_span)
        self._check_tag(node)
        if node.kind == "sequence":
            return [
                self.build(item, (*path, index), None, is_copy=is_copy)
                for index, item in enumerate(node.children)
            ]
        return {
            name: self.build(pair.value, (*path, name), pair.key, is_copy=is_copy or pair.is_copy)
            for name, pair in self._flatten(node, len(path)).items()
        }

    def _count(self, added: int, use: Use) -> None:
        """Count what aliases and merges add, up to the limit."""
        self._expanded += added
        if self._expanded > MAX_EXPANDED:
            message = f"aliases expand to more than {MAX_EXPANDED:,} values"
            problem = self._source.problem(use.span, "alias-expansion", message)
            raise Unreadable([*self.problems, problem])

    def _report(self, node: Node, code: str, message: str, advice: str | None) -> None:
        first_line_end = self._source.text.find("\n", node.span[0], node.span[1])
        end = node.span[1] if first_line_end < 0 else first_line_end
        self.problems.append(self._source.problem((node.span[0], end), code, message, help=advice))

    def _scalar(self, node: Node) -> Any:
        if node in self._scalars:
            return self._scalars[node]
        value: Any = node.string
        if node.tag not in (None, "!"):
            value = self._tagged_scalar(node)
        elif node.is_plain:
            value = resolve_plain(node.string)
        self._scalars[node] = value
        return value

    def _tagged_scalar(self, node: Node) -> Any:
        if not self._check_tag(node):
            return node.string
        try:
            return resolve_tagged(str(node.tag), node.string)
        except ValueError as error:
            message = f"'{node.string}' is not of the type that its tag !!{error} says"
            self._report(node, "unknown-tag", message, "remove the tag")
            return node.string

    def _check_tag(self, node: Node) -> bool:
        if node.tag in (None, "!") or node.tag in TAGS:
            return True
        if node not in self._checked_tags:
            self._checked_tags.add(node)
            tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
            message = f"the tag '{tag}' has no meaning in a pipeline file"
            advice = "remove the tag, or put a value that begins with ! in quotes"
            self._report(node, "unknown-tag", message, advice)
        return False

    # --- mappings ---

    def _flatten(self, node: Node, depth: int) -> dict[str, _Pair]:
        """The pairs of a mapping with its merges: own keys first, then those merged in."""
        if node in self._pairs:
            return self._pairs[node]
        if depth > MAX_DEPTH:
            raise self._source.too_deep(node.span[0])
        pairs: dict[str, _Pair] = {}
        merges: list[Use] = []
        merge_key: Use | None = None
        for key, value in zip(node.children[::2], node.children[1::2], strict=True):
            if key.node.is_plain and key.node.string == "<<":
                if merge_key is not None:
                    self._duplicate("<<", key, merge_key)
                merge_key = key
                merges += self._merged(value)
            elif (name := self._key(key)) is not None:
                if name in pairs:
                    self._duplicate(name, key, pairs[name].key)
                pairs[name] = _Pair(name, key, value, is_copy=False)
        for merge in merges:
            merged = self._flatten(merge.node, depth + 1)
            self._count(len(merged), merge)
            for name, pair in merged.items():
                pairs.setdefault(name, _Pair(name, pair.key, pair.value, is_copy=True))
        self._pairs[node] = pairs
        return pairs

    def _key(self, key: Use) -> str | None:
        name = self._scalar(key.node) if key.node.kind == "scalar" else None
        if isinstance(name, str):
            self._check_indentation(key, name)
            return name
        if key.node.kind != "scalar":
            advice = "write the key as a plain word"
            self._report(key.node, "non-string-key", f"a key cannot be a {key.node.kind}", advice)
        elif not key.node.string:
            self._report(key.node, "non-string-key", "a key is missing before ':'", None)
        else:
            message = f"the key {key.node.string} is not a string"
            advice = f"put it in quotes: '{key.node.string}'"
            self._report(key.node, "non-string-key", message, advice)
        return None

    def _check_indentation(self, key: Use, name: str) -> None:
        """Report a word that begins with spaces that are none to YAML."""
        word = name.lstrip(f"{_INVISIBLE}{_WIDE_SPACES}")
        length = len(name) - len(word)
        is_word = word.removeprefix("- ").isidentifier() and len(word) > 1
        if length > 1 and is_word and key.node.is_plain:
            start = key.span[0]
            self.problems.append(
                self._source.problem(
                    (start, start + length),
                    "invalid-character",
                    f"this line begins with the character U+{ord(name[0]):04X}, which looks like a "
                    "space",
                    help="replace it by spaces; it comes with text from web pages",
                )
            )

    def _duplicate(self, name: str, key: Use, first: Use) -> None:
        self.problems.append(self._source.duplicate_key(name, key.span, first.span[0]))

    def _merged(self, value: Use) -> list[Use]:
        """The mappings that a `<<` names, in the order in which they count."""
        uses = value.node.children if value.node.kind == "sequence" else [value]
        if value.is_alias and value.node.kind == "sequence":
            uses = [] if any(use.node.kind != "mapping" for use in uses) else uses
        for use in uses or [value]:
            if use.node.kind != "mapping":
                message = "'<<' can only merge mappings"
                self.problems.append(
                    self._source.problem(use.span, "invalid-merge", message, help=_MERGE_ADVICE)
                )
        return [use for use in uses if use.node.kind == "mapping"]
