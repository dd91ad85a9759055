"""From a file of tests to the tests in it, with everything that is wrong with the file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import msgspec
from pydantic import ValidationError

from aqueducts.diagnostics import Problem, sort_problems
from aqueducts.documents import Document, Path, read_document
from aqueducts.errors import ValidationProblem
from aqueducts.load import read_text
from aqueducts.pipeline_tests.models import Case, Expectation, Given, TestDocument
from aqueducts.plugins import Plugins
from aqueducts.template import Rendered
from aqueducts.validation import Places
from aqueducts.validation.model_errors import problems_of
from aqueducts.validation.shape import fit

__all__ = ["TestFile", "read_test_file"]


class TestFile(msgspec.Struct, frozen=True):
    """A file of tests that can be used."""

    __test__ = False  # pytest takes every class of this name for its own

    path: str
    document: TestDocument
    places: Places
    written: Document

    @property
    def pipeline(self) -> FilePath:
        """Where the pipeline is."""
        return self.beside(self.document.pipeline)

    def beside(self, path: str) -> FilePath:
        """A path that the file names; relative ones start at the file's folder."""
        found = FilePath(self.path).parent / path
        short = FilePath(os.path.normpath(found))
        # Where a folder on the way is a link, `..` is not what it seems.
        return short if short.resolve() == found.resolve() else found


def read_test_file(path: str, plugins: Plugins) -> TestFile:
    """Return the tests in a YAML, JSON or TOML file.

    Raises PipelineError with every problem of the file.
    """
    text, format_ = read_text(path)
    written = read_document(text, file=path, format=format_)
    moved: dict[Path, Path] = {}
    places = Places(Rendered.as_written(written), moved, root="the test file")
    if not isinstance(written.value, dict):
        what = "is empty" if written.value is None else "is a mapping at its top level"
        problem = places.problem(
            (), f"a test file {what}", code="wrong-type", help="write pipeline: and tests:"
        )
        raise ValidationProblem([problem])
    if "stages" in written.value and "tests" not in written.value:
        problem = places.problem(
            ("stages",),
            "this is a pipeline, and no file of tests",
            code="wrong-type",
            help=f"write one beside it, with pipeline: {FilePath(path).name} and tests:",
            is_key=True,
        )
        raise ValidationProblem([problem])
    shape = fit(TestDocument, written.value, plugins, places, moved)
    # A key that means nothing would be a test of nothing.
    problems = [msgspec.structs.replace(each, severity="error") for each in shape.problems]
    document: TestDocument | None = None
    try:
        document = TestDocument.model_validate(shape.value)
    except ValidationError as error:
        problems += problems_of(error, shape)
    if document is not None:
        problems += _content_problems(document, places)
    if problems or document is None:
        raise ValidationProblem(sort_problems(problems))
    return TestFile(path, document, places, written)


def _content_problems(document: TestDocument, places: Places) -> Iterator[Problem]:
    """Yield what is wrong with values that each have the right form."""
    yield from _repeated_names(document, places)
    yield from _given_problems(document.sources, ("sources",), places)
    for index, case in enumerate(document.tests):
        yield from _given_problems(case.sources, ("tests", index, "sources"), places)
        yield from _expected_problems(case, ("tests", index, "expect"), places)


def _repeated_names(document: TestDocument, places: Places) -> Iterator[Problem]:
    counts = Counter(case.name for case in document.tests)
    seen: set[str] = set()
    for index, case in enumerate(document.tests):
        if counts[case.name] > 1 and case.name in seen:
            yield places.problem(
                ("tests", index, "name"),
                f"two tests are called '{case.name}'",
                code="duplicate-name",
                help="give every test of a file a name of its own",
            )
        seen.add(case.name)


def _given_problems(sources: Mapping[str, Any], path: Path, places: Places) -> Iterator[Problem]:
    for name, given in sources.items():
        if isinstance(given, list):
            yield from _row_problems(given, None, (*path, name), places)
        elif isinstance(given, Given):
            yield from _contents_problems(given, (*path, name), places)


def _expected_problems(case: Case, path: Path, places: Places) -> Iterator[Problem]:
    for name, expected in case.expect.items():
        if isinstance(expected, list):
            yield from _row_problems(expected, None, (*path, name), places)
            yield from _uneven_rows(expected, (), (*path, name), places)
        else:
            yield from _contents_problems(expected, (*path, name), places)
            rows = (*path, name, "rows")
            yield from _uneven_rows(expected.rows or [], expected.columns or (), rows, places)


def _contents_problems(
    contents: Given | Expectation, path: Path, places: Places
) -> Iterator[Problem]:
    columns = contents.columns
    if columns is not None:
        repeated = [name for name, count in Counter(columns).items() if count > 1]
        if repeated:
            yield places.problem(
                (*path, "columns"), f"column '{repeated[0]}' is named twice", code="wrong-value"
            )
        if isinstance(contents, Given) and contents.rows is None:
            yield places.problem(
                (*path, "columns"),
                "columns are for rows that are lists of values",
                code="wrong-value",
                help="remove columns: the csv or file names its columns itself",
            )
    if contents.rows is not None:
        yield from _row_problems(contents.rows, columns, (*path, "rows"), places)


def _row_problems(
    rows: Sequence[Any], columns: Sequence[str] | None, path: Path, places: Places
) -> Iterator[Problem]:
    """Yield rows that do not fit their columns."""
    for index, row in enumerate(rows):
        place = (*path, index)
        if isinstance(row, list):
            if columns is None:
                yield places.problem(
                    place,
                    "this row is a list of values, and nothing names its columns",
                    code="wrong-value",
                    help="add columns: [...] beside rows:, or write the row as {column: value}",
                )
                return
            if len(row) != len(columns):
                yield places.problem(
                    place,
                    f"this row has {len(row)} values, and there are {len(columns)} columns",
                    code="wrong-value",
                )
        elif columns is not None:
            for key in row:
                if key not in columns:
                    yield places.problem(
                        (*place, key),
                        f"column '{key}' is not one of columns",
                        code="wrong-value",
                        help="add it to columns, or leave it out of the rows",
                        is_key=True,
                    )


def _uneven_rows(
    rows: Sequence[Any], columns: Sequence[str], path: Path, places: Places
) -> Iterator[Problem]:
    """Yield rows without a value that others have: null and nothing are not the same."""
    named = dict.fromkeys(columns)
    named.update(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    for index, row in enumerate(rows):
        missing = [name for name in named if isinstance(row, dict) and name not in row]
        if missing:
            yield places.problem(
                (*path, index),
                f"this row has no '{missing[0]}', which is compared",
                code="wrong-value",
                help=f"write {missing[0]}: null where a null is expected",
            )
