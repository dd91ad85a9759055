"""What DataFusion's plans tell of a query: what is read of each source, and what is held."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from datafusion.plan import ExecutionPlan, LogicalPlan

from aqueducts.builtin.compression import COMPRESSION_ENDINGS
from aqueducts.builtin.datafusion_engine.lazy_dataset import PlannedScan
from aqueducts.builtin.datafusion_engine.links import Links
from aqueducts.builtin.parquet_footers import read_footer
from aqueducts.data_files import open_file
from aqueducts.plan_facts import SourceScan
from aqueducts.relations import DataFile

__all__ = ["Operator", "read_operators", "source_scans", "text_rows"]

_SAMPLE_BYTES = 64 << 10

_ROWS = re.compile(r", statistics=\[Rows=(?:(?:Exact|Inexact)\((\d+)\)|Absent), Bytes=")
_LIST = r"=\[(.*?)\](?:, \w+=|$)"
_COLUMNS = re.compile(r"\bprojection" + _LIST, re.DOTALL)
_LIMIT = re.compile(r"\], limit=(\d+)")
_FILE_TYPE = re.compile(r", file_type=(\w+)")
_FILE_GROUPS = re.compile(r"file_groups=\{[^\[]*(.*?)\]\}")
_EXACT_FILTERS = re.compile(
    r"full_filters=\[(.*?)\](?:, (?:partial|unsupported)_filters=|$)", re.DOTALL
)
_NUMBER = re.compile(r"\b(?:U?Int|Float|Decimal)\d*\((-?[\d.e+]+)(?:,\d+,-?\d+)?\)", re.IGNORECASE)
_TEXT = re.compile(r'\b(?:Large)?Utf8(?:View)?\("(.*?)"\)', re.DOTALL)
_BOOLEAN = re.compile(r"\bBoolean\((true|false)\)")
_DAY = re.compile(r'\bDate32\("([\d-]+)"\)')


class Operator(msgspec.Struct):
    """One operator of a physical plan."""

    name: str
    text: str
    """Its line in the plan, with statistics."""
    schema: str
    """Its columns and their types, as the engine writes them."""
    rows: int | None
    """Rows it gives, by the engine's estimate."""
    inputs: list[Operator]

    def walk(self) -> Iterator[Operator]:
        """This operator and all below it, from the top."""
        yield self
        for each in self.inputs:
            yield from each.walk()


class _LogicalScan(msgspec.Struct, frozen=True):
    source: str
    columns: tuple[str, ...]
    filters: tuple[str, ...]
    exact: tuple[str, ...]
    """Those that the source applies itself; partition columns, for files."""


def read_operators(plan: ExecutionPlan, with_statistics: str, with_schema: str) -> Operator | None:
    """The plan as a tree, with what EXPLAIN VERBOSE tells about it; None for texts of another.

    Texts of operators hold literals of queries, with line breaks and all: the tree tells which
    operator comes next and how far it is indented.
    """
    found: list[tuple[int, str]] = []
    _list_operators(plan, 0, found)
    statistics = _split(with_statistics, found)
    schemas = _split(with_schema, found)
    if statistics is None or schemas is None:
        return None
    parts = iter(zip(found, statistics, schemas, strict=True))

    def build(node: ExecutionPlan) -> Operator:
        (_, name), text, schema = next(parts)
        rows = _ROWS.findall(text)
        return Operator(
            name=name,
            text=text,
            schema=schema.rpartition("schema=")[2],
            rows=int(rows[-1]) if rows and rows[-1] else None,
            inputs=[build(child) for child in node.children()],
        )

    return build(plan)


def _list_operators(node: ExecutionPlan, depth: int, found: list[tuple[int, str]]) -> None:
    found.append((depth, re.split(r"[:\s,]", node.display().strip(), maxsplit=1)[0]))
    for child in node.children():
        _list_operators(child, depth + 1, found)


