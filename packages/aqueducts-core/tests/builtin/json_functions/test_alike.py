"""Keys of documents that are alike are told without decoding them, and are the same keys."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts.builtin.json_functions.alike import Alike
from aqueducts.builtin.json_functions.functions import JsonFunctions

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
KEYS = st.lists(st.sampled_from(["a", "b", "c d", "é", '"', "[", "\\"]), unique=True, max_size=4)


def test_flat_documents_are_alike() -> None:
    """Whatever their values and the space between them."""
    alike = Alike.to('{"a": 1, "b": "x"}')
    assert alike is not None
    rows = ['{"a":-1.5e3,"b":"\\\\ \\" }{"}', ' { "a" :\nnull , "b": true } ', '{"a": 0, "b": "é"}']
    assert alike.among(pa.array(rows, pa.large_string())).to_pylist() == [True] * 3
    assert alike.keys(2).to_pylist() == [["a", "b"]] * 2
    assert alike.keys(1).to_pylist() == [["a", "b"]]


@pytest.mark.parametrize(
    "row",
    [
        '{"b": "x", "a": 1}',
        '{"a": 1}',
        '{"a": 1, "b": "x", "c": 2}',
        '{"a": 1, "b": "x"',
        '{"a": 01, "b": "x"}',
        '{"a": NaN, "b": "x"}',
        '{"a": 1, "b": "\\x"}',
        '{"a": 1, "b": "\n"}',
        '{"a": 1, "b": {"a": 1}}',
        '{"a": 1, "b": "x"} {}',
        '{"a": 1, "b": "x"}\n{"a": 1, "b": "x"}',
        None,
    ],
)
def test_other_documents_are_not(row: str | None) -> None:
    """Other keys, another order, and what is no JSON."""
    alike = Alike.to('{"a": 1, "b": "x"}')
    assert alike is not None
    assert alike.among(pa.array([row], pa.large_string())).to_pylist() == [False]


@pytest.mark.parametrize(
    "document",
    [
        *("", "[1]", "1", '{"a": [1]}', '{"a": 1, "a": 2}', '{"a": "\\u00e9"}'),
        json.dumps({str(key): key for key in range(33)}),
    ],
)
def test_some_documents_are_like_no_others(document: str) -> None:
    """No flat objects, keys that come twice, and very many keys."""
    assert Alike.to(document) is None


@given(st.data(), KEYS)
def test_keys_are_those_of_the_reference(data: st.DataObject, keys: list[str]) -> None:
    """In batches that are mostly, partly and not at all alike, beside nulls and what is no JSON."""
    functions = JsonFunctions()
    path = pa.array(["$"])
    for _ in range(3):
        shapes = st.one_of(st.just(keys), st.just(keys), KEYS)
        objects = data.draw(
            st.lists(shapes.map(lambda each: {key: data.draw(VALUES) for key in each}), max_size=6)
        )
        rows = [json.dumps(each) for each in objects] + data.draw(
            st.sampled_from([[], [None], ["{"], ["[1]"]])
        )
        found = functions.at_path(
            "json_object_keys",
            pa.array(rows, pa.large_string()),
            pa.array(path.to_pylist() * len(rows)),
        )
        wanted = [list(each) for each in objects] + [None] * (len(rows) - len(objects))
        assert found.to_pylist() == wanted
