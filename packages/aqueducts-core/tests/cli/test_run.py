"""`aqueducts run`, on real files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

RESULT = "city,n\nRome,2\n"

TABLE = """\
adults: first rows
┌────────┬───────┬────────┐
│ name   │   age │ city   │
│ string │ int64 │ string │
├────────┼───────┼────────┤
│ Ann    │    31 │ Rome   │
│ Cyd    │    54 │ Rome   │
└────────┴───────┴────────┘
2 rows

"""


def test_results_go_to_stdout_and_the_rest_to_stderr(folder: Path, invoke: Any) -> None:
    """Standard output holds what stages show, to the letter."""
    result = invoke("run", "pipeline.yml", "-p", "min=3")
    assert result.exit_code == 0
    assert result.stdout == TABLE
    assert "run " in result.stderr
    assert " of pipeline.yml: 1 source, 2 stages, destination out" in result.stderr
    assert "source people: open (1 file, " in result.stderr
    assert "destination out: done (1 row, " in result.stderr
    assert " · 3 rows in · 1 row out (" in result.stderr
    assert result.stderr.splitlines()[-1] == "result: out.csv"
    assert (folder / "out.csv").read_text() == RESULT


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "pipeline.yml", "--param", "min=3"],
        ["--file=pipeline.yml", "--params", "min=3"],
        ["pipeline.yml", "--params-file", "params.yml"],
        ["pipeline.yml", "--params-file", "params.yml", "-p", "min=4"],
        ["pipeline.yml", "-p", "min=100", "-p", "min=3"],
    ],
)
def test_file_and_parameters_have_several_spellings(
    folder: Path, invoke: Any, arguments: list[str]
) -> None:
    """The last value on the command line wins, and all of them over the file."""
    (folder / "params.yml").write_text("min: 5\n")
    result = invoke("-q", "run", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (folder / "out.csv").read_text() == RESULT


def test_options_can_come_from_the_environment(
    folder: Path, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters are one per line there; the command line wins."""
    monkeypatch.setenv("AQUEDUCTS_FILE", "missing.yml")
    monkeypatch.setenv("AQUEDUCTS_PARAMS", "min=3\nunused=two words")
    monkeypatch.setenv("AQUEDUCTS_OUTPUT", "json")
    monkeypatch.setenv("AQUEDUCTS_QUIET", "1")
    result = invoke("run", "pipeline.yml")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert json.loads(result.stdout)["rows"] == 1


@pytest.mark.parametrize("arguments", [[], ["--format", "json"]])
def test_json_on_standard_input_is_seen(folder: Path, invoke: Any, arguments: list[str]) -> None:
    """JSON text begins with a brace and a quote."""
    document = yaml.safe_load((folder / "pipeline.yml").read_text())
    text = "\n  " + json.dumps(document)
    result = invoke("run", "-", "-q", "-p", "min=3", *arguments, text=text)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (folder / "out.csv").read_text() == RESULT


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("sources: []", []),
        ("{sources: []}", []),
        ("sources = []", ["--format", "toml"]),
        ("{}", []),
        ("\ufeffsources: []", []),
    ],
)
def test_other_formats_on_standard_input(
    folder: Path, invoke: Any, text: str, arguments: list[str]
) -> None:
    """YAML unless told otherwise, also where it begins with a brace."""
    result = invoke("check", "-", *arguments, text=text)
    assert result.stdout == "<stdin>: ok (0 sources, 0 stages, no destination)\n"


def test_errors_show_lines_of_standard_input(invoke: Any) -> None:
    """What was read once is kept for excerpts."""
    result = invoke("run", "-", text="sources:\n  - {type: file, nam: x}\n")
    assert result.exit_code == 2
    assert "--> <stdin>:2:" in result.stderr
    assert " 2 |   - {type: file, nam: x}" in result.stderr


def test_standard_input_that_is_no_text(invoke: Any) -> None:
    """Binary input is wrong usage, told in one line."""
    result = invoke("run", "-", text=b"\xff\xfe\x00")
    assert result.exit_code == 2
    assert "not-utf-8" in result.stderr


def test_output_json_holds_everything(folder: Path, invoke: Any) -> None:
    """One object: numbers, place, steps, and what stages show."""
    result = invoke("run", "pipeline.yml", "-p", "min=3", "--output", "json")
    document = json.loads(result.stdout)
    assert document["status"] == "completed"
    assert (document["rows"], document["location"]) == (1, "out.csv")
    assert document["peak_memory_bytes"] > 1_000_000
    assert [(step["kind"], step["name"]) for step in document["steps"]] == [
        ("source", "people"),
        ("stage", "adults"),
        ("stage", "cities"),
        ("destination", "out"),
    ]
    assert document["outputs"] == [
        {
            "stage": "adults",
            "kind": "show",
            "columns": [
                {"name": "name", "type": "string"},
                {"name": "age", "type": "int64"},
                {"name": "city", "type": "string"},
            ],
            "rows": [["Ann", "31", "Rome"], ["Cyd", "54", "Rome"]],
            "has_more": False,
        }
    ]
    assert document["warnings"] == []


def test_log_format_json_is_json_on_every_line(folder: Path, invoke: Any) -> None:
    """Warnings, events and errors; the tables stay on standard output."""
    text = (folder / "pipeline.yml").read_text().replace("show:", "shw: 1\n      show:")
    (folder / "pipeline.yml").write_text(text)
    result = invoke("run", "pipeline.yml", "-p", "min=3", "--log-format", "json")
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "warning"
    assert lines[0]["code"] == "unknown-field"
    assert (events[1], events[-1]) == ("started", "completed")
    assert "stage_output" in events
    assert len({line["run_id"] for line in lines[1:]}) == 1
    assert result.stdout == TABLE


