"""The run of a pipeline that a test makes: with stand-ins, and with nothing written outside."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import msgspec

from aqueducts.diagnostics import Problem, nearest
from aqueducts.documents import Path
from aqueducts.errors import AqueductsError, ValidationProblem
from aqueducts.inspection import Inspection
from aqueducts.load import load
from aqueducts.outputs import masked_rows
from aqueducts.pipeline_tests.models import Case
from aqueducts.pipeline_tests.reading import TestFile
from aqueducts.pipeline_tests.sandbox import SandboxPlugins
from aqueducts.pipeline_tests.sources import StandIns
from aqueducts.pipeline_tests.written_result import READ_BACK, is_file, moved_to, reading
from aqueducts.plan import Plan, PlannedStage, make_plan
from aqueducts.results import RunSettings
from aqueducts.steps import Steps
from aqueducts.threads import Cancellation

if TYPE_CHECKING:
    import pyarrow as pa

    from aqueducts.pipeline import Pipeline
    from aqueducts.plugins import Plugins

__all__ = ["DESTINATION", "Ran", "Trial"]

DESTINATION = "destination"
"""What expectations call the written result."""

_REAL = "real"


class Ran(msgspec.Struct):
    """What a run left: rows of the expected stages as far as it came, and the error that ended it.

    `error` is None where it did not fail; `steps` are the names of what `error` is about.
    """

    tables: dict[str, pa.Table]
    error: AqueductsError | None = None
    steps: frozenset[str] = frozenset()
    is_timeless: bool = True
    """Whether no query asked for the time, or the test gave it."""


class Trial:
    """One test's run. Files that it needs are in `folder`."""

    def __init__(
        self,
        file: TestFile,
        index: int,
        plugins: Plugins,
        folder: FilePath,
        settings: RunSettings,
    ) -> None:
        self._settings = settings
        self._file = file
        self._case: Case = file.document.tests[index]
        self._path: Path = ("tests", index)
        self._plugins = plugins
        self._folder = folder
        document = file.document
        self._given = {**document.sources, **self._case.sources}
        self._secrets = {**document.secrets, **self._case.secrets}
        self._now = self._case.now or document.now

    def run(self) -> Ran:
        """Load the pipeline and run what the test needs of it.

        Raises ValidationProblem where the test is wrong; what the pipeline does wrong is in the
        result.
        """
        location = self._file.pipeline
        if not location.is_file():
            message = f"there is no pipeline {location}"
            raise ValidationProblem([self._problem(("pipeline",), message, None)])
        params = {**self._file.document.params, **self._case.params}
        try:
            pipeline = load(location, params=params, plugins=self._plugins)
            plan = make_plan(pipeline)
        except AqueductsError as error:
            return Ran({}, error)
        self._check_params(pipeline, params)
        self._check_names(pipeline, plan)
        return self._run(pipeline, plan)

    def _run(self, pipeline: Pipeline, plan: Plan) -> Ran:
        wanted = self._wanted(plan)
        part = _part(plan, wanted, has_all=self._case.error is not None)
        is_written = self._is_result_expected and is_file(pipeline.destination)
        sandbox = self._sandbox()
        safe = self._without_reality(pipeline, part, is_written=is_written)
        if is_written:
            part = msgspec.structs.replace(part, has_destination=True)
        try:
            self._run_in(sandbox, safe, part)
        except AqueductsError as error:
            return Ran(dict(sandbox.tables), error, _steps_of(error, safe, part))
        ran = self._with_result(Ran(dict(sandbox.tables)), safe, plan, sandbox)
        ran.is_timeless = self._now is not None or not any(map(_asks_for_time, part.stages))
        return ran

    def _with_result(
        self, ran: Ran, pipeline: Pipeline, plan: Plan, sandbox: SandboxPlugins
    ) -> Ran:
        """Add what is written, where the test looks at that."""
        if self._is_result_expected and plan.final is not None:
            if not is_file(pipeline.destination):
                ran.tables[DESTINATION] = ran.tables[plan.final]
            elif DESTINATION in self._case.expect:
                return self._read_back(pipeline, sandbox.schemas[plan.final], ran.tables)
        return ran

    def _read_back(self, pipeline: Pipeline, schema: pa.Schema, tables: dict[str, pa.Table]) -> Ran:
        sandbox = self._sandbox()
        reader = reading(pipeline.destination, schema, self._plugins)
        try:
            self._run_in(sandbox, reader, _part(make_plan(reader), {READ_BACK}, has_all=False))
        except AqueductsError as error:
            return Ran(tables, error, frozenset({DESTINATION}))
        return Ran({**tables, DESTINATION: sandbox.tables[READ_BACK]})

    @property
    def _is_result_expected(self) -> bool:
        return DESTINATION in self._case.expect or self._case.error is not None

    def _wanted(self, plan: Plan) -> set[str]:
        """Names of the stages whose rows are looked at."""
        wanted = {name for name in self._case.expect if name != DESTINATION}
        if self._is_result_expected and plan.final is not None:
            wanted.add(plan.final)
        return wanted

    def _sandbox(self) -> SandboxPlugins:
        return SandboxPlugins(
            self._plugins,
            secrets=self._secrets,
            has_real_secrets=_REAL in self._given.values(),
            now=self._now,
        )

    def _run_in(self, sandbox: SandboxPlugins, pipeline: Pipeline, plan: Plan) -> None:
        # One thread: rows come in the same order each time.
        settings = msgspec.structs.replace(
            self._settings, spill_dir=str(self._folder / "spill"), threads=1, shortage=None
        )
        inspection = Inspection(replace(pipeline, plugins=sandbox), None, settings)
        cancellation = Cancellation()
        try:
            with inspection.opened(plan, cancellation) as prepared:
                prepared.prepare()
                with inspection.watched(prepared, cancellation):
                    Steps(prepared, settings).go()
        finally:
            if sandbox.has_real_secrets:
                for name, rows in sandbox.tables.items():
                    sandbox.tables[name] = masked_rows(rows, inspection.mask_text)

    # --- the pipeline ---

    def _without_reality(self, pipeline: Pipeline, plan: Plan, *, is_written: bool) -> Pipeline:
        """Return the pipeline with stand-ins for sources, and with a target of the test."""
        stand_ins = self._stand_ins(pipeline, plan.sources)
        sources = [stand_ins.get(source.name, source) for source in pipeline.sources]
        update: dict[str, Any] = {"sources": sources}
        if is_written:
            folder = self._folder / "written"
            update["destination"] = moved_to(pipeline.destination, folder)
        return replace(pipeline, document=pipeline.document.model_copy(update=update))

    def _stand_ins(self, pipeline: Pipeline, needed: Collection[str]) -> dict[str, Any]:
        """Return for each source that is needed what is read in its place."""
        folder = self._folder / "given"
        folder.mkdir()
        maker = StandIns(self._file, self._plugins, folder)
        found: dict[str, Any] = {}
        problems: list[Problem] = []
        for source in pipeline.sources:
            if source.name not in needed:
                continue
            given = self._given.get(source.name)
            if given is None:
                problems.append(self._not_given(source.name))
            elif isinstance(given, str):  # the word for it
                found[source.name] = source
            else:
                try:
                    found[source.name] = maker.make(source, given, self._place_of(source.name))
                except ValidationProblem as error:
                    problems += [each for each in error.problems if isinstance(each, Problem)]
        if problems:
            raise ValidationProblem(problems)
        return found

    # --- names ---

    def _place_of(self, source: str) -> Path:
        own = source in self._case.sources
        return (*self._path, "sources", source) if own else ("sources", source)

    def _not_given(self, source: str) -> Problem:
        place = (*self._path, "sources") if self._case.sources else (*self._path, "name")
        return self._problem(
            place,
            f"the test reads source '{source}', and gives nothing in its place",
            f"add it below sources: {source}: [{{column: value}}], or {source}: real to read it",
        )

    def _check_params(self, pipeline: Pipeline, params: Iterable[str]) -> None:
        """Refuse parameters that nothing uses: the test would not test what it says."""
        problems = []
        for warning in pipeline.warnings:
            is_given = warning.code == "unused-parameter" and warning.file is None
            for name in params:
                if is_given and f"'{name}'" in warning.message:
                    own = name in self._case.params
                    place = (*self._path, "params", name) if own else ("params", name)
                    message = f"the pipeline has no parameter '{name}'"
                    advice = re.sub(r"-p (\w+)=\.\.\.", r"'\1'", warning.help or "")
                    problems.append(self._problem(place, message, advice))
        if problems:
            raise ValidationProblem(problems)

    def _check_names(self, pipeline: Pipeline, plan: Plan) -> None:
        """Refuse names that the pipeline does not have."""
        stages = [stage.name for stage in plan.stages]
        problems = [
            self._unknown("source", name, self._place_of(name), plan.sources)
            for name in self._given
            if name not in plan.sources
        ]
        expected = (*self._path, "expect")
        problems += [
            self._unknown("stage", name, (*expected, name), [*stages, DESTINATION], plan.sources)
            for name in self._case.expect
            if name not in stages and name != DESTINATION
        ]
        if DESTINATION in self._case.expect and not stages:
            message = "the pipeline has no stages, so that nothing is written"
            problems.append(self._problem((*expected, DESTINATION), message, None))
        if DESTINATION in self._case.expect and pipeline.destination is None:
            message = "the pipeline has no destination"
            advice = f"expect stage {plan.final}: its rows are the result" if plan.final else None
            problems.append(self._problem((*expected, DESTINATION), message, advice))
        if problems:
            raise ValidationProblem(problems)

    def _unknown(
        self,
        kind: str,
        name: str,
        place: Path,
        known: Collection[str],
        sources: Collection[str] = (),
    ) -> Problem:
        if kind == "stage" and name in sources:
            message = f"'{name}' is a source: a test gives its rows, and expects those of stages"
            return self._problem(place, message, None)
        guess = nearest(name, known)
        listed = ", ".join(known) or "none"
        advice = f"did you mean '{guess}'?" if guess else f"its {kind}s are {listed}"
        return self._problem(place, f"the pipeline has no {kind} '{name}'", advice)

    def _problem(self, place: Path, message: str, advice: str | None) -> Problem:
        is_value = place == ("pipeline",)
        return self._file.places.problem(
            place, message, code="wrong-value", help=advice, is_key=not is_value
        )