def _split(text: str, operators: Sequence[tuple[int, str]]) -> list[str] | None:
    """The text of each operator; None where the text is of another plan."""
    starts = []
    position = 0
    for depth, name in operators:
        pattern = re.compile(rf"^ {{{2 * depth}}}{re.escape(name)}(?=[:,\s])", re.MULTILINE)
        match = pattern.search(text, position)
        if match is None:
            return None
        starts.append(match.start())
        position = match.end()
    return [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def source_scans(
    logical: LogicalPlan,
    physical: Operator,
    links: Links,
    sources: Mapping[str, str],
    streams: Mapping[str, list[PlannedScan]],
) -> list[SourceScan]:
    """Every reading of a source; `sources` are their names by the aliases they go by.

    `streams` are the scans of sources that Python reads, as they were planned.
    """
    wanted = list(_logical_scans(logical, sources, None))
    scans = [_file_scan(each, links, wanted) for each in physical.walk() if _is_file_scan(each)]
    from_files = [scan for scan in scans if scan is not None]
    linked = {scan.source for scan in from_files}
    others = [
        _stream_scan(each, streams.get(each.source, []))
        for each in wanted
        if each.source not in linked and not links.is_owner(each.source)
    ]
    return [*from_files, *others]


def _stream_scan(scan: _LogicalScan, planned: list[PlannedScan]) -> SourceScan:
    """A scan of a source that is no files of the engine; its place in `planned` is taken out."""
    alike = [each for each in planned if set(each.columns) == set(scan.columns)]
    found = None
    if alike:
        planned.remove(alike[0])
        found = alike[0].find_files()
    return SourceScan(
        source=scan.source,
        columns=scan.columns,
        filters=scan.exact,
        files=None if found is None else found.files,
        file_bytes=None if found is None else found.size_bytes,
        read_bytes=None if found is None else found.size_bytes,
    )


def text_rows(operator: Operator, links: Links) -> int | None:
    """About how many rows the text files have that an operator reads, by the first of them."""
    kind = _FILE_TYPE.search(operator.text)
    if not _is_file_scan(operator) or kind is None or kind[1] not in ("csv", "json"):
        return None
    _, files = _files(operator, links)
    if not files or files[0].path.endswith(tuple(COMPRESSION_ENDINGS)):
        return None
    with open_file(files[0]) as stream:
        sample = stream.read(_SAMPLE_BYTES)
    lines = sample.count(b"\n")
    return sum(file.size_bytes for file in files) * lines // max(len(sample), 1)


def _is_file_scan(operator: Operator) -> bool:
    return operator.name == "DataSourceExec" and "file_groups={" in operator.text


def _logical_scans(
    node: Any, sources: Mapping[str, str], alias: str | None
) -> Iterator[_LogicalScan]:
    variant = node.to_variant()
    kind = type(variant).__name__
    if kind == "SubqueryAlias":
        alias = str(variant.alias())
    elif kind == "TableScan":
        name = sources.get(alias or "", sources.get(str(variant.table_name())))
        if name is not None:
            yield _logical_scan(name, variant, node.display())
        return
    for child in node.inputs():
        yield from _logical_scans(child, sources, alias)


def _logical_scan(name: str, variant: Any, text: str) -> _LogicalScan:
    shown = [_expression_text(each) for each in variant.filters()]
    exact = _EXACT_FILTERS.search(text)
    is_exact = [exact is not None and each in exact[1] for each in shown]
    prefix = f"{variant.table_name()}."
    filters = [_as_sql(each, prefix) for each in shown]
    return _LogicalScan(
        source=name,
        columns=tuple(column for _, column in variant.projection()),
        filters=tuple(filters),
        exact=tuple(each for each, at_source in zip(filters, is_exact, strict=True) if at_source),
    )


def _expression_text(expression: Any) -> str:
    return str(expression).removeprefix("Expr(").removesuffix(")")


def _as_sql(text: str, prefix: str) -> str:
    """An expression as people write it: the engine writes `?table?.year = Int64(2024)`."""
    plain = text.replace(prefix, "")
    plain = _TEXT.sub(lambda match: "'" + match[1].replace("'", "''") + "'", plain)
    plain = _DAY.sub(r"DATE '\1'", plain)
    return _BOOLEAN.sub(r"\1", _NUMBER.sub(r"\1", plain))


def _file_scan(
    operator: Operator, links: Links, wanted: Sequence[_LogicalScan]
) -> SourceScan | None:
    source, files = _files(operator, links)
    if source is None:
        return None
    kind = _FILE_TYPE.search(operator.text)
    is_parquet = kind is not None and kind[1] == "parquet"
    limit = _LIMIT.search(operator.text)
    own = [each for each in wanted if each.source == source]
    columns = _columns(operator, own)
    logical = _logical_of(columns, operator.text, own)
    filters = None if logical is None else (logical.filters if is_parquet else logical.exact)
    size = sum(file.size_bytes for file in files)
    read_bytes, group_bytes = _column_bytes(files, columns) if is_parquet else (size, None)
    return SourceScan(
        source=source,
        columns=columns,
        filters=filters,
        has_runtime_filter="DynamicFilter" in operator.text,
        limit=int(limit[1]) if limit else None,
        files=len(files),
        file_bytes=size,
        read_bytes=read_bytes,
        group_bytes=group_bytes,
    )


def _columns(operator: Operator, wanted: Sequence[_LogicalScan]) -> tuple[str, ...] | None:
    match = _COLUMNS.search(operator.text)
    if match is None:
        return None
    names = [name for name in match[1].split(", ") if name]
    known = {column: None for each in wanted for column in each.columns}
    if not known.keys() >= set(names):  # a scan may compute expressions
        names = list(known)
    return tuple(name for name in names if not name.startswith("__"))


def _logical_of(
    columns: tuple[str, ...] | None, text: str, wanted: Sequence[_LogicalScan]
) -> _LogicalScan | None:
    """The logical scan that a physical one comes from, where there is no doubt about it."""
    candidates = list(wanted)
    tests: list[Callable[[_LogicalScan], bool]] = [
        lambda each: set(columns or ()) == set(each.columns),
        lambda each: all(_mentions(text, each, condition) for condition in each.filters),
    ]
    for is_like in tests:
        candidates = [each for each in candidates if is_like(each)] or candidates
    if len({(each.filters, each.exact) for each in candidates}) != 1:
        return None
    return candidates[0]


def _mentions(text: str, scan: _LogicalScan, condition: str) -> bool:
    """Whether a scan's text has a condition, which it writes without quotes around literals."""
    plain = re.sub(r"@\d+", "", text)
    return condition in scan.exact or condition.replace("'", "") in plain


def _files(operator: Operator, links: Links) -> tuple[str | None, list[DataFile]]:
    groups = _FILE_GROUPS.search(operator.text)
    paths = re.split(r"[\[\],]+", groups[1]) if groups else []
    return links.files_of(path.strip() for path in paths)


def _column_bytes(
    files: Sequence[DataFile], columns: Sequence[str] | None
) -> tuple[int | None, int | None]:
    """Bytes of the columns in the files, and in the largest row group once it is decompressed."""
    if columns is None:
        return None, None
    wanted = frozenset(columns)
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(lambda file: _bytes_of(file, wanted), files))
    return sum(total for total, _ in found), max((largest for _, largest in found), default=0)


def _bytes_of(file: DataFile, columns: frozenset[str]) -> tuple[int, int]:
    metadata = read_footer(file)
    chosen = [
        index
        for index in range(metadata.num_columns)
        if metadata.schema.column(index).path.partition(".")[0] in columns
    ]
    total = largest = 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        parts = [group.column(index) for index in chosen]
        total += sum(part.total_compressed_size for part in parts)
        largest = max(largest, sum(part.total_uncompressed_size for part in parts))
    return total, largest
