"""Every fenced block of the documents is checked, and nearly all of them are run.

A page's blocks are taken in their order, in a folder of the page's own. The words behind the
backticks tell what a block is:

- `title="name"` writes the block to a file of that name; where the repository has a file of that
  name, the block is an excerpt of it and is compared instead
- `yaml`, `json`, `toml` is a pipeline, loaded with unknown keys as errors; with `{.fragment}` it is
  a part of one, and what it lacks is added; with `{.data}` it is any other document
- a file called `*_test.yml` is a file of tests, and is read as one
- `console` is a terminal: lines with `$ ` are run, and what is shown below them is compared, with
  `...` for lines left out; times, sizes and ids may differ. `{data-exit="0 2"}` are exit codes
- `python` is run; a `text` block right behind it is what it prints
- `csv` is a file, `sh` is for setting up: its commands are looked up, not run
- `text {.diagram}` is a drawing, which nobody checks
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import click
import pytest
import yaml

import aqueducts
from aqueducts.cli.group import cli
from aqueducts.pipeline_tests.reading import read_test_file
from aqueducts_executor.cli import main as executor

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted([*DOCS.glob("*.md"), *DOCS.glob("plugins/*.md")]), ROOT / "README.md"]
"""Without the pages of errors: what is in them is wrong on purpose, and has tests of its own."""

DRAWINGS = {
    "architecture.md": 2,
    "memory.md": 2,
    "docker.md": 2,
    "kubernetes.md": 1,
    "remote.md": 1,
}
"""How many drawings each page may have."""

HOME = "/home/ann"
"""What the folder of a page is called in what it shows."""

PIPELINE_LANGUAGES = ("yaml", "json", "toml")

_FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,})(?P<info>[^`\n]*)\n")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_PLACEHOLDER = re.compile(r"\$\{([a-zA-Z0-9_]+)\}")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_VOLATILE = (
    (re.compile(r"\d[\d.,]* ?(?:ms|s|min|h|B|kB|MB|GB|TB)\b"), "#"),
    (re.compile(r"# \(\d+:\d\d:\d\d\)"), "#"),  # how pytest writes more than a minute
    (re.compile(r"\b[0-9a-f]{12}\b"), "ID"),
    (re.compile(r'("ts": )"[^"]+"'), r"\1TIME"),
    (
        re.compile(r'("(?:duration_ms|peak_memory_bytes|size_bytes|load_ms)": )[\d.]+'),
        r"\1#",
    ),
    (re.compile(r"[ \t]+"), " "),
    # How much of a line fits beside a duration depends on the duration.
    (re.compile(r".{12}…$", re.MULTILINE), "…"),
    (re.compile(r"(aqueducts-core [\d.]+)(?:, aqueducts-\w+ [\d.]+)+"), r"\1"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    info: str = ""
    words: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def title(self) -> str | None:
        """The name of the file it is, or is taken from."""
        return self.attributes.get("title")

    @property
    def kind(self) -> str:
        """What is done with it."""
        if self.title is not None and (ROOT / self.title).is_file():
            return "excerpt"
        if "data" in self.words or self.language == "csv":
            return "data"
        if self.title is not None and self.title.endswith("_test.yml"):
            return "tests"
        if self.language in PIPELINE_LANGUAGES:
            return "fragment" if "fragment" in self.words else "pipeline"
        if self.language == "text":
            return "drawing" if "diagram" in self.words else "output"
        return self.language or "sh"


def blocks_of(text: str, page: str) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    found: list[Block] = []
    position = 0
    while opening := _FENCE.search(text, position):
        closing = re.compile(rf"^ *{opening['ticks']}[ \t]*$", re.MULTILINE)
        end = closing.search(text, opening.end())
        line = text.count("\n", 0, opening.start()) + 1
        assert end is not None, f"{page}:{line}: the block is never closed"
        info = opening["info"].strip()
        language, *words = re.sub(r"[{}.]", " ", _ATTRIBUTE.sub("", info)).split() or [""]
        found.append(
            Block(
                page=page,
                line=line,
                language=language,
                text=_without_indent(text[opening.end() : end.start()], opening["indent"]),
                info=info,
                words=frozenset(words),
                attributes=dict(_ATTRIBUTE.findall(info)),
            )
        )
        position = end.end()
    return found


def _without_indent(text: str, indent: str) -> str:
    return re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


@cache
def all_blocks() -> tuple[Block, ...]:
    """The blocks of all pages."""
    return tuple(
        block for page in PAGES for block in blocks_of(page.read_text("utf-8"), _called(page))
    )


def _called(page: Path) -> str:
    """A page's name: its path below the documents."""
    return page.relative_to(DOCS).as_posix() if DOCS in page.parents else page.name


def _of_kind(*kinds: str) -> list[Any]:
    return [pytest.param(each, id=each.place) for each in all_blocks() if each.kind in kinds]


