"""A pipeline that is known to be valid, and where each part of it stands in its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aqueducts.diagnostics import Problem, Severity
from aqueducts.documents import Document, Path, offset_of_line
from aqueducts.errors import PipelineError, TemplateError, ValidationProblem
from aqueducts.models.pipeline import PipelineDocument
from aqueducts.plugins import Plugins
from aqueducts.template import render
from aqueducts.validation import Places, check
from aqueducts.validation.plain import plain_document

if TYPE_CHECKING:
    from aqueducts.models.stages import Stage

__all__ = ["Pipeline"]


@dataclass(frozen=True, repr=False)
class Pipeline:
    """A valid pipeline; made by `aqueducts.load` or `Pipeline.from_dict`.

    Names and type tags are in their canonical spelling, parameters are filled in, and secret
    references are not resolved yet.
    """

    document: PipelineDocument
    plugins: Plugins = field(compare=False)
    path: str | None = field(default=None, compare=False)
    """The file it comes from."""
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    _places: Places | None = field(default=None, compare=False)

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        *,
        params: Mapping[str, object] | None = None,
        plugins: Plugins | None = None,
        strict: bool = False,
    ) -> Pipeline:
        """Return the pipeline that a mapping describes, in the form that files have.

        Raises PipelineError with all problems; `strict` makes unknown keys errors.
        """
        return cls.from_document(
            plain_document(data), params=params, plugins=plugins, strict=strict
        )

    @classmethod
    def from_document(
        cls,
        document: Document,
        *,
        params: Mapping[str, object] | None = None,
        plugins: Plugins | None = None,
        strict: bool = False,
        path: str | None = None,
    ) -> Pipeline:
        """Return the pipeline in a parsed file. Raises PipelineError with all problems."""
        plugins = Plugins.discover() if plugins is None else plugins
        rendered = render(document, params or {})
        checked = check(rendered, plugins, strict=strict)
        if checked.document is None:
            kind: type[PipelineError] = ValidationProblem
            if checked.is_template_problem:
                kind = TemplateError
            raise kind(checked.problems)
        return cls(
            document=checked.document,
            plugins=plugins,
            path=path,
            warnings=checked.problems,
            _places=checked.places,
        )

    @property
    def sources(self) -> Sequence[Any]:
        """Models of the sources, each of the kind that its plugin defines."""
        return self.document.sources

    @property
    def stages(self) -> Sequence[Sequence[Stage]]:
        """Groups of stages."""
        return self.document.stages

    @property
    def destination(self) -> Any:
        """Model of the destination, or None."""
        return self.document.destination

    def problem(  # noqa: PLR0913 - one argument for each fact
        self,
        path: Path,
        message: str,
        *,
        code: str,
        help: str | None = None,  # noqa: A002 - the field's name
        note: str | None = None,
        severity: Severity = "error",
        offset: int | None = None,
        line: int | None = None,
        column: int | None = None,
        length: int = 1,
    ) -> Problem:
        """Return a problem at the place in the file of the value at a path.

        `path` uses canonical names, such as `("sources", 0, "format", "type")`. Within a text,
        `offset`, or a 1-based `line` and `column` (those that engines report for a query), tell
        the place more exactly; parameters that were filled in are accounted for.
        """
        if self._places is None:
            return Problem(code, message, help=help, note=note, severity=severity, path=path)
        if offset is None and line is not None:
            text = self._places.value(path)
            offset = offset_of_line(text, line, column or 1) if isinstance(text, str) else None
        return self._places.problem(
            path,
            message,
            code=code,
            help=help,
            note=note,
            severity=severity,
            span=None if offset is None else (offset, length),
        )

    def __repr__(self) -> str:
        # Values stay out: a location or a connection string may hold a password.
        names = ", ".join(str(getattr(source, "name", "?")) for source in self.sources)
        stages = sum(len(group) for group in self.stages)
        kind = getattr(self.destination, "type", None)
        return f"<Pipeline {self.path or ''} sources=[{names}] stages={stages} destination={kind}>"
