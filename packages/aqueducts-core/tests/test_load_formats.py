"""Random valid pipelines, written in every format, load equal."""

from __future__ import annotations

import json
import re
from typing import Any

import tomli_w
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError
from aqueducts.load import load_text
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins

PLUGINS = Plugins.of(builtin=builtin_plugin)

# `${` would be a placeholder, U+0085 is a line break to the library that writes the YAML, and
# names that are blank are refused.
_texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="$\x85"),
    min_size=1,
    max_size=12,
).filter(str.strip)

_names = st.one_of(
    _texts, st.sampled_from(["a", "true", "12", "null", "- x", "a: b", "it's", "#x", '"', "día"])
)

_data_types = st.sampled_from(
    [
        *("bool", "boolean", "int", "long", "uint8", "double", "utf8", "date", "fixed_binary<4>"),
        *("timestamp<ms>", "timestamp< us , UTC >", "decimal<10,2>", "list<int>", "duration<s>"),
        *("struct<a:int,b:list<utf8>>", "map<string,long>", "dictionary<int32,string>"),
        "union<dense,a:int,b:string>",
    ]
)


def _some(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with any of the keys; some are written with the older name."""
    return st.fixed_dictionaries({}, optional=optional)


def _join(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda each: {k: v for part in each for k, v in part.items()})


def _fixed(**given: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(given)


def _one_of_names(
    names: tuple[str, str], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda name, value: {name: value}, st.sampled_from(names), values)


_fields = st.lists(
    _join(
        _fixed(name=_names),
        _one_of_names(("data_type", "type"), _data_types),
        _some(nullable=st.booleans(), description=_texts, metadata=st.just({})),
    ),
    max_size=3,
)

_compressions = st.sampled_from(["gzip", "bzip2", "xz", "zstd"])

_read_formats = st.one_of(
    _join(
        _fixed(type=st.sampled_from(["csv", "Csv"])),
        _some(
            options=_some(
                has_header=st.booleans(),
                delimiter=st.sampled_from([";", "\t", "|", " "]),
                schema=_fields,
                null_values=st.lists(_texts, max_size=2),
                compression=_compressions,
                newlines_in_values=st.booleans(),
            )
        ),
    ),
    _join(
        _fixed(type=st.sampled_from(["json", "Json"])),
        _some(options=_some(schema=_fields, compression=_compressions)),
    ),
    _join(
        _fixed(type=st.sampled_from(["parquet", "Parquet"])),
        _some(options=_some(schema=_fields)),
    ),
)

_write_formats = st.one_of(
    _join(
        _fixed(type=st.just("csv")),
        _some(options=_some(has_header=st.booleans(), delimiter=st.sampled_from([";", "|"]))),
    ),
    _fixed(type=st.just("json")),
    _join(
        _fixed(type=st.just("parquet")),
        _some(
            options=_some(
                compression=st.sampled_from(["zstd(3)", "snappy", "uncompressed"]),
                max_row_group_size=st.integers(1, 10**6).map(str),
            )
        ),
    ),
)

_partition_columns = st.lists(
    st.one_of(st.tuples(_names, _data_types).map(list), _fixed(name=_names, data_type=_data_types)),
    max_size=2,
)

_stores = _one_of_names(
    ("storage_config", "storage_options"), st.dictionaries(_names, _texts, max_size=2)
)

_sources = st.one_of(
    _fixed(type=st.sampled_from(["in_memory", "memory", "InMemory"]), name=_names),
    _join(
        _fixed(type=st.sampled_from(["file", "File"]), name=_names, location=_texts),
        _one_of_names(("format", "file_type"), _read_formats),
        _stores,
    ),
    _join(
        _fixed(type=st.sampled_from(["directory", "dir"]), name=_names, location=_texts),
        _one_of_names(("format", "file_type"), _read_formats),
        _one_of_names(("partition_columns", "partition_cols"), _partition_columns),
    ),
    _fixed(
        type=st.sampled_from(["csv", "json"]),
        name=_names,
        options=_fixed(path=_texts | st.just("folder/")),
    ),
)

_queries = st.sampled_from(
    [
        "select 1",
        "SELECT \"a b\", 'it''s: #1' FROM t -- why\nWHERE x > 1\n",
        "WITH a AS (\n  SELECT 1\n)\n\nSELECT *\nFROM a\n",
    ]
)

_stages = st.lists(
    st.lists(
        _join(
            _fixed(name=_names, query=_queries),
            _some(
                show=st.integers(0, 10**6),
                explain=st.booleans(),
                explain_analyze=st.booleans(),
                print_schema=st.booleans(),
                materialize=st.sampled_from(["auto", "always", "never"]),
            ),
        ),
        max_size=3,
    ),
    max_size=3,
)

_destinations = st.one_of(
    _fixed(type=st.sampled_from(["in_memory", "memory"]), name=_names),
    _join(
        _fixed(type=st.sampled_from(["file", "File"]), name=_names, location=_texts),
        _one_of_names(("format", "file_type"), _write_formats),
        _some(single_file=st.booleans(), partition_columns=st.lists(_names, max_size=2)),
    ),
    _fixed(type=st.sampled_from(["csv", "parquet"]), options=_fixed(path=_texts)),
)

_BY_CHANCE = ("is used twice", "declares column", "which CSV cannot hold")
"""What is wrong with some of the pipelines below: their parts are drawn apart from each other."""


def _fits_together(data: dict[str, Any]) -> bool:
    try:
        Pipeline.from_dict(data, plugins=PLUGINS)
    except PipelineError as error:
        return not all(
            any(words in problem.message for words in _BY_CHANCE) for problem in error.problems
        )
    return True


pipelines = _some(
    version=st.just("v2"),
    sources=st.lists(_sources, max_size=3),
    stages=_stages,
    destination=_destinations,
).filter(_fits_together)


class _CoreDumper(yaml.SafeDumper):
    """Quotes text that is a number in YAML 1.2, such as `0E0`, and is not in YAML 1.1."""


_CoreDumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z|0o[0-7]+\Z"),
    list("-+.0123456789"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(pipelines, st.booleans(), st.sampled_from([None, '"', "|"]))
def test_all_formats_load_equal(data: dict[str, Any], flow: bool, style: str | None) -> None:
    """One document in YAML, JSON and TOML, and as a mapping, is one pipeline without warnings."""
    texts = {
        "yaml": yaml.dump(
            data,
            Dumper=_CoreDumper,
            default_flow_style=flow,
            default_style=None if flow else style,
            allow_unicode=True,
        )
        if style is None or not _has_other_scalars(data)
        else yaml.dump(data, Dumper=_CoreDumper),
        "json": json.dumps(data, ensure_ascii=flow, indent=None if flow else 2),
        "toml": tomli_w.dumps(data, multiline_strings=flow),
    }

    expected = Pipeline.from_dict(data, plugins=PLUGINS)

    assert not expected.warnings
    for name, text in texts.items():
        pipeline = load_text(text, file=f"p.{name}", format=name, plugins=PLUGINS)  # type: ignore[arg-type]  # the keys above
        assert pipeline == expected
        assert not pipeline.warnings


def _has_other_scalars(value: Any) -> bool:
    """Whether there are numbers or switches, which lose their type in quotes."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return any(_has_other_scalars(item) for item in items)
    return not isinstance(value, str)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(pipelines)
def test_a_loaded_pipeline_written_back_loads_equal(data: dict[str, Any]) -> None:
    """The canonical form is itself valid."""
    pipeline = Pipeline.from_dict(data, plugins=PLUGINS)

    canonical = pipeline.document.model_dump(by_alias=True, exclude_none=True)

    assert Pipeline.from_dict(_plain(canonical), plugins=PLUGINS) == pipeline


_junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2**70),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(
        ["${x}", "${secret:env:X}", "${secret:no:X}", "type", "csv", "selec 1", "int<"]
    ),
    st.just([]),
    st.just({}),
    st.just({"type": "csv"}),
    st.just([["a", "int"]]),
)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of everything in a document."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict | list):
        items = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [path, *(each for key, item in items for each in _paths(item, (*path, key)))]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(pipelines, st.data())
