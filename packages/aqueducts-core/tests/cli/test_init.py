"""`aqueducts init`: what it writes runs, and nothing that is there is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aqueducts

FORMATS = [("yaml", "pipeline.yml"), ("json", "pipeline.json"), ("toml", "pipeline.toml")]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("document_format", "name"), FORMATS)
def test_the_pipeline_is_sound_and_runs(invoke: Any, document_format: str, name: str) -> None:
    """In all three formats, in the folder it was made in."""
    assert invoke("init", "--format", document_format).exit_code == 0
    checked = invoke("check", "--strict", name)
    assert (checked.exit_code, checked.stderr) == (0, "")
    tested = invoke("test")
    assert (tested.exit_code, "2 passed" in tested.stdout + tested.stderr) == (0, True)
    run = invoke("run", "-q", name)
    assert run.exit_code == 0
    assert "Hamburg" in run.stdout
    assert Path("out/revenue_by_city.parquet").is_file()


def test_the_formats_mean_the_same(invoke: Any) -> None:
    """One pipeline, three spellings; only line breaks in the queries differ."""
    documents = []
    for document_format, name in FORMATS:
        invoke("init", document_format, "--format", document_format)
        pipeline = aqueducts.load(Path(document_format) / name)
        text = pipeline.document.model_dump_json()
        documents.append(" ".join(text.replace("\\n", " ").replace('"SELECT', '" SELECT').split()))
    assert documents[0].replace(' "', '"') == documents[2].replace(' "', '"')
    assert documents[1].replace(' "', '"') == documents[2].replace(' "', '"')


def test_editors_find_the_schema(invoke: Any) -> None:
    """The first line names a file that is beside the pipeline and is what `schema` prints."""
    invoke("init", "one")
    first = Path("one/pipeline.yml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=pipeline.schema.json"
    written = json.loads(Path("one/pipeline.schema.json").read_text())
    assert written == json.loads(invoke("schema").stdout)


def test_the_next_commands_work(invoke: Any) -> None:
    """They are told for the folder that was made."""
    shown = invoke("init", "new folder/inside").stdout
    commands = shown.partition("next:\n")[2].splitlines()
    assert commands[0] == "  cd 'new folder/inside'"
    assert commands[1:] == [
        "  aqueducts check pipeline.yml",
        "  aqueducts test",
        "  aqueducts run pipeline.yml",
    ]
    assert invoke("init", "-q", "quiet").stdout == ""


def test_nothing_is_overwritten(invoke: Any, tmp_path: Path) -> None:
    """The error names what is there, and nothing is written beside it."""
    Path("pipeline.yml").write_text("mine")
    Path("data").mkdir()
    Path("data/orders.csv").symlink_to("nowhere")
    result = invoke("init")
    assert result.exit_code == 1
    assert "pipeline.yml, data/orders.csv" in result.stderr
    assert "aqueducts init NAME" in result.stderr
    assert Path("pipeline.yml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "data",
        "orders.csv",
        "pipeline.yml",
    ]


def test_files_of_a_repository_are_kept(invoke: Any) -> None:
    """Most folders have a .gitignore of their own."""
    Path(".gitignore").write_text("mine\n")
    result = invoke("init")
    assert result.exit_code == 0
    assert ".gitignore               is there already, and was kept" in result.stdout
    assert Path(".gitignore").read_text() == "mine\n"


def test_a_folder_that_cannot_be_made(invoke: Any) -> None:
    """A file has the name: nothing is left behind."""
    Path("taken").write_text("")
    result = invoke("init", "taken/inside")
    assert result.exit_code == 1
    assert "cannot write 'taken': Not a directory" in result.stderr
    assert list(Path().iterdir()) == [Path("taken")]


def test_a_disk_that_is_full() -> None:
    """What was written before is taken away again, folders as well."""
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))\n"
        "from aqueducts.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "init", "a/b"],
        # Coverage could not write its own file.
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "File too large; nothing was left behind" in done.stderr
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(("name", "folder"), [("a/../b/", "b"), ("./c", "c"), ("d//e", "d/e")])
def test_spellings_of_folders(invoke: Any, name: str, folder: str) -> None:
    """What is made is what was meant."""
    assert f"made in {folder}/:" in invoke("init", name).stdout
    assert Path(folder, "pipeline.yml").is_file()
