"""The two streams of the command: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from typing import Literal, TextIO

__all__ = ["ColorChoice", "Console", "LogFormat", "Style", "Styler", "is_terminal"]

ColorChoice = Literal["auto", "always", "never"]
LogFormat = Literal["human", "json"]
Style = Literal["bold", "dim", "red", "green", "yellow", "cyan", "red bold", "yellow bold"]

_CODES: dict[str, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "red bold": "1;31",
    "yellow bold": "1;33",
}


class Styler:
    """Marks text with colours, or leaves it alone where there are none.

    `has_unicode` tells whether box lines and check marks can be written.
    """

    def __init__(self, has_color: bool, has_unicode: bool = True) -> None:
        self.has_color = has_color
        self.has_unicode = has_unicode

    def __call__(self, text: str, style: Style) -> str:
        """The text in a style."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.has_color and text else text


class Console:
    """What the user asked of the output, and where it goes.

    Filled in while options are read, since they may stand before or behind the subcommand.
    """

    def __init__(
        self,
        color: ColorChoice = "auto",
        log_format: LogFormat = "human",
        *,
        is_quiet: bool = False,
        is_debug: bool = False,
        verbosity: int = 0,
    ) -> None:
        self.color = color
        self.log_format = log_format
        self.is_quiet = is_quiet
        self.is_debug = is_debug
        self.verbosity = verbosity
        self.owns_process = False
        """Whether the process is the command's own, and may be split and ended."""
        self.texts: dict[str, str] = {}
        """Contents of files that cannot be read again, such as standard input, for excerpts."""

    def write_result(self, text: str) -> None:
        """Write a result to standard output."""
        _write(sys.stdout, text)

    def tell(self, text: str) -> None:
        """Write anything that is not a result to standard error."""
        _write(sys.stderr, text)

    @property
    def results(self) -> Styler:
        """Styles for standard output."""
        return self._styler(sys.stdout)

    @property
    def messages(self) -> Styler:
        """Styles for standard error."""
        return self._styler(sys.stderr)

    @property
    def result_width(self) -> int | None:
        """Columns of standard output; None where it is no terminal and nothing is shortened."""
        return _size_of(sys.stdout)[0] if is_terminal(sys.stdout) else None

    @property
    def message_size(self) -> tuple[int, int]:
        """Columns and lines of the terminal on standard error."""
        return _size_of(sys.stderr)

    @property
    def is_live_possible(self) -> bool:
        """Whether standard error is a terminal that lines can be redrawn on."""
        return (
            is_terminal(sys.stderr)
            and not os.environ.get("CI")
            and os.environ.get("TERM", "") not in ("dumb", "unknown")
        )

    def _styler(self, stream: TextIO | None) -> Styler:
        return Styler(has_color=self._has_color(stream), has_unicode=_has_unicode(stream))

    def _has_color(self, stream: TextIO | None) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _size_of(stream: TextIO) -> tuple[int, int]:
    """Columns and lines of the terminal behind a stream; COLUMNS overrules it."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        columns = lines = 0
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        columns = int(given)
    return columns or 80, lines or 24


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at the stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _has_unicode(stream: TextIO | None) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def _write(stream: TextIO | None, text: str) -> None:
    """Write a line and flush it, so that both streams keep their order where they are merged.

    A reader that went away (`| head`) ends the output, not the run. A stream that was closed
    before the start (`>&-`) is None.
    """
    if stream is None:
        return
    try:
        try:
            stream.write(f"{text}\n")
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(f"{text}\n".encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _discard(stream)


def _discard(stream: TextIO) -> None:
    """Send what is written from now on nowhere; else Python complains when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
