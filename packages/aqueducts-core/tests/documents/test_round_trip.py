"""Random values, written by other libraries in all formats and styles, read back equal."""

import json
import math
from typing import Any

import pytest
import tomli_w
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqueducts.documents import Document, Format, read_document
from aqueducts.documents.yaml_scalars import resolve_plain

SETTINGS = settings(
    max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

# PyYAML writes U+0085 as it is, and by YAML 1.1 that is a line break.
# Words with meaning in some format, and characters that fold, escape or break lines somewhere.
WORDS = st.sampled_from(
    [
        "yes", "no", "on", "Off", "~", "null", "2024-01-01", "12:30:45", "012", "- a", "a: b", "",
        "# c", "'", '"', "\\", "${month}", "a\nb", " x", "x ", "\tx", "|", ">", "&a", "*a", "!t",
        "%", "@", "{a}", "[b]", "a,b", "---", "...", "? x", "<<", "=", "SELECT\n  a\n\nb\n",
    ]
)  # fmt: skip
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x85")
PLAIN = st.text(st.sampled_from("ab \n'\"\\#:-é\u65e5\U0001f600"), max_size=30)
STRINGS = st.one_of(WORDS, PLAIN, st.text(CHARACTERS, max_size=20))
KEYS = st.one_of(st.text(st.sampled_from("abc_-."), min_size=1, max_size=4), STRINGS)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
SCALARS = st.one_of(STRINGS, NUMBERS, st.booleans())


def documents(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings as pipeline files have them, down to a few levels."""
    values = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    )
    return st.dictionaries(KEYS, values, max_size=4)


def read(text: str, format_: Format) -> Document:
    """The document, checked for what holds of every document."""
    document = read_document(text, file=f"pipeline.{format_}", format=format_)
    check_places(document)
    return document


def check_places(document: Document) -> None:
    """Every path has a place, no other has one, and every string can be followed."""
    source_map = document.source_map
    assert set(source_map) == set(paths(document.value))
    for path in source_map:
        value = at(document.value, path)
        if isinstance(value, str):
            check_string(document, path, value)
        if path and isinstance(path[-1], str):
            offsets = [offset_inside(document, path, i, key=True) for i in range(len(path[-1]))]
            assert offsets == sorted(set(offsets))


def check_string(document: Document, path: tuple[str | int, ...], value: str) -> None:
    """Each character of the value stands where the map says, as itself or as an escape."""
    text = document.source_map.text
    offsets = [offset_inside(document, path, index) for index in range(len(value) + 1)]
    assert offsets == sorted(set(offsets)), "places go forward"
    for character, offset in zip(value, offsets, strict=False):
        written = text[offset]
        assert written in (character, "\\") or character.isspace(), (character, written)


def offset_inside(
    document: Document, path: tuple[str | int, ...], index: int, *, key: bool = False
) -> int:
    """The offset in the text of one character of a string."""
    source_map = document.source_map
    inside = source_map.position_inside_key if key else source_map.position_inside
    position = inside(path, index)
    return offset_of(source_map.text, position.line, position.column)


def offset_of(text: str, line: int, column: int) -> int:
    """Count lines the slow and plain way."""
    offset = 0
    for _ in range(line - 1):
        while text[offset] not in "\r\n":
            offset += 1
        offset += 2 if text[offset : offset + 2] == "\r\n" else 1
    return offset + column - 1


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Every path of a value."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    """The part of a value at a path."""
    for part in path:
        value = value[part]
    return value


def is_read_otherwise(value: Any) -> bool:
    """Whether YAML 1.1 writes a string bare that is something else in YAML 1.2, such as 1e5."""
    strings = [at(value, path) for path in paths(value)]
    strings += [part for path in paths(value) for part in path]
    return any(isinstance(s, str) and not isinstance(resolve_plain(s), str) for s in strings)


@SETTINGS
@given(documents(st.one_of(SCALARS, st.none())), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_json(value: Any, ascii_only: bool, indent: Any) -> None:
    """What json.dumps writes is read equal, escaped or not."""
    assert read(json.dumps(value, ensure_ascii=ascii_only, indent=indent), "json").value == value


@SETTINGS
@given(documents(SCALARS), st.booleans(), st.booleans())
def test_toml(value: Any, multiline: bool, crlf: bool) -> None:
    """What tomli_w writes is read equal; the scanner finds the paths that the parser finds."""
    text = tomli_w.dumps(value, multiline_strings=multiline)
    if crlf:
        text = text.replace("\n", "\r\n")
    assert read(text, "toml").value == value


@SETTINGS
@pytest.mark.parametrize("style", [None, "'", '"', "|", ">"])
@given(
    value=documents(st.one_of(SCALARS, st.none())),
    flow=st.booleans(),
    width=st.sampled_from([20, 80]),
    unicode=st.booleans(),
    line_break=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_yaml(
    style: str | None, value: Any, flow: bool, width: int, unicode: bool, line_break: str
) -> None:
    """What PyYAML writes is read equal, in every style of scalar and collection."""
    if is_read_otherwise(value):
        return
    text = yaml.safe_dump(
        value,
        default_style=style,
        default_flow_style=flow,
        width=width,
        allow_unicode=unicode,
        line_break=line_break,
    )
    assert read(text, "yaml").value == value


@given(st.floats())
def test_yaml_floats(number: float) -> None:
    """Every float that YAML writes is read as itself."""
    read_number = read_document(yaml.safe_dump([number]), file="p.yml", format="yaml").value[0]
    assert read_number == number or (math.isnan(read_number) and math.isnan(number))