def test_what_is_wrong_anywhere_is_told_with_its_place(data: dict[str, Any], draw: Any) -> None:
    """Junk in the place of any value, or under any key, never crashes the loader."""
    text = json.dumps(data)
    for _ in range(draw.draw(st.integers(1, 3))):
        data = json.loads(text)
        path = draw.draw(st.sampled_from(_paths(data)[1:] or [("sources",)]))
        holder: Any = data
        for part in path[:-1]:
            holder = holder[part]
        key = draw.draw(st.sampled_from([path[-1], "type", "nam", "options"]))
        holder[key if isinstance(holder, dict) else path[-1]] = draw.draw(_junk)
        text = json.dumps(data).replace("NaN", "1").replace("Infinity", "2")

    try:
        warnings = load_text(text, file="p.json", format="json", plugins=PLUGINS).warnings
    except PipelineError as error:
        found = [each for each in error.problems if isinstance(each, Problem)]
        assert any(each.severity == "error" for each in found)
    else:
        found = list(warnings)
    for problem in found:
        assert (problem.file, problem.line) == ("p.json", 1)
        assert problem.message[0] != " "
        assert 1 <= (problem.column or 0) <= len(text)
        assert "Input should" not in problem.message


def _plain(value: Any) -> Any:
    """Return dumped data with the text of secrets."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value
