"""The functions over arrays, beside a reference that reads one document at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.builtin.json_functions.functions import FUNCTIONS, JsonFunctions
from aqueducts.builtin.json_functions.paths import JsonPath, path_text

NOTHING = object()


class Number(str):
    """A number that is not an integer, as written."""

    __slots__ = ()


def look_up(document: str | None, path: JsonPath) -> Any:
    """The value at a path, NOTHING where there is none or the document is not JSON."""
    try:
        value = NOTHING if document is None else _load(document)
    except ValueError:
        return NOTHING
    for step in path:
        if isinstance(step, str):
            value = value.get(step, NOTHING) if isinstance(value, dict) else NOTHING
        elif isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return NOTHING
    return value


def _load(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse, parse_float=Number)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def is_right(name: str, result: Any, value: Any) -> bool:
    """Whether a function may give this result for a value."""
    if value is NOTHING:
        return result is (False if name == "json_contains" else None)
    match name:
        case "json_get" | "json_get_json":
            return result is not None and _load(result) == value
        case "json_get_array":
            wanted = value if isinstance(value, list) else None
            return (None if result is None else [_load(each) for each in result]) == wanted
        case "json_as_text":
            if type(value) is str or value is None:
                return bool(result == value)
            return result is not None and _load(result) == value
        case "json_get_float":
            return bool(result == _float(value))
        case _:
            return bool(result == _plain(name, value))


def _plain(name: str, value: Any) -> Any:
    kind = type(value)
    return {
        "json_get_str": value if kind is str else None,
        "json_get_bool": value if kind is bool else None,
        "json_get_int": value if kind is int and -(2**63) <= value < 2**63 else None,
        "json_contains": True,
        "json_length": len(value) if kind in (list, dict) else None,
        "json_object_keys": list(value) if kind is dict else None,
    }[name]


def _float(value: Any) -> float | None:
    if type(value) not in (int, Number):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) != float("inf") else None


KEYS = st.sampled_from(["a", "b", "c", "", "a b", 'q"k', "é", "x\ny"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(['"', "\\", "\x00", "\n", "}", "{", "]\n[", "null", "😀"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(KEYS | st.integers(-3, 3), max_size=3).map(tuple)


@st.composite
def documents(draw: st.DrawFn) -> str | None:
    """A document: mostly JSON, sometimes cut off, doubled, padded or nothing of the kind."""
    value = draw(VALUES)
    text = json.dumps(
        value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, None, 1]))
    )
    damage = draw(st.integers(0, 11))
    if damage == 0:
        return None
    if damage == 1:
        return text[: draw(st.integers(0, len(text)))]
    if damage == 2:
        return draw(st.sampled_from(["", " ", "{} {}", "[1,", "2] {}", '{"a":"}', '"}', "1e999"]))
    if damage == 3:
        return f" \t{text}\r\n"
    if damage == 4:
        return '{"a": 1e999, "b": [1e999, ' + "9" * 400 + ', "x"], "c": ' + text + "}"
    return text


def rows_of(texts: Sequence[str | None]) -> pa.Array:
    """Documents as the engine hands them over."""
    return pa.array(texts, pa.large_string())


def paths_of(path: JsonPath, count: int) -> pa.Array:
    """A path as the engine hands it over."""
    return pa.array([path_text(path)] * count, pa.string())


@given(st.lists(documents(), max_size=12), PATHS)
@settings(max_examples=400, deadline=None)
def test_all_functions_agree_with_the_reference(texts: list[str | None], path: JsonPath) -> None:
    """Whatever the documents of a batch are, each gives what it would give alone."""
    functions = JsonFunctions()
    for name, function in FUNCTIONS.items():
        results = functions.at_path(name, rows_of(texts), paths_of(path, len(texts)))
        assert results.type == function.type
        for text, result in zip(texts, results.to_pylist(), strict=True):
            assert is_right(name, result, look_up(text, path)), (name, text, result)


@given(
    st.lists(st.lists(documents(), min_size=1, max_size=4), min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from(sorted(FUNCTIONS)), PATHS), min_size=1, max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_what_is_asked_together_is_what_is_asked_alone(
    batches: list[list[str | None]], questions: list[tuple[str, JsonPath]]
) -> None:
    """Functions that share the decoding of their rows do not get into each other's way."""
    together = JsonFunctions()
    for texts in batches:
        rows = rows_of(texts)
        for name, path in questions:
            asked = (name, rows, paths_of(path, len(texts)))
            assert together.at_path(*asked) == JsonFunctions().at_path(*asked), (name, path)


def test_large_batches_are_decoded_together_and_apart() -> None:
    """One document that is not JSON among thousands changes nothing for the others."""
    texts = [f'{{"n": {number}}}' for number in range(3000)]
    texts[1234] = '{"n": '
    texts[2000] = "nothing of the kind"
    texts[2001] = "[" * 100_000
    rows = rows_of(texts)
    numbers = JsonFunctions().at_path("json_get_int", rows, paths_of(("n",), 3000)).to_pylist()
    assert numbers == [None if each in (1234, 2000, 2001) else each for each in range(3000)]


def test_documents_of_many_megabytes_are_decoded_in_parts() -> None:
    """Results stay with their rows where not all rows fit in one go."""
    texts = [f'{{"pad": "{"x" * 3_000_000}", "n": {number}}}' for number in range(12)]
    rows = rows_of(texts)
    functions = JsonFunctions()
    numbers = functions.at_path("json_get_int", rows, paths_of(("n",), 12)).to_pylist()
    assert numbers == list(range(12))
    rows = pa.concat_arrays([rows] * 3)  # too many bytes to be kept
    for _ in range(2):
        numbers = functions.at_path("json_get_int", rows, paths_of(("n",), 36)).to_pylist()
        assert numbers == [*range(12)] * 3


