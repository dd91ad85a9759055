"""Writing the rows that are there in the place of expected ones, and touching nothing else.

Rows that are right stay as they are written, comments and all. Of a row that changed only the
values that differ are written anew; rows are taken out, and put in in the style of their
neighbours. The new text is read again before it is written: where it does not say exactly what it
should, the file is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath
from typing import Any

import msgspec

from aqueducts.documents import Path, read_document
from aqueducts.errors import PipelineError
from aqueducts.pipeline_tests.models import Expectation
from aqueducts.pipeline_tests.outcomes import Failure, Outcome
from aqueducts.pipeline_tests.reading import TestFile
from aqueducts.pipeline_tests.row_texts import Edit, NewRow, RowBlock, UnsafeError
from aqueducts.pipeline_tests.running import PipelineTest
from aqueducts.pipeline_tests.values import frozen

__all__ = ["Updated", "update_files"]

_ENDINGS = (".yml", ".yaml")


class Updated(msgspec.Struct, frozen=True):
    """What was written to files of tests, and what could not be."""

    expectations: tuple[tuple[str, str, str], ...]
    """File, test and step of each that was rewritten."""
    refused: tuple[tuple[str, str], ...]
    """Files, and why there is more to update in them."""

    def has_settled(self, outcome: Outcome) -> bool:
        """Whether all that was wrong with a test is as it should be now."""
        written = {step for file, name, step in self.expectations if (file, name) == _key(outcome)}
        return bool(outcome.failures) and all(
            each.observed is not None and each.step in written for each in outcome.failures
        )


def _key(outcome: Outcome) -> tuple[str, str]:
    return outcome.file, outcome.name


def update_files(results: Iterable[tuple[Outcome, PipelineTest]]) -> Updated:
    """Rewrite the expected rows of tests that failed because of them."""
    by_file: dict[str, list[tuple[PipelineTest, Failure]]] = {}
    for outcome, test in results:
        for failure in outcome.failures:
            if failure.observed is not None:
                by_file.setdefault(outcome.file, []).append((test, failure))
    done: list[tuple[str, str, str]] = []
    refused: list[tuple[str, str]] = []
    for path, failures in by_file.items():
        written, reasons = _update(failures[0][0].file, failures)
        done += [(path, test.name, str(failure.step)) for test, failure in written]
        refused += [(path, reason) for reason in dict.fromkeys(reasons)]
    return Updated(tuple(done), tuple(refused))


def _update(
    file: TestFile, failures: Sequence[tuple[PipelineTest, Failure]]
) -> tuple[list[tuple[PipelineTest, Failure]], list[str]]:
    """Return the expectations that were written, and the reasons why others were not."""
    if not file.path.lower().endswith(_ENDINGS):
        return [], ["only YAML files are updated"]
    written: list[tuple[PipelineTest, Failure]] = []
    reasons: list[str] = []
    edits: list[Edit] = []
    wanted: dict[Path, list[Any]] = {}
    for test, failure in failures:
        try:
            block, rows = _new_rows(test, failure)
            changes = block.edits(rows)
        except UnsafeError as error:
            reasons.append(f"line {failure.line}: {error}")
            continue
        edits += changes
        wanted[block.path] = [block.read(row) for row in rows]
        written.append((test, failure))
    if written:
        try:
            _write(file, edits, wanted)
        except UnsafeError as error:
            return [], [*reasons, str(error)]
    return written, reasons


def _new_rows(test: PipelineTest, failure: Failure) -> tuple[RowBlock, list[NewRow]]:
    if failure.observed is None or failure.differences is None:
        raise UnsafeError("there are no rows to write")
    path: Path = ("tests", test.index, "expect", str(failure.step))
    expected = test.case.expect[str(failure.step)]
    columns: Sequence[str] | None = None
    if isinstance(expected, Expectation):
        if expected.rows is None:
            raise UnsafeError(f"{expected.given_forms()[0]} is left alone: only rows are updated")
        path, columns = (*path, "rows"), expected.columns
    rows: Any = test.file.written.value
    for part in path:
        rows = rows[part]
    block = RowBlock(test.file.written.source_map, rows, path, columns)
    return block, block.new_rows(failure.observed, failure.differences)


def _write(file: TestFile, edits: Sequence[Edit], wanted: dict[Path, list[Any]]) -> None:
    text = file.written.source_map.text
    new_text = text
    for edit in sorted(edits, key=lambda each: (each.start, each.end), reverse=True):
        new_text = new_text[: edit.start] + edit.text + new_text[edit.end :]
    _check(file, new_text, wanted)
    path = FilePath(file.path)
    content = path.read_bytes()
    mark = b"\xef\xbb\xbf"
    head = mark if content.startswith(mark) else b""
    if content != head + text.encode():
        raise UnsafeError("the file has changed while its tests ran; run them again")
    _replace(path, head + new_text.encode())


def _check(file: TestFile, text: str, wanted: dict[Path, list[Any]]) -> None:
    """Refuse a text that does not say what the file said, but for the rows that are wanted."""
    try:
        found = read_document(text, file=file.path, format="yaml").value
    except PipelineError as error:
        raise UnsafeError("its layout is not understood well enough to change it") from error
    if frozen(found) != frozen(_with_rows(file.written.value, wanted, ())):
        raise UnsafeError("its rows are used elsewhere, or are written in an unusual way")


def _with_rows(value: Any, wanted: dict[Path, list[Any]], path: Path) -> Any:
    if path in wanted:
        return wanted[path]
    match value:
        case dict():
            return {key: _with_rows(item, wanted, (*path, key)) for key, item in value.items()}
        case list():
            return [_with_rows(item, wanted, (*path, index)) for index, item in enumerate(value)]
        case _:
            return value


def _replace(path: FilePath, content: bytes) -> None:
    """Put new content in the place of a file, with its permissions, in one step."""
    target = path.resolve()
    beside = target.with_name(f".{target.name}.new")
    try:
        beside.write_bytes(content)
        beside.chmod(target.stat().st_mode)
        os.replace(beside, target)  # noqa: PTH105 - the same
    finally:
        beside.unlink(missing_ok=True)
