"""The functions in sessions of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.builtin.json_functions.pack import JSON_PACK
from aqueducts.connectors import EngineSettings, Session
from aqueducts.errors import EngineError, PlanError, QueryError
from aqueducts.load import load
from aqueducts.relations import ArrowTable

if TYPE_CHECKING:
    from conftest import Lab

DOCUMENTS = ['{"a": {"b": [1, 2.5, "x"]}, "k": "a"}', "[true]", None, "no JSON"]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session with a table `t` of documents in columns of all types that hold strings."""
    opened = DataFusionEngine().open_session(
        EngineSettings(work_dir=tmp_path, threads=2, functions=(JSON_PACK,)), None
    )
    texts = pa.array(DOCUMENTS)
    table = pa.table(
        {
            "d": texts,
            "large": texts.cast(pa.large_string()),
            "view": texts.cast(pa.string_view()),
            "dictionary": texts.dictionary_encode(),
            "n": [1, 2, 3, 4],
            "bytes": texts.cast(pa.binary()),
            "s": [{"f": 1}] * 4,
            "l": [["x"]] * 4,
        }
    )
    opened.register("t", ArrowTable(table), is_joined=False)
    return opened


def ask(session: Session, expression: str) -> list[Any]:
    """The values of an expression for all rows."""
    session.define("answer", f"SELECT {expression} AS x FROM t")
    values: list[Any] = session.head("answer", 10).column("x").to_pylist()
    return values


@pytest.mark.parametrize("column", ["d", "large", "view", "dictionary"])
def test_strings_of_all_types_are_documents(session: Session, column: str) -> None:
    """The type of a column makes no difference."""
    assert ask(session, f"json_get_float({column}, 'a', 'b', 1)") == [2.5, None, None, None]
    assert ask(session, f"{column} -> 'a' -> 'b' ->> 2") == ["x", None, None, None]
    assert ask(session, f"json_contains({column}, 0)") == [False, True, False, False]


def test_literals_are_documents(session: Session) -> None:
    """A document written in the query, and NULL, are read as well."""
    assert ask(session, "json_get_int('[7]', 0)") == [7] * 4
    assert ask(session, "json_get_int(NULL, 0)") == [None] * 4
    assert ask(session, "json_contains(NULL, 0)") == [False] * 4


def test_keys_come_from_columns(session: Session) -> None:
    """Strings and integers, told apart by the column's type."""
    assert ask(session, "json_get_json(d, d ->> 'k')") == ['{"b": [1, 2.5, "x"]}', None, None, None]
    assert ask(session, "json_get_bool(d, n - 2)") == [None, True, None, None]


def test_elements_become_rows(session: Session) -> None:
    """Unnest makes rows of the list that unnest_json_array gives."""
    session.define(
        "rows", "SELECT unnest(unnest_json_array(d -> 'a' -> 'b')) AS x FROM t WHERE n = 1"
    )
    assert session.head("rows", 10).column("x").to_pylist() == ["1", "2.5", '"x"']


def test_what_is_no_array_ends_the_query(session: Session) -> None:
    """The error names the value, and nothing of how the function is written."""
    with pytest.raises(QueryError) as caught:
        ask(session, "unnest_json_array(d)")
    assert caught.value.message.startswith(
        "unnest_json_array takes JSON arrays, and this is none: '"
    )
    assert "Traceback" not in caught.value.message


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("json_get_str(n, 'a')", "json_get_str reads JSON in strings, and n is int64", "CAST(n AS"),
        ("123 ->> 'a'", "->> reads JSON in strings, and 123 is int64", "CAST(123 AS"),
        ("json_get(bytes, 'a')", "json_get reads JSON in strings, and bytes is binary", "CAST("),
        ("upper(d ->> 'k') || (s ->> 'f')", "->> reads JSON in strings, and s is", "s['field']"),
        ("unnest_json_array(l)", "unnest_json_array reads JSON in strings, and l", "unnest(l)"),
    ],
)
def test_documents_that_are_no_strings_are_refused_when_planned(
    session: Session, expression: str, message: str, hint: str
) -> None:
    """The engine would turn them into text without a word."""
    with pytest.raises(QueryError) as caught:
        session.define("answer", f"SELECT {expression} AS x, json_get(d, 'k') AS y FROM t")
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("d -> (d ->> 'k')", "json_get(column, key)"),
        ("nothing -> 'a'", None),
    ],
)
def test_other_mistakes_are_told_as_ever(
    session: Session, expression: str, hint: str | None
) -> None:
    """What the engine refuses is told by the engine's errors."""
    with pytest.raises(EngineError) as caught:
        ask(session, expression)
    assert hint is None or hint in (caught.value.hint or "")


