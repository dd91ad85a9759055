"""Run a command in a terminal of its own and keep a picture of what it showed.

    python tools/record_run.py [--width 100] OUTPUT.svg -- aqueducts run pipeline.yml

The command is really run, in colour; the picture shows the terminal as it is at the end. It holds
no links to fonts or anything else.
"""

import argparse
import fcntl
import io
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

_TOKEN = re.compile(r"\x1b\[(?P<args>[0-9;?]*)(?P<kind>[A-Za-z])|(?P<character>[\s\S])")
_FONT_FACES = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)
_LINES = 40
_TAB_WIDTH = 8


class Screen:
    """As much of a terminal as our own output needs: text, styles, moving up, erasing."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lines: list[list[tuple[str, str]]] = [[]]
        self._row = self._column = 0
        self._style = ""

    def feed(self, text: str) -> None:
        """Take in what the command wrote."""
        for token in _TOKEN.finditer(text):
            if token["character"] is not None:
                self._put(token["character"])
            elif not token["args"].startswith("?"):
                self._control(token["kind"], token["args"])

    def text(self) -> str:
        """The lines with their styles as ANSI codes."""
        lines = ["".join(f"{style}{text}\x1b[0m" for text, style in line) for line in self._lines]
        return "\n".join(lines).rstrip("\n")

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._row += 1
            while len(self._lines) <= self._row:
                self._lines.append([])
        elif character == "\t":
            for _ in range(_TAB_WIDTH - self._column % _TAB_WIDTH):
                self._put(" ")
        elif character.isprintable():
            if self._column >= self._width:
                self._put("\r")
                self._put("\n")
            line = self._lines[self._row]
            line.extend([(" ", "")] * (self._column - len(line)))
            line[self._column : self._column + 1] = [(character, self._style)]
            self._column += 1

    def _control(self, kind: str, args: str) -> None:
        number = int(args) if args.isdecimal() else 1
        if kind == "m":
            is_reset = args in ("", "0")
            self._style = "" if is_reset else f"{self._style}\x1b[{args}m"
        elif kind == "A":
            self._row = max(self._row - number, 0)
        elif kind == "G":
            self._column = number - 1
        elif kind == "K":
            line = self._lines[self._row]
            del line[0 if args == "2" else self._column :]
        elif kind == "J":
            del self._lines[self._row + 1 :]


def main() -> int:
    """Record one command; the exit code is the command's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="the SVG file to write")
    parser.add_argument("--width", type=int, default=100, help="columns of the terminal")
    parser.add_argument("--title", help="title of the picture; the command by default")
    parser.add_argument("command", nargs="+", help="the command and its arguments, after --")
    arguments = parser.parse_args()
    program, *rest = arguments.command
    line = shlex.join([Path(program).name, *rest])
    code, written = _run(arguments.command, arguments.width)
    screen = Screen(arguments.width)
    screen.feed(f"\x1b[1m$ {line}\x1b[0m\r\n{written}")
    arguments.output.write_text(
        _picture(screen.text(), arguments.width, arguments.title or line), encoding="utf-8"
    )
    return code


def _run(command: list[str], width: int) -> tuple[int, str]:
    """Run the command on a pseudo-terminal; returns its exit code and all it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, width, 0, 0))
    left_out = ("CI", "NO_COLOR", "COLUMNS", "LINES")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    return process.wait(), b"".join(parts).decode("utf-8", "replace")


def _picture(text: str, width: int, title: str) -> str:
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.from_ansi(text), soft_wrap=True)
    # A stable id: the same output makes the same file.
    picture = console.export_svg(title=title, unique_id="aqueducts")
    return re.sub(r"<!--.*?-->\s*", "", _FONT_FACES.sub("", picture))


if __name__ == "__main__":
    sys.exit(main())