def test_json_logs_tell_errors_as_json(folder: Path, invoke: Any) -> None:
    """A log that is parsed stays parsable when things go wrong."""
    result = invoke("run", "pipeline.yml", "--log-format", "json", "--output", "json")
    assert result.exit_code == 2
    (line,) = map(json.loads, result.stderr.splitlines())
    assert line["event"] == "error"
    (problem,) = line["problems"]
    assert (problem["code"], problem["line"]) == ("missing-parameter", 8)
    document = json.loads(result.stdout)
    assert document["status"] == "failed"
    assert document["error"]["problems"] == [problem]


def test_a_failed_run_says_that_nothing_was_written(folder: Path, invoke: Any) -> None:
    """Exit code 1, the error, the advice, and what became of the destination."""
    (folder / "out.csv").write_text("old")
    (folder / "people.csv").unlink()
    result = invoke("run", "pipeline.yml", "-p", "min=3")
    assert result.exit_code == 1
    assert "error[storage]: " in result.stderr
    assert "people.csv" in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "the run failed; nothing was written to destination out"
    )
    assert "Traceback" not in result.stderr
    assert (folder / "out.csv").read_text() == "old"


def test_invalid_pipelines_show_every_problem(folder: Path, invoke: Any) -> None:
    """Each with its excerpt, in the order of the file, and their number."""
    text = (folder / "pipeline.yml").read_text()
    text = text.replace("location: people.csv", "lcation: people.csv").replace(
        "name: out", "nme: x"
    )
    (folder / "pipeline.yml").write_text(text)
    result = invoke("run", "pipeline.yml", "-p", "min=3")
    assert result.exit_code == 2
    assert result.stderr.count("error[") == 2
    assert result.stderr.index("pipeline.yml:5:") < result.stderr.index("pipeline.yml:14:")
    assert "^^^^^^^" in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "2 problems in pipeline.yml; more: aqueducts explain missing-field"
    )
    assert result.stdout == ""


def test_warnings_are_rendered_and_strict_makes_them_errors(folder: Path, invoke: Any) -> None:
    """An unknown key is worth a look, and with --strict a failure."""
    text = (folder / "pipeline.yml").read_text().replace("show: 2", "shw: 2")
    (folder / "pipeline.yml").write_text(text)
    result = invoke("run", "pipeline.yml", "-p", "min=3")
    assert result.exit_code == 0
    assert "warning[unknown-field]" in result.stderr
    assert "did you mean 'show'?" in result.stderr
    assert invoke("run", "pipeline.yml", "-p", "min=3", "-q").stderr == ""
    strict = invoke("run", "pipeline.yml", "-p", "min=3", "--strict")
    assert strict.exit_code == 2
    assert "1 problem in pipeline.yml" in strict.stderr


def test_verbose_tells_plugins_and_settings(folder: Path, invoke: Any) -> None:
    """What a run was made of, for reports of problems."""
    result = invoke("run", "pipeline.yml", "-p", "min=3", "-v", "--max-memory", "1.5GiB")
    assert "builtin (aqueducts-core " in result.stderr
    assert "at most 1.6 GB" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give FILE, or - for standard input"),
        (["a.yml", "-f", "b.yml"], "Two pipeline files were given: b.yml and a.yml"),
        (["a.yml", "-p", "min"], "'min' is not of the form NAME=VALUE"),
        (["a.yml", "--max-memory", "lots"], "'lots' is no amount of memory"),
        (["a.yml", "--threads", "0"], "0 is not in the range x>=1"),
        (["a.yml", "--format", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_usage_is_told_in_words(invoke: Any, arguments: list[str], words: str) -> None:
    """Exit code 2, and the line that names the option."""
    result = invoke("run", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_a_failed_step_is_named_whatever_letters_the_message_has(folder: Path, invoke: Any) -> None:
    """A stage called `e` is not named by every message with that letter."""
    text = "stages: [[{name: e, query: 'select 1 / (value - 1) as n from generate_series(3)'}]]\n"
    (folder / "p.yml").write_text(text + "destination: {type: csv, options: {path: new.csv}}\n")
    result = invoke("run", "p.yml")
    assert result.exit_code == 1
    assert "in 'e': " in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("people.csv", "peple.csv", "pipeline.yml:5:15", "did you mean 'people.csv'?"),
        ("people.csv", "s3://x/y.csv", "pipeline.yml:5:15", "aqueducts-core[s3]"),
        ("out.csv", "people.csv/x.csv", "pipeline.yml:15:13", "people.csv"),
        ("count(*) as n", "1 / (count(*) - 2) as n", "pipeline.yml:11:29", "division by zero"),
    ],
)
def test_a_failure_shows_where_its_step_is_written(
    folder: Path, invoke: Any, old: str, new: str, place: str, words: str
) -> None:
    """File, line and column with a caret, as for mistakes in the file."""
    text = (folder / "pipeline.yml").read_text()
    (folder / "pipeline.yml").write_text(text.replace(old, new))
    result = invoke("run", "pipeline.yml", "-p", "min=3", "--output", "json")
    assert result.exit_code in (1, 2)
    assert f"--> {place}\n" in result.stderr
    assert " ^" in result.stderr
    assert words in result.stderr
    (problem,) = json.loads(result.stdout)["error"]["problems"]
    assert f"{problem['file']}:{problem['line']}:{problem['column']}" == place