def test_rows_in_the_middle_of_an_array_are_read_as_they_are() -> None:
    """A slice is not taken for the rows before it, which share its memory."""
    rows = rows_of([f"[{number}]" for number in range(10)])
    functions = JsonFunctions()
    for start in (0, 3, 6):
        part = rows.slice(start, 3)
        found = functions.at_path("json_get_int", part, paths_of((0,), 3)).to_pylist()
        assert found == [start, start + 1, start + 2]


def test_no_rows_give_no_results() -> None:
    """An empty batch is fine."""
    for name, function in FUNCTIONS.items():
        found = JsonFunctions().at_path(name, rows_of([]), paths_of(("a",), 0))
        assert (len(found), found.type) == (0, function.type)


def test_a_path_that_changes_within_a_batch_is_refused() -> None:
    """The functions of a fixed path are not called with a column by mistake."""
    with pytest.raises(ValueError, match="same for all rows"):
        JsonFunctions().at_path("json_get_str", rows_of(["{}", "{}"]), pa.array(["a", "b"]))


@pytest.mark.parametrize(
    ("keys", "kind", "wanted"),
    [
        (["a", "b", None, "a"], "Utf8View", ["x", None, None, None]),
        (["0", "1", "2", "1"], "Int64", [None, "z", None, None]),
        (["0", "-1", "2", "1"], "UInt8", [None, "z", None, None]),
        (["0", "1", "2", "1"], "Utf8", [None, None, None, None]),
        ([None, None, None, None], "Null", [None, None, None, None]),
    ],
)
def test_keys_may_come_from_a_column(
    keys: list[str | None], kind: str, wanted: list[str | None]
) -> None:
    """Each row has its own; integers are places of arrays, strings are keys of objects."""
    rows = rows_of(['{"a": "x"}', '["y", "z"]', '{"b": "x"}', None])
    columns = (pa.array(keys, pa.large_string()), pa.array([kind] * 4))
    found = JsonFunctions().by_column("json_get_str", rows, *columns)
    assert found.to_pylist() == wanted
    found = JsonFunctions().by_column("json_contains", rows, *columns)
    assert found.to_pylist() == [each is not None for each in wanted]


def test_keys_of_other_types_are_refused() -> None:
    """A number with a fraction is no key."""
    columns = (pa.array(["1.0"], pa.large_string()), pa.array(["Float64"]))
    with pytest.raises(ValueError, match="strings or integers, not Float64"):
        JsonFunctions().by_column("json_get", rows_of(["[1]"]), *columns)


def test_arrays_become_lists() -> None:
    """Elements are JSON texts as they were written; null stays null."""
    found = JsonFunctions().unnest(rows_of(['[1, "a", {"b" : [2.50, null]}]', None, " [] "]))
    assert found.to_pylist() == [["1", '"a"', '{"b" : [2.50, null]}'], None, []]


@pytest.mark.parametrize("text", ["{}", "", "[1", "null", '"[1]"', "x" * 200])
def test_what_is_no_array_is_named(text: str) -> None:
    """The error shows the value, of a long one its beginning."""
    with pytest.raises(ValueError, match="takes JSON arrays, and this is none") as caught:
        JsonFunctions().unnest(rows_of(["[1]", None, text]))
    assert repr(text[:80])[1:-1] in str(caught.value)
    assert len(str(caught.value)) < 200


def test_numbers_keep_what_they_were_written_as() -> None:
    """Text of a number is its text, not what a number type makes of it."""
    texts = ['{"n": 1.50}', '{"n": 1e999}', '{"n": -0}', '{"n": 123456789012345678901234567890}']
    found = JsonFunctions().at_path("json_as_text", rows_of(texts), paths_of(("n",), 4))
    assert found.to_pylist() == ["1.50", "1e999", "-0", "123456789012345678901234567890"]


def test_the_last_of_equal_keys_counts() -> None:
    """As in most readers of JSON."""
    rows = rows_of(['{"a": 1, "a": 2}'])
    functions = JsonFunctions()
    assert functions.at_path("json_get_int", rows, paths_of(("a",), 1)).to_pylist() == [2]
    assert functions.at_path("json_length", rows, paths_of((), 1)).to_pylist() == [1]


def test_integers_have_64_bits() -> None:
    """Larger ones are null, not another number."""
    texts = [f"[{number}]" for number in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30)]
    found = JsonFunctions().at_path("json_get_int", rows_of(texts), paths_of((0,), 5))
    assert found.to_pylist() == [2**63 - 1, None, -(2**63), None, None]
    found = JsonFunctions().at_path("json_get_float", rows_of(texts), paths_of((0,), 5))
    assert found.to_pylist() == [2.0**63, 2.0**63, -(2.0**63), -(2.0**63), 1e30]


@pytest.mark.parametrize("end", ["", "]}", "}}", ', "b": }'])
def test_numbers_out_of_range_do_not_hide_what_is_no_json(end: str) -> None:
    """A document that is broken behind such a number has nothing in it either."""
    rows = rows_of(['{"n": 1e999' + end])
    assert JsonFunctions().at_path("json_as_text", rows, paths_of(("n",), 1)).to_pylist() == [None]


def test_many_threads_may_ask() -> None:
    """More than are remembered, one after the other."""
    functions = JsonFunctions()

    def ask(number: int) -> list[int]:
        rows = rows_of([f"[{number}]"])
        answers: list[int] = functions.at_path("json_get_int", rows, paths_of((0,), 1)).to_pylist()
        return answers

    with ThreadPoolExecutor(max_workers=80) as pool:
        answers = list(pool.map(ask, range(500)))
    assert answers == [[number] for number in range(500)]
