"""A pipeline over files that were looked into, before it is text in one of the formats."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePath

import msgspec
from sqlglot.tokens import Tokenizer

from aqueducts.sampling import Column, Finding
from aqueducts.table_names import quote

__all__ = ["Draft", "make_draft"]

_MOST_LISTED = 60
"""Columns that are listed in a query; it is easier to read with `*` where there are more."""

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")

_SQL_WORDS = frozenset(word for phrase in Tokenizer.KEYWORDS for word in phrase.lower().split())

_TABLE_NAME_LENGTH = 40
_WILDCARD = re.compile(r"[*?[]")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a pipeline over some files says."""

    name: str
    """Of the source's table."""
    stage: str
    source_type: str
    location: str
    target: str
    finding: Finding
    query: str
    notes: Sequence[str]
    """What was found, in sentences for a comment."""

    @property
    def options(self) -> dict[str, object]:
        """Options of the format, without the schema."""
        return dict(self.finding.table.options)

    @property
    def declared(self) -> list[Column]:
        """Columns for the format's schema; those without a name cannot be declared."""
        table = self.finding.table
        return [each for each in table.columns if each.name] if table.is_declared else []


def make_draft(finding: Finding, folder: Path, given: str) -> Draft:
    """Draft a pipeline that is run in `folder`, from what was found at the path `given`."""
    name = _table_name(finding.location)
    stage = f"{name}_prepared"
    return Draft(
        name=name,
        stage=stage,
        source_type="directory" if finding.is_directory else "file",
        location=_from(folder, finding.location),
        target=_free_target(folder, name),
        finding=finding,
        query=_query(finding, name),
        notes=_notes(finding, given),
    )


def _table_name(location: str) -> str:
    """A name that SQL takes without quotes: of the file, or what is fixed of a glob."""
    parts = [part for part in PurePath(location).parts if _words(part)]
    fixed = [part for part in parts if not _WILDCARD.search(part)]
    stems = [part.lstrip(".").partition(".")[0] for part in (*parts[-1:], *fixed[-1:])]
    candidates = (_words(_WILDCARD.split(stem)[0]) for stem in stems)
    words = next((found for found in candidates if found), ["data"])
    name = "_".join(words)[:_TABLE_NAME_LENGTH].strip("_")
    return f"data_{name}" if name[0].isdigit() or name in _SQL_WORDS else name


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", plain.lower())


def _from(folder: Path, location: str) -> str:
    """A relative location as seen from the folder of the pipeline."""
    if folder == Path() or location.startswith("/") or "://" in location:
        return location
    return os.path.relpath(location, folder) + ("/" if location.endswith("/") else "")


def _free_target(folder: Path, name: str) -> str:
    """A place that nothing is at, so that a first run replaces nothing."""
    number = 1
    while True:
        target = f"out/{name}.parquet" if number == 1 else f"out/{name}_{number}.parquet"
        if not os.path.lexists(folder / target):
            return target
        number += 1


def _query(finding: Finding, name: str) -> str:
    table = finding.table
    columns = [*table.columns, *finding.partitions]
    is_listed = (
        table.has_all_columns
        and len(columns) <= _MOST_LISTED
        and all(each.name.isprintable() for each in columns)
    )
    if is_listed:
        chosen = [_selected(each) for each in columns if not each.is_left_out]
        selection = "\n  " + ",\n  ".join(chosen)
    else:
        selection = " *" + _changes(columns)
    return f"SELECT{selection}\nFROM {name}\n"


def _changes(columns: Sequence[Column]) -> str:
    """What is different from taking all columns as they are."""
    left_out = [_sql_name(each.name) for each in columns if each.is_left_out and each.name]
    # A name that cannot be shown cannot be written into a query either.
    replaced = [_selected(each) for each in columns if each.expression and each.name.isprintable()]
    text = f" EXCEPT ({', '.join(left_out)})" if left_out else ""
    if replaced:
        text += " REPLACE (\n  " + ",\n  ".join(replaced) + "\n)"
    return text


def _selected(column: Column) -> str:
    name = _sql_name(column.name)
    if column.expression is None:
        return name
    return f"{column.expression.replace(quote(column.name), name)} AS {name}"


def _sql_name(name: str) -> str:
    """A column as SQL wants it: with quotes where it would be folded or taken for a word."""
    return name if _PLAIN_NAME.fullmatch(name) and name not in _SQL_WORDS else quote(name)


def _notes(finding: Finding, given: str) -> list[str]:
    table = finding.table
    form = {"csv": "CSV", "json": "JSON, one object per line", "parquet": "Parquet"}[table.format]
    if table.compression is not None:
        form += f", compressed with {table.compression}"
    files = ""
    if finding.is_directory:
        files = f"{len(finding.files):,} file{'s' if len(finding.files) > 1 else ''}, "
        if finding.files_seen < len(finding.files):
            files += f"of which {finding.files_seen} were looked into, "
    width = len(table.columns) + len(finding.partitions)
    rows = f"{table.rows:,} row{'' if table.rows == 1 else 's'}"
    if not table.is_whole:
        rows += " looked at, and there are more"
    first = f"{given}: {files}{form}, {width} column{'' if width == 1 else 's'}, {rows}"
    return [first, *_dialect(finding), *finding.notes]


def _dialect(finding: Finding) -> list[str]:
    if finding.table.format != "csv":
        return []
    options = finding.table.options
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
    words = [f"delimiter {names[str(options.get('delimiter', ','))]}"]
    words.append("a header" if options.get("has_header", True) else "no header")
    if options.get("newlines_in_values"):
        words.append("line ends within values")
    return [", ".join(words)]