def test_every_block_has_a_kind() -> None:
    """No block is of a language that nothing checks, and drawings are counted."""
    counts = Counter(block.kind for block in all_blocks())
    assert set(counts) <= {
        *("excerpt", "data", "pipeline", "fragment", "console", "python", "output", "sh"),
        *("drawing", "tests"),
    }
    drawings = Counter(block.page for block in all_blocks() if block.kind == "drawing")
    assert dict(drawings) == DRAWINGS
    assert counts["pipeline"] >= 10
    assert counts["fragment"] >= 5
    assert counts["console"] >= 20
    assert counts["python"] >= 6


@pytest.mark.parametrize("block", [pytest.param(each, id=each.place) for each in all_blocks()])
def test_site_shows_blocks_as_blocks(block: Block) -> None:
    """What stands behind the backticks is what the site's generator takes; else it shows text."""
    assert re.fullmatch(r'\w*(?: title="[^"]*"| \{[^{}]+\})?', block.info), block.info


def test_output_follows_the_program_that_prints_it() -> None:
    """A `text` block is compared with what the block before it prints, so there must be one."""
    for before, block in pairwise(all_blocks()):
        if block.kind == "output":
            assert (before.kind, before.page) == ("python", block.page), block.place


@pytest.mark.parametrize("block", _of_kind("pipeline"))
def test_pipelines_load(block: Block) -> None:
    """A whole pipeline loads, without a warning about it."""
    _load(block.text, block)


@pytest.mark.parametrize("block", _of_kind("fragment"))
def test_fragments_load(block: Block) -> None:
    """A part of a pipeline loads, once the parts it lacks are there."""
    document = _parse(block)
    assert isinstance(document, dict), block.place
    if "destination" in document:
        document.setdefault("stages", [[{"name": "result", "query": "SELECT 1 AS one"}]])
    _load(json.dumps(document), block, language="json")


@pytest.mark.parametrize("block", _of_kind("tests"))
def test_files_of_tests_can_be_used(block: Block, tmp_path: Path) -> None:
    """A file of tests has nothing wrong with it that shows without its pipeline."""
    path = tmp_path / "some_test.yml"
    path.write_text(block.text, encoding="utf-8")
    assert read_test_file(str(path), aqueducts.Plugins.discover()).document.tests


@pytest.mark.parametrize("block", _of_kind("data"))
def test_data_can_be_parsed(block: Block) -> None:
    """A document that is no pipeline is at least what it says it is."""
    if block.language in PIPELINE_LANGUAGES:
        assert _parse(block) is not None
    else:
        assert block.title, f"{block.place}: a file needs a title"


@pytest.mark.parametrize("block", _of_kind("excerpt"))
def test_excerpts_are_in_their_files(block: Block) -> None:
    """What a page shows of a file of this repository is in that file, line for line."""
    text = (ROOT / str(block.title)).read_text(encoding="utf-8")
    for part in re.split(r"^ *(?:# )?\.\.\.\n", block.text, flags=re.MULTILINE):
        assert part.strip("\n") in text, f"{block.place}: not in {block.title}:\n{part}"


@pytest.mark.parametrize("block", _of_kind("sh"))
def test_commands_for_setting_up_exist(block: Block) -> None:
    """Targets, environments and distributions that the pages name are there."""
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        if words:
            _look_up(words, block.place)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=_called)
def test_page_runs(page: Path, tmp_path: Path, flights: Path) -> None:
    """The files of a page are written, its programs and commands run and show what it says."""
    folder = tmp_path / "ann"
    folder.mkdir()
    (folder / "examples").mkdir()
    for path in (ROOT / "examples").iterdir():
        if path.is_file():
            (folder / "examples" / path.name).write_bytes(path.read_bytes())
    (folder / "examples" / "data").symlink_to(flights)
    blocks = [block for block in all_blocks() if block.page == _called(page)]
    for block, after in zip_longest(blocks, blocks[1:]):
        if block.title is not None and block.kind != "excerpt":
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        if block.kind == "console":
            _run_console(block, folder)
        elif block.kind == "python":
            shown = after.text if after is not None and after.kind == "output" else None
            _run_python(block, folder, shown)


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of the examples."""
    folder: Path = tmp_path_factory.mktemp("nycflights13")
    _module(ROOT / "examples" / "demo.py").fetch_data(folder)
    return folder


# --- pipelines ---


def _load(text: str, block: Block, language: str | None = None) -> None:
    format_ = cast("Literal['yaml', 'json', 'toml']", language or block.language)
    document = _parse(block)
    declared = document.get("params", {}) if isinstance(document, dict) else {}
    has_value = {name for name, entry in declared.items() if "default" in (entry or {})}
    used = set(_PLACEHOLDER.findall(block.text)) | set(declared)
    pipeline = aqueducts.load_text(
        text,
        file=block.place,
        format=format_,
        params=dict.fromkeys(sorted(used - has_value), "1"),
        strict=True,
    )
    assert pipeline.document.version == "v2"


def _parse(block: Block) -> Any:
    match block.language:
        case "yaml":
            return yaml.safe_load(block.text)
        case "toml":
            return tomllib.loads(block.text)
        case _:
            return json.loads(block.text)


# --- programs and commands ---


def _environment() -> dict[str, str]:
    left_out = {"CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONPATH_FOR_TESTS"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in left_out and not name.startswith(("AQUEDUCTS_", "COVERAGE_"))
    }
    programs = str(Path(sys.executable).parent)
    return kept | {"PATH": f"{programs}{os.pathsep}{kept.get('PATH', '')}", "LC_ALL": "C.UTF-8"}


def _run_python(block: Block, folder: Path, shown: str | None) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{block.place}:\n{done.stderr}"
    if shown is not None:
        _compare(shown, done.stdout, folder, block.place)


def _run_console(block: Block, folder: Path) -> None:
    commands = list(_commands(block))
    assert commands, f"{block.place}: no line begins with '$ '"
    codes = [int(code) for code in block.attributes.get("data-exit", "").split()] or [0] * len(
        commands
    )
    for expected, (command, shown) in zip(codes, commands, strict=True):
        code, screen = _in_terminal(command, folder)
        assert code == expected, f"{block.place}: $ {command}\nexit code {code}\n{screen}"
        if shown.strip():
            _compare(shown, screen, folder, f"{block.place}: $ {command}")


def _commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a terminal, with what is shown below it."""
    lines = block.text.splitlines()
    while lines:
        line = lines.pop(0)
        assert line.startswith("$ "), f"{block.place}: output without a command: {line}"
        command = line.removeprefix("$ ")
        while command.endswith("\\"):
            command = command.removesuffix("\\") + lines.pop(0).strip()
        shown: list[str] = []
        while lines and not lines[0].startswith("$ "):
            shown.append(lines.pop(0))
        yield command, "\n".join(shown)


