"""From a file or a text to a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path

from aqueducts.diagnostics import Problem, nearest
from aqueducts.documents import Format, format_of, read_document
from aqueducts.errors import PipelineError, SyntaxProblem, TemplateError
from aqueducts.pipeline import Pipeline
from aqueducts.plugins import Plugins
from aqueducts.template import text_of
from aqueducts.validation import json_schema

__all__ = [
    "MAX_BYTES",
    "decode",
    "json_schema",
    "load",
    "load_text",
    "params_from_file",
    "read_text",
]

MAX_BYTES = 1_000_000
"""No pipeline is larger; what is would only take long to say what is wrong with it."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def load(
    path: str | PathLike[str],
    *,
    params: Mapping[str, object] | None = None,
    plugins: Plugins | None = None,
    strict: bool = False,
) -> Pipeline:
    """Return the pipeline in a YAML, JSON or TOML file.

    `params` fill its `${name}` placeholders. `plugins` are all that are installed where they are
    left out. `strict` makes unknown keys errors, which otherwise are in `Pipeline.warnings`.

    Raises PipelineError with every problem of the file.
    """
    file = fspath(path)
    text, format_ = read_text(file)
    return load_text(text, file=file, format=format_, params=params, plugins=plugins, strict=strict)


def load_text(
    text: str,
    *,
    file: str = "pipeline",
    format: Format = "yaml",  # noqa: A002 - the word of the command line and of the documents
    params: Mapping[str, object] | None = None,
    plugins: Plugins | None = None,
    strict: bool = False,
) -> Pipeline:
    """Return the pipeline in a text; `file` is what it is called in messages. Raises as `load`."""
    document = read_document(text, file=file, format=format)
    return Pipeline.from_document(
        document, params=params, plugins=plugins, strict=strict, path=file
    )


def params_from_file(path: str | PathLike[str]) -> dict[str, object]:
    """Return the parameters in a YAML, JSON or TOML file: a mapping from names to values.

    Raises PipelineError.
    """
    file = fspath(path)
    text, format_ = read_text(file)
    document = read_document(text, file=file, format=format_)
    if not isinstance(document.value, dict):
        raise TemplateError([_problem(file, "invalid-parameter", "parameters are a mapping")])
    problems = []
    for name, value in document.value.items():
        if text_of(value) is None:
            kind = "null" if value is None else "a list or mapping"
            span = document.source_map.key_span((name,))
            problems.append(
                Problem(
                    code="invalid-parameter",
                    message=f"parameter '{name}' is {kind}",
                    file=file,
                    line=span.start.line,
                    column=span.start.column,
                    length=span.length,
                    help="give text, a number, true or false",
                    path=(name,),
                )
            )
    if problems:
        raise TemplateError(problems)
    return document.value


def read_text(file: str) -> tuple[str, Format]:
    """Return the text of a YAML, JSON or TOML file, and which of them it is.

    Raises PipelineError that says what kind of file it is instead.
    """
    path = Path(file)
    try:
        if path.is_dir():
            raise PipelineError(
                [_problem(file, "unreadable-file", "this is a folder", _suggestion(path))]
            )
        with path.open("rb") as stream:
            format_ = format_of(file)
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problem = _problem(file, "missing-file", "there is no such file", _suggestion(path))
        raise PipelineError([problem]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"the file cannot be read: {reason}"
        raise PipelineError([_problem(file, "unreadable-file", message)]) from error
    return decode(file, content), format_


def decode(file: str, content: bytes) -> str:
    """Return the text of a pipeline file; `content` is cut behind `MAX_BYTES`.

    Raises SyntaxProblem for what is no text in UTF-8, or too long.
    """
    if content.startswith(_UTF16_MARKS):
        message = "the file is in UTF-16"
        raise SyntaxProblem([_problem(file, "not-utf-8", message, "save it as UTF-8")])
    if b"\x00" in content:
        message = "the file is not text: it holds NUL bytes"
        advice = "give the pipeline file, which is YAML, JSON or TOML"
        raise SyntaxProblem([_problem(file, "not-text", message, advice)])
    if len(content) > MAX_BYTES:
        message = "the file is larger than 1 MB, too large for a pipeline"
        advice = "is it a data file? Give the pipeline file that reads it"
        raise SyntaxProblem([_problem(file, "unreadable-file", message, advice)])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
        problem = Problem(
            code="not-utf-8",
            message=f"byte 0x{content[error.start]:02x} is not UTF-8 text",
            file=file,
            line=before.count("\n") + 1,
            column=len(before) - (before.rfind("\n") + 1) + 1,
            help="save the file as UTF-8",
        )
        raise SyntaxProblem([problem]) from None


def _problem(file: str, code: str, message: str, advice: str | None = None) -> Problem:
    return Problem(code=code, message=message, file=file, help=advice)


def _suggestion(path: Path) -> str | None:
    """Return advice for a path that is no file: a file with nearly this name, or in the folder."""
    folder = path if path.is_dir() else path.parent
    endings = (".yml", ".yaml", ".json", ".toml")
    try:
        names = sorted(each.name for each in folder.iterdir() if each.suffix.lower() in endings)
    except OSError:
        return None
    if folder == path:
        return f"did you mean {path / names[0]}?" if names else None
    guess = nearest(path.name, names)
    return f"did you mean {folder / guess}?" if guess else None
