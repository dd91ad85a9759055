"""Text of a pipeline file to plain values: one behaviour for YAML, JSON and TOML."""

from os import PathLike, fspath
from typing import Any, Literal

import msgspec

from aqueducts.diagnostics import Problem, sort_problems
from aqueducts.documents.source_map import SourceMap
from aqueducts.documents.source_text import SourceText, Unreadable
from aqueducts.errors import SyntaxProblem

__all__ = ["Document", "Format", "format_of", "read_document"]

Format = Literal["json", "toml", "yaml"]

_FORMATS: dict[str, Format] = {"yml": "yaml", "yaml": "yaml", "json": "json", "toml": "toml"}


class Document(msgspec.Struct, frozen=True):
    """A parsed file: plain values, and where each of them stands in the text.

    `value` is made of dict (with string keys), list, str, int, float, bool and None only.
    """

    value: Any
    source_map: SourceMap


def format_of(path: str | PathLike[str]) -> Format:
    """The format of a file by its extension; any other extension is a `SyntaxProblem`."""
    name = fspath(path)
    _, dot, extension = name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    if (found := _FORMATS.get(extension.lower())) and dot:
        return found
    ending = f"the extension '.{extension}'" if dot else "a name without an extension"
    problem = Problem(
        code="unknown-format",
        message=f"{ending} does not tell the format of a pipeline file",
        file=name,
        help="name it .yml or .yaml for YAML, .json for JSON, .toml for TOML",
    )
    raise SyntaxProblem([problem])


def read_document(
    text: str,
    *,
    file: str,
    format: Format,  # noqa: A002 - the word of the command line and of the documents
) -> Document:
    """The values of a text with their places, or raise `SyntaxProblem` with all problems."""
    source = SourceText(text.removeprefix("\ufeff"), file)
    try:
        _check_characters(source)
        value, source_map = _read(source, format)
    except Unreadable as unreadable:
        raise SyntaxProblem(sort_problems(unreadable.problems)) from None
    return Document(value, source_map)


def _read(source: SourceText, format_: Format) -> tuple[Any, SourceMap]:
    # Imported where used: a command that reads one YAML file pays for no other parser.
    if format_ == "yaml":
        from aqueducts.documents.yaml_reader import read_yaml

        return read_yaml(source)
    if format_ == "json":
        from aqueducts.documents.json_reader import read_json

        return read_json(source)
    from aqueducts.documents.toml_reader import read_toml

    return read_toml(source)


def _check_characters(source: SourceText) -> None:
    """Refuse what is not text: half a surrogate pair comes from bytes that are not UTF-8."""
    try:
        source.text.encode()
    except UnicodeEncodeError as error:
        problem = source.problem(
            (error.start, error.start + 1),
            "invalid-character",
            "the file holds bytes that are not UTF-8 text",
            help="save the file as UTF-8",
        )
        raise Unreadable([problem]) from None
