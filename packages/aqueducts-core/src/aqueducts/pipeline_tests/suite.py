"""All tests below some paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from typing import TypeAlias

from aqueducts.diagnostics import Problem
from aqueducts.errors import PipelineError, ProblemLike
from aqueducts.pipeline_tests.discovery import find_files
from aqueducts.pipeline_tests.outcomes import Outcome
from aqueducts.pipeline_tests.reading import read_test_file
from aqueducts.pipeline_tests.running import PipelineTest, unusable
from aqueducts.plugins import Plugins
from aqueducts.results import RunSettings

__all__ = ["collect", "run_tests"]

Paths: TypeAlias = str | PathLike[str] | Iterable[str | PathLike[str]]


def collect(
    paths: Paths = "tests", *, keywords: Sequence[str] = (), plugins: Plugins | None = None
) -> list[PipelineTest]:
    """Return the tests in files and folders, with one of `keywords` in their name, if any.

    Raises PipelineError for paths without tests, and with every problem of all files.
    """
    plugins = Plugins.discover() if plugins is None else plugins
    found: list[PipelineTest] = []
    problems: list[ProblemLike] = []
    for file in find_files(_listed(paths)):
        try:
            found += _tests_of(file, plugins)
        except PipelineError as error:
            problems += error.problems
    if problems:
        raise PipelineError(problems)
    return _chosen(found, keywords)


def run_tests(  # noqa: PLR0913 - what to run, and who hears of it
    paths: Paths = "tests",
    *,
    keywords: Sequence[str] = (),
    stops_early: bool = False,
    plugins: Plugins | None = None,
    settings: RunSettings | None = None,
    on_test: Callable[[PipelineTest], object] | None = None,
    on_outcome: Callable[[Outcome, PipelineTest | None], object] | None = None,
) -> tuple[Outcome, ...]:
    """Run the tests in files and folders, one after another, and return what became of them.

    `keywords` choose tests by a part of their name. With `stops_early` the first test that does
    not pass is the last. Of `settings` the limit of memory and the folder for temporary files
    count. `on_test` hears of each test as
    it begins, `on_outcome` as it ends; for a file that cannot be used there is an outcome without
    a test.

    Raises PipelineError where there is nothing to run.
    """
    plugins = Plugins.discover() if plugins is None else plugins
    outcomes: list[Outcome] = []
    for found in _found(find_files(_listed(paths)), keywords, plugins):
        test = found if isinstance(found, PipelineTest) else None
        if test is not None and on_test is not None:
            on_test(test)
        outcome = found.run(settings) if isinstance(found, PipelineTest) else found
        outcomes.append(outcome)
        if on_outcome is not None:
            on_outcome(outcome, test)
        if stops_early and outcome.status != "passed":
            break
    if not outcomes:
        _chosen([], keywords)
    return tuple(outcomes)


def _found(
    files: Iterable[str], keywords: Sequence[str], plugins: Plugins
) -> Iterator[PipelineTest | Outcome]:
    """The tests that were chosen; for a file that cannot be used what is wrong with it."""
    for file in files:
        try:
            tests = _tests_of(file, plugins)
        except PipelineError as error:
            yield Outcome(file, "", "unusable", 0.0, failures=(unusable(error),))
            continue
        yield from (test for test in tests if _is_chosen(test, keywords))


def _tests_of(path: str, plugins: Plugins) -> list[PipelineTest]:
    file = read_test_file(path, plugins)
    return [PipelineTest(file, index, plugins) for index in range(len(file.document.tests))]


def _chosen(tests: list[PipelineTest], keywords: Sequence[str]) -> list[PipelineTest]:
    chosen = [test for test in tests if _is_chosen(test, keywords)]
    if not chosen:
        words = " or ".join(f"'{each}'" for each in keywords)
        raise PipelineError([Problem("no-tests", f"no test has {words} in its name")])
    return chosen


def _is_chosen(test: PipelineTest, keywords: Sequence[str]) -> bool:
    return not keywords or any(each.casefold() in test.id.casefold() for each in keywords)


def _listed(paths: Paths) -> list[str | PathLike[str]]:
    return [paths] if isinstance(paths, str | PathLike) else list(paths)