def _in_terminal(command: str, folder: Path) -> tuple[int, str]:
    """Exit code of a command in a terminal of 100 columns, and what its screen shows."""
    recorder = _module(ROOT / "tools" / "record_run.py")
    program = (
        "import os, subprocess, sys\n"
        "sys.exit(subprocess.run(['bash', '-c', sys.argv[1]], cwd=sys.argv[2]).returncode)\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - _environment().keys():
            patch.delenv(name)
        for name, value in _environment().items():
            patch.setenv(name, value)
        code, written = recorder._run(
            [sys.executable, "-c", program, command, str(folder)], width=100
        )
    screen = recorder.Screen(100_000)  # long lines are one line here
    screen.feed(written)
    return code, _STYLE.sub("", screen.text())


def _compare(shown: str, actual: str, folder: Path, place: str) -> None:
    """Lines are the same, but for what is different each time and lines left out (`...`)."""
    patterns = [
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + r"\n"
        for line in _lines(shown, folder)
    ]
    text = "".join(f"{line}\n" for line in _lines(actual, folder))
    assert re.fullmatch("".join(patterns), text), (
        f"{place}\n--- shown\n{shown}\n--- in fact\n{actual}"
    )


def _lines(text: str, folder: Path) -> list[str]:
    text = text.replace(str(folder), HOME).strip("\n")
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    # How often a run tells its progress depends on the machine.
    return [line.rstrip() for line in text.splitlines() if '"event": "progress"' not in line]


@cache
def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- what pages tell to set up ---


def _look_up(words: list[str], place: str) -> None:
    program, *arguments = words
    match program.rpartition("/")[2]:
        case "make":
            targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert set(arguments) <= set(targets), place
        case "pip":
            for requirement in arguments[1:]:
                _look_up_distribution(requirement, place)
        case "tox":
            environments = re.findall(
                r"^\[testenv:(\w+)\]", (ROOT / "tox.ini").read_text(), re.MULTILINE
            )
            names = arguments[arguments.index("-e") + 1].split(",")
            assert set(names) <= {*environments, "executor", "odbc", "delta", "cloud"}, place
        case "." | "source":
            assert arguments == [".venv/bin/activate"], place
        case "aqueducts":
            group = click.Context(cli, resilient_parsing=True)
            command = cli.get_command(group, arguments[0])
            assert command is not None, place
            command.make_context(arguments[0], arguments[1:])
        case "aqueducts-executor":
            executor.make_context("aqueducts-executor", arguments)
        case "curl":
            served = "packages/aqueducts-executor/src/aqueducts_executor/http/operations.py"
            path = urlsplit(arguments[-1]).path
            assert f'"{path}"' in (ROOT / served).read_text(encoding="utf-8"), place
        case "git" | "cd":
            pass
        case _:
            pytest.fail(f"{place}: nothing is known about {shlex.join(words)}")


def _look_up_distribution(requirement: str, place: str) -> None:
    match = re.fullmatch(r"(aqueducts-\w+)(?:\[([\w,]+)\])?", requirement)
    assert match is not None, place
    text = (ROOT / "packages" / match[1] / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"].get("optional-dependencies", {})
    assert set((match[2] or "").split(",")) - {""} <= set(extras), place
