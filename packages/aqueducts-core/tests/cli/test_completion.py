"""What shells complete: with the words that they send, and in a real bash."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

PIPELINES = {
    "pipeline.yml": """\
params: {day: null}
sources:
  - {type: file, name: sales, format: {type: csv}, location: '${folder}/sales.csv'}
  - type: nothing that is installed
    name: shops
stages:
  - - name: first_rows
      query: SELECT * FROM sales
    - {name: first_shops, query: SELECT}
  - - name: with space
    - name: "tab\\there"
    - name: [a, b]
    - name: last_rows
    - {nam: half wri
""",
    "pipeline.json": """{
  "sources": [{"name": "sales"}, {"name": "shops"}, 5, {"name": 5}],
  "stages": [[{"name": "first_rows"}, {"name": "first_shops"}], [{"name": "last_rows"}], "x"]
}""",
    "pipeline.toml": """\
stages = [[{ name = "first_rows" }, { name = "first_shops" }], [{ name = "last_rows" }]]
[[sources]]
name = "sales"
[[sources]]
name = "shops"
""",
}
PIPELINES["whole.yml"] = PIPELINES["pipeline.yml"].replace("    - {nam: half wri\n", "")
NAMES = ["first_rows", "first_shops", "last_rows", "sales", "shops"]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in PIPELINES.items():
        Path(name).write_text(text)


def _untraced() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COVERAGE_", "AQUEDUCTS_"))
    }


def _complete(line: str, shell: str = "bash", **environment: str) -> list[str]:
    """What the command answers to a shell that wants the last word of a line completed."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    settings = {
        "_AQUEDUCTS_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": shlex.join(words) if words[-1] else f"{shlex.join(words[:-1])} ",
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from aqueducts.cli import main; main()"],
        env={**_untraced(), **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    answers = [line for line in done.stdout.splitlines() if line]
    return answers[1::3] if shell == "zsh" else [answer.partition(",")[2] for answer in answers]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("file", ["whole.yml", "pipeline.json", "pipeline.toml"])
def test_stages_and_sources(shell: str, file: str) -> None:
    """Names of the file in the line; those that shells would split are left out."""
    assert _complete(f"aqueducts preview {file} ", shell) == NAMES
    assert _complete(f"aqueducts preview -q {file} first", shell) == NAMES[:2]
    assert _complete(f"aqueducts preview -f {file} first", shell) == NAMES[:2]


@pytest.mark.parametrize(
    "text",
    [
        PIPELINES["pipeline.yml"],
        "",
        "5",
        "stages: 5",
        "stages: [5, [5]]",
        "sources: {a: b}",
        "\x00",
        "[" * 5_000,
        "? {a: b}\n: c",
        "a: &a [*a]\nstages: *a",
        "stages: [[" + "{name: a, x: " * 3_000,
    ],
    ids=range(11),
)
def test_files_that_cannot_be_read(text: str) -> None:
    """No names, and no word about it: nobody has pressed Enter yet."""
    Path("broken.yml").write_text(text)
    assert _complete("aqueducts preview broken.yml ") == []


def test_a_bomb_of_aliases_is_not_followed() -> None:
    """Its names are found, at once."""
    levels = "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(12))
    Path("bomb.yml").write_text(f"a0: &a0 [x]\n{levels}stages: [[{{name: found, x: *a12}}]]\n")
    assert _complete("aqueducts preview bomb.yml ") == ["found"]


def test_files_that_are_not_opened() -> None:
    """A pipe would never end; a huge file would take long; no file was named."""
    os.mkfifo("pipe.yml")
    Path("huge.yml").write_text(PIPELINES["whole.yml"] + "#" * 2_000_000)
    for line in ("preview pipe.yml ", "preview huge.yml ", "preview missing.yml ", "preview - "):
        assert _complete(f"aqueducts {line}") == []


def test_what_else_is_completed() -> None:
    """Commands, options, choices, codes, files."""
    assert {"run", "check", "init", "doctor"} <= set(_complete("aqueducts "))
    assert _complete("aqueducts doct") == ["doctor"]
    assert _complete("aqueducts run --max") == ["--max-memory"]
    assert _complete("aqueducts run --format ") == ["yaml", "json", "toml"]
    assert _complete("aqueducts completion ") == ["bash", "zsh", "fish"]
    assert "missing-field" in _complete("aqueducts explain missing-")
    assert _complete("aqueducts preview pipe") == ["pipe"]  # which the shell completes
    assert _complete("aqueducts run -f whole.yml pipe") == ["pipe"]
    assert _complete("aqueducts init --from da") == ["da"]


@pytest.mark.parametrize(
    "line",
    ["aqueducts ", "aqueducts preview whole.yml ", "aqueducts explain mis", "aqueducts run -"],
)
def test_nothing_heavy_is_imported(line: str) -> None:
    """An answer takes less than the blink of an eye: no engine, no models, no plugins."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
        "from aqueducts.cli import main; main()"
    )
    words = line.rstrip(" ").split(" ")
    place = len(words) if line.endswith(" ") else len(words) - 1
    settings = {
        "_AQUEDUCTS_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(place),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**_untraced(), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout
    imported = set(done.stderr.splitlines()[-1].split())
    heavy = {"datafusion", "pyarrow", "pydantic", "sqlglot", "rich", "pluggy", "importlib.metadata"}
    assert not imported & heavy
    assert not {name for name in imported if name.startswith(("aqueducts.builtin", "aqueducts.m"))}


_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def test_a_real_bash() -> None:
    """The script as a user loads it, and a tab as a user presses it."""
    environment = {
        **_untraced(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PS1": "prompt> ",
        "TERM": "xterm",
        "HISTFILE": "/dev/null",
    }
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    ) as shell:
        os.close(theirs)
        try:
            _await(ours, "prompt> ")
            os.write(ours, b'eval "$(aqueducts completion bash)"; echo rea""dy\n')
            _await(ours, "ready\r\nprompt> ")
            os.write(ours, b"aqueducts preview whole.yml last\t")
            _await(ours, "aqueducts preview whole.yml last_rows ")
            os.write(ours, b"--outp\t")
            _await(ours, "--output ")
            os.write(ours, b"cs\t")
            _await(ours, "csv ")
        finally:
            shell.kill()
            os.close(ours)


def _await(terminal: int, words: str, seconds: float = 30) -> None:
    """Read what the terminal shows until the words are there."""
    shown = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 65536)
        if words in _ESCAPES.sub(b"", shown).replace(b"\r\r", b"\r").decode(errors="replace"):
            return
    pytest.fail(f"{words!r} is not in {shown!r}")
