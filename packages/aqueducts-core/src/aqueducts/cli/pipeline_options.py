"""Options of every command that loads a pipeline file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
import msgspec

from aqueducts.cli.console import Console
from aqueducts.cli.console.terminal import is_terminal
from aqueducts.cli.option_types import PARAMETER
from aqueducts.cli.stage_names import PipelineFile

if TYPE_CHECKING:
    from aqueducts.documents import Document
    from aqueducts.pipeline import Pipeline
    from aqueducts.plugins import Plugins

__all__ = [
    "PipelineOptions",
    "load_pipeline",
    "pipeline_options",
    "read_params",
    "read_pipeline",
]

CallableT = TypeVar("CallableT", bound=Callable[..., Any])

DocumentFormat = Literal["yaml", "json", "toml"]

_STDIN = "-"


class PipelineOptions(msgspec.Struct, frozen=True):
    """Which pipeline to load, and how."""

    file: str
    params: tuple[tuple[str, str], ...] = ()
    params_file: str | None = None
    document_format: DocumentFormat | None = None
    is_strict: bool = False

    @property
    def reads_stdin(self) -> bool:
        """Whether the pipeline comes from standard input."""
        return self.file == _STDIN

    @property
    def needs_format(self) -> bool:
        """Whether the format is not told by the file's name: `-`, `/dev/fd/63`."""
        is_known = Path(self.file).suffix.lower() in (".yml", ".yaml", ".json", ".toml")
        return self.reads_stdin or (self.document_format is not None and not is_known)

    @classmethod
    def take(cls, given: dict[str, Any]) -> PipelineOptions:
        """Take what `pipeline_options` added out of a command's keyword arguments."""
        argument, option = given.pop("file"), given.pop("file_option")
        if argument is None and option is None:
            raise click.UsageError("Missing pipeline file: give FILE, or - for standard input.")
        context = click.get_current_context()
        source = context.get_parameter_source("file_option")
        if (
            argument is not None
            and option is not None
            and source == click.core.ParameterSource.COMMANDLINE
        ):
            raise click.UsageError(f"Two pipeline files were given: {option} and {argument}.")
        return cls(
            file=argument or option,
            params=given.pop("params"),
            params_file=given.pop("params_file"),
            document_format=given.pop("document_format"),
            is_strict=given.pop("is_strict"),
        )


def pipeline_options(function: CallableT) -> CallableT:
    """Add FILE, `--param` and the others to a command; see `PipelineOptions.take`."""
    file_type = click.Path(allow_dash=True)
    decorators: list[Callable[..., Any]] = [
        click.argument("file", type=PipelineFile(allow_dash=True), required=False),
        click.option(
            "-f",
            "--file",
            "file_option",
            metavar="FILE",
            type=file_type,
            envvar="AQUEDUCTS_FILE",
            show_envvar=True,
            help="The pipeline file; the same as the argument.",
        ),
        click.option(
            "-p",
            "--param",
            "--params",
            "params",
            metavar="NAME=VALUE",
            type=PARAMETER,
            multiple=True,
            envvar="AQUEDUCTS_PARAMS",
            show_envvar=True,
            help="Value for ${NAME} in the file. Repeatable.",
        ),
        click.option(
            "--params-file",
            type=click.Path(dir_okay=False),
            envvar="AQUEDUCTS_PARAMS_FILE",
            show_envvar=True,
            help="YAML, JSON or TOML file of parameters; --param wins over it.",
        ),
        click.option(
            "--format",
            "document_format",
            type=click.Choice(["yaml", "json", "toml"]),
            envvar="AQUEDUCTS_FORMAT",
            show_envvar=True,
            help="Format of the pipeline where no file name tells it.  [default: yaml]",
        ),
        click.option(
            "--strict",
            "is_strict",
            is_flag=True,
            envvar="AQUEDUCTS_STRICT",
            show_envvar=True,
            help="Treat unknown keys as errors, not as warnings.",
        ),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def load_pipeline(options: PipelineOptions, plugins: Plugins, console: Console) -> Pipeline:
    """Load and check the pipeline. Raises PipelineError with everything that is wrong."""
    from aqueducts.load import load, load_text

    given: dict[str, Any] = {
        "params": read_params(options),
        "plugins": plugins,
        "strict": options.is_strict,
    }
    if not options.needs_format:
        return load(options.file, **given)
    name, text = _read(options.file, console)
    return load_text(text, file=name, format=options.document_format or _detect(text), **given)


def read_params(options: PipelineOptions) -> dict[str, object]:
    """The parameters; those on the command line win. Raises PipelineError."""
    from aqueducts.load import params_from_file

    params: dict[str, object] = {}
    if options.params_file is not None:
        params.update(params_from_file(options.params_file))
    params.update(options.params)
    return params


def read_pipeline(options: PipelineOptions, console: Console) -> tuple[str, Document]:
    """What the file is called in messages, and what is in it. Raises PipelineError."""
    from aqueducts.documents import read_document
    from aqueducts.load import read_text

    if options.needs_format:
        name, text = _read(options.file, console)
        return name, read_document(text, file=name, format=options.document_format or _detect(text))
    text, format_ = read_text(options.file)
    return options.file, read_document(text, file=options.file, format=format_)


def _read(file: str, console: Console) -> tuple[str, str]:
    """What the file is called in messages, and its text."""
    from aqueducts.load import MAX_BYTES, decode

    is_stdin = file == _STDIN
    if is_stdin and is_terminal(sys.stdin):
        console.tell("reading the pipeline from standard input; end it with Ctrl-D")
    try:
        if is_stdin:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"Cannot read {file}: {error.strerror}") from error
    name = "<stdin>" if is_stdin else file
    text = console.texts[name] = decode(name, content).removeprefix("\ufeff")
    return name, text


def _detect(text: str) -> DocumentFormat:
    """JSON begins with a brace and a quote; `{a: b}` is YAML."""
    start = text.lstrip()
    is_json = start.startswith("{") and start[1:].lstrip()[:1] in ('"', "}")
    return "json" if is_json else "yaml"