def test_queries_without_calls_are_left_alone(session: Session) -> None:
    """An arrow in a text is none; types are not looked at where the check could mislead."""
    assert ask(session, "'a -> b'") == ["a -> b"] * 4
    expression = "levenshtein(json_get_str(d, 'k'), 'b')"
    assert ask(session, expression) == [1, None, None, None]


def test_a_column_may_have_a_functions_name(session: Session) -> None:
    """Only calls are calls."""
    session.define("answer", "SELECT json_get FROM (SELECT json_get(d, 'k') AS json_get FROM t)")
    assert session.head("answer", 10).column("json_get").to_pylist() == ['"a"', None, None, None]


def test_pipelines_read_json(lab: Lab) -> None:
    """From a file through stages to a file; views see results, not calls."""
    orders = lab.source(
        "orders",
        'id,doc\n1,"{""items"": [{""sku"": ""a""}, {""sku"": ""b""}]}"\n2,oops\n3,\n',
    )
    items = {
        "name": "items",
        "query": "SELECT id, unnest(json_get_array(doc, 'items')) AS item FROM orders",
    }
    skus = {"name": "skus", "query": "SELECT id, item ->> 'sku' AS sku FROM items ORDER BY sku"}
    lab.run(lab.pipeline([orders], [items], [skus], to=lab.target()))
    assert lab.rows() == [["1", "a"], ["1", "b"]]


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("SELECT upper(json_get_str(id, 'a')) AS x FROM orders", "json_get_str"),
        ("SELECT id, id -> 'a' AS x FROM orders", "->"),
        ("SELECT id FROM orders WHERE CAST(id AS VARCHAR) -> 'a' = 'b'", "'a'"),
    ],
)
def test_mistakes_have_a_place(lab: Lab, query: str, marked: str) -> None:
    """Errors are found before data moves, and point at the call in the file."""
    lab.source("orders", "id\n1\n")
    file = lab.folder / "pipeline.yml"
    file.write_text(f"""\
version: v2
sources:
  - {{type: file, name: orders, format: {{type: csv}}, location: {lab.folder}/orders.csv}}
stages:
  - - name: x
      query: {query}
destination: {{type: file, name: out, format: {{type: csv}}, location: {lab.folder}/out.csv}}
""")
    with pytest.raises(PlanError) as caught:
        lab.run(load(file))
    [problem] = caught.value.problems
    assert (problem.line, problem.column) == (6, 14 + query.index(marked))
    assert not (lab.folder / "out.csv").exists()


def test_explain_shows_the_functions(lab: Lab) -> None:
    """A plan has them with their paths."""
    orders = lab.source("orders", "id,doc\n1,{}\n")
    query = "SELECT doc -> 'a' ->> 0 AS x FROM orders"
    stage = {"name": "x", "query": query, "explain": True, "explain_analyze": True}
    result = lab.run(lab.pipeline([orders], [stage], to=None))
    texts = [output.text or "" for output in result.outputs]
    assert len(texts) == 2
    assert all("json_as_text" in text and "$.a[0]" in text for text in texts)
