"""What a run gave, held against what a test expects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aqueducts.arrow_types import type_name
from aqueducts.diagnostics import Problem
from aqueducts.documents import Path
from aqueducts.errors import AqueductsError, PipelineError, ValidationProblem
from aqueducts.pipeline_tests.comparison import Differences, compare_rows
from aqueducts.pipeline_tests.contents import Contents, read_contents, read_rows
from aqueducts.pipeline_tests.matching import Tolerances
from aqueducts.pipeline_tests.models import Case, Expectation, ExpectedError, Tolerance
from aqueducts.pipeline_tests.outcomes import Failure, Observed
from aqueducts.pipeline_tests.reading import TestFile
from aqueducts.pipeline_tests.sources import types_of
from aqueducts.pipeline_tests.trial import Ran
from aqueducts.pipeline_tests.values import to_values

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["judge"]


def judge(ran: Ran, file: TestFile, index: int) -> list[Failure]:
    """Return all that is not as the test expects.

    Raises ValidationProblem where an expectation cannot be read.
    """
    return _Judge(ran, file, index).failures()


class _Judge:
    def __init__(self, ran: Ran, file: TestFile, index: int) -> None:
        self._ran = ran
        self._file = file
        self._case: Case = file.document.tests[index]
        self._path: Path = ("tests", index)

    def failures(self) -> list[Failure]:
        """Return what is wrong, in the order of the expectations."""
        error = self._ran.error
        if self._case.error is not None:
            return self._judge_error(_expected_error(self._case.error), error, None)
        expects_error = any(
            isinstance(each, Expectation) and each.error is not None
            for each in self._case.expect.values()
        )
        if error is not None and not expects_error:
            return [_broken(error)]
        found: list[Failure] = []
        for name, expected in self._case.expect.items():
            found += self._judge_step(name, expected)
        return found

    def _judge_step(self, name: str, expected: Expectation | list[Any]) -> list[Failure]:
        path = (*self._path, "expect", name)
        contents: Contents | None
        if isinstance(expected, list):
            contents = read_rows(expected, None, path)
            expected = Expectation(rows=expected)
        elif expected.error is not None:
            error = self._ran.error if name in self._ran.steps else None
            found = self._judge_error(_expected_error(expected.error), error, name)
            if found and error is None and self._ran.error is not None:
                found.append(_broken(self._ran.error))
            return found
        else:
            contents = self._contents(expected, path)
        table = self._ran.tables.get(name)
        if table is None:
            message = "it gave no rows, since the run ended before it"
            return [Failure(message, step=name, line=self._line(path))]
        return [
            *self._judge_schema(name, expected, table),
            *self._judge_count(name, expected, table),
            *self._judge_rows(name, expected, contents, table),
        ]

    def _contents(self, expected: Expectation, path: Path) -> Contents | None:
        if not expected.given_forms():
            return None
        contents = read_contents(expected, self._file, path)
        lacking = [name for name in expected.columns or () if name not in contents.columns]
        if lacking and contents.rows:
            problem = self._file.places.problem(
                contents.place,
                f"there is no column '{lacking[0]}' here, which is to be compared",
                code="wrong-value",
                is_key=True,
            )
            raise ValidationProblem([problem])
        return contents

    def _judge_schema(self, name: str, expected: Expectation, table: pa.Table) -> list[Failure]:
        wanted = {column: str(kind) for column, kind in types_of(expected.types).items()}
        if not wanted:
            return []
        compared = table.schema.names if expected.columns is None else expected.columns
        there = {
            field.name: type_name(field.type) for field in table.schema if field.name in compared
        }
        notes = [
            f"column '{column}' is {there[column]}, and {kind} is expected"
            for column, kind in wanted.items()
            if column in there and there[column] != kind
        ]
        notes += [f"column '{column}' is missing" for column in wanted if column not in there]
        notes += [f"column '{column}' is not expected" for column in there if column not in wanted]
        if not notes:
            return []
        line = self._line((*self._path, "expect", name, "schema"))
        return [Failure("the columns differ", step=name, line=line, notes=tuple(notes))]

    def _judge_count(self, name: str, expected: Expectation, table: pa.Table) -> list[Failure]:
        if expected.row_count in (None, table.num_rows):
            return []
        message = f"there are {table.num_rows:,} rows, and {expected.row_count:,} are expected"
        line = self._line((*self._path, "expect", name, "row_count"))
        return [Failure(message, step=name, line=line)]

    def _judge_rows(
        self, name: str, expected: Expectation, contents: Contents | None, table: pa.Table
    ) -> list[Failure]:
        if contents is None:
            return []
        differences = compare_rows(
            contents,
            table,
            columns=expected.columns,
            has_order=expected.order,
            tolerances=_tolerances(expected.tolerance),
        )
        if not differences:
            return []
        columns = differences.columns
        if expected.columns is None:
            columns = tuple(table.schema.names)
        values = [to_values(table.column(column)) for column in columns]
        rows = list(zip(*values, strict=True)) if columns else [()] * table.num_rows
        return [
            Failure(
                _summary(differences),
                step=name,
                line=self._line(contents.place),
                notes=(*_notes(differences, expected), *self._clock_notes()),
                differences=differences,
                observed=Observed(columns, rows),
            )
        ]

    def _clock_notes(self) -> list[str]:
        if self._ran.is_timeless:
            return []
        return ["a query asks for the time, which the test can tell: now: 2024-01-31T12:00:00Z"]

    def _judge_error(
        self, expected: ExpectedError, error: AqueductsError | None, step: str | None
    ) -> list[Failure]:
        path = (*self._path, "error") if step is None else (*self._path, "expect", step, "error")
        line = self._line(path)
        wanted = _in_words(expected)
        if error is None:
            where = "the pipeline" if step is None else "it"
            message = f"{where} was expected to fail with {wanted}, and did not"
            return [Failure(message, step=step, line=line)]
        if _is_expected(error, expected):
            return []
        message = f"it failed with another error than {wanted}"
        return [Failure(message, step=step, line=line, problems=problems_of_error(error))]

    def _line(self, path: Path) -> int | None:
        return self._file.places.problem(path, "", code="", is_key=True).line


def _tolerances(given: float | Tolerance) -> Tolerances:
    if isinstance(given, Tolerance):
        return Tolerances(absolute=given.absolute, relative=given.relative)
    return Tolerances(absolute=given)


def _summary(found: Differences) -> str:
    parts = []
    for count, word in (
        (len(found.missing_columns), "missing column"),
        (len(found.unexpected_columns), "unexpected column"),
    ):
        if count:
            parts.append(f"{count} {word}{'s' if count > 1 else ''}")
    if found.is_order_only:
        parts.append("the rows come in another order")
    else:
        for count, word in (
            (len(found.missing), "missing"),
            (len(found.unexpected), "unexpected"),
            (len(found.changed), "changed"),
        ):
            if count:
                parts.append(f"{count:,} {word}")
    rows = "row" if found.expected_rows == 1 else "rows"
    counts = f"expected {found.expected_rows:,} {rows}, got {found.actual_rows:,}"
    return f"the rows differ: {', '.join(parts)} ({counts})"


def _notes(found: Differences, expected: Expectation) -> Iterable[str]:
    if found.unexpected_columns:
        yield "to compare only some columns, name them: columns: [...]"
    if found.is_rounding and not expected.tolerance:
        yield "only last digits differ: set tolerance: 1e-9 to let them pass"
    yield from found.misfits


def _expected_error(given: ExpectedError | str) -> ExpectedError:
    return ExpectedError(message=given) if isinstance(given, str) else given


def _in_words(expected: ExpectedError) -> str:
    parts = []
    if expected.code is not None:
        parts.append(f"code '{expected.code}'")
    if expected.message is not None:
        parts.append(f"'{expected.message}'")
    return " and ".join(parts)


def _is_expected(error: AqueductsError, expected: ExpectedError) -> bool:
    problems = problems_of_error(error)
    if expected.code is not None and expected.code not in {
        error.code,
        *(problem.code for problem in problems),
    }:
        return False
    texts = [str(error), *(text for each in problems for text in (each.message, each.help) if text)]
    return expected.message is None or any(expected.message in text for text in texts)


def problems_of_error(error: AqueductsError) -> tuple[Problem, ...]:
    """Return an error as problems, at their places in the pipeline where it tells them."""
    if isinstance(error, PipelineError):
        return tuple(each for each in error.problems if isinstance(each, Problem))
    if isinstance(error.problem, Problem) and error.problem.line is not None:
        return (error.problem,)
    return (Problem(error.code, error.message, help=error.hint),)


def _broken(error: AqueductsError) -> Failure:
    where = "" if error.step is None else f" in '{error.step}'"
    return Failure(f"the pipeline failed{where}", problems=problems_of_error(error))