def _part(plan: Plan, wanted: Collection[str], *, has_all: bool) -> Plan:
    """Return what is needed for some stages, whose rows are kept; or all, to see it fail."""
    names = [stage.name for stage in plan.stages] if has_all else list(wanted)
    part = plan.needed_for(*names)
    kept = {"materialize": "always"}
    stages = tuple(
        msgspec.structs.replace(each, stage=each.stage.model_copy(update=kept))
        if each.name in wanted
        else each
        for each in part.stages
    )
    return msgspec.structs.replace(part, stages=stages)


_CLOCK = frozenset({"current_date", "current_time", "current_timestamp", "now", "today"})


def _asks_for_time(stage: PlannedStage) -> bool:
    return stage.facts is not None and bool(stage.facts.functions & _CLOCK)


def _steps_of(error: AqueductsError, pipeline: Pipeline, plan: Plan) -> frozenset[str]:
    """Return the names of the steps that an error is about, as expectations call them."""
    names = set() if error.step is None else {error.step}
    if pipeline.destination is not None and error.step == pipeline.destination.name:
        names.add(DESTINATION)
    for problem in getattr(error, "problems", ()):
        for stage in plan.stages:
            path = pipeline.problem(stage.path, "", code="").path
            if problem.path[: len(path)] == path:
                names.add(stage.name)
    return frozenset(names)
