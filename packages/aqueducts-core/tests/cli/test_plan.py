"""`aqueducts plan`: forms of its output, and exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import msgspec
import pytest

from aqueducts.cli.exit_codes import ExitCode
from aqueducts.pipeline_plan import PipelinePlan

GIVEN = ("plan", "pipeline.yml", "-p", "min=3")

AWKWARD = """\
sources:
  - {type: file, name: 'a <b> "c" & d', format: {type: csv}, location: people.csv}
stages:
  - - name: kept
      query: SELECT age, random() AS "x<y>&" FROM "a <b> ""c"" & d"
    - name: unused
      query: SELECT 1 AS one
  - - name: last
      query: SELECT x.age FROM kept x JOIN kept y ON x.age = y.age
"""


def old(*paths: Path) -> None:
    """Make files older than what is written now."""
    for path in paths:
        os.utime(path, (1_700_000_000, 1_700_000_000))


def test_text_for_people(folder: Path, invoke: Any) -> None:
    """Everything that is there, read, held and replaced; nothing is written."""
    result = invoke(*GIVEN)
    assert (result.exit_code, result.stderr) == (0, "")
    text = result.stdout
    assert text.startswith("plan of pipeline.yml\n\nsources\n")
    assert "\n  people  file people.csv, 1 file, 48 B\n" in text
    assert "\n          name string, age int64, city string\n" in text
    assert "\n  cities  reads adults; streamed\n          city string, n int64\n" in text
    assert "\nread to show adults\n" in text
    assert "\nread for the result\n  people  1 file, at most 48 B\n" in text
    assert "\n          columns name, age, city\n" in text
    assert "\ndestination\n  out     file out.csv: is created\n" in text
    assert "group by city: " in text
    assert text.endswith("changes\n          the target is not there yet\n")
    assert sorted(path.name for path in folder.iterdir()) == ["people.csv", "pipeline.yml"]


def test_columns_that_differ_are_listed(folder: Path, invoke: Any) -> None:
    """With a sign for what becomes of them."""
    (folder / "out.csv").write_text("city,mayor\nRome,x\n")
    text = invoke(*GIVEN).stdout
    assert "file out.csv: is replaced (1 file, 18 B); columns differ\n" in text
    assert "\n          - mayor\n          + n int64\n" in text


@pytest.mark.parametrize("width", ["40", "80"])
def test_lines_fit_the_terminal(
    folder: Path, invoke: Any, width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As wide as COLUMNS says."""
    monkeypatch.setenv("COLUMNS", width)
    invoke(*GIVEN)  # so that no module is imported while the name means something else
    monkeypatch.setattr("aqueducts.cli.console.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("NO_COLOR", "1")
    text = invoke(*GIVEN).stdout
    assert max(map(len, text.splitlines())) <= int(width)


def test_json_has_a_version(folder: Path, invoke: Any) -> None:
    """And is what the types of the plan say."""
    document = json.loads(invoke(*GIVEN, "--output", "json").stdout)
    assert document["schema_version"] == 1
    jsonschema.validate(document, msgspec.json.schema(PipelinePlan))
    assert [each["table"] for each in document["queries"]] == ["adults", "cities"]


def test_changes_have_an_exit_code(folder: Path, invoke: Any) -> None:
    """Where it is asked for."""
    detailed = (*GIVEN, "--detailed-exitcode")
    assert invoke(*GIVEN).exit_code == ExitCode.DONE
    assert invoke(*detailed).exit_code == ExitCode.CHANGES_PENDING
    old(folder / "pipeline.yml", folder / "people.csv")
    assert invoke("run", *GIVEN[1:]).exit_code == 0
    assert invoke(*detailed).exit_code == ExitCode.DONE
    assert invoke(*detailed).stdout.endswith("changes\n          none that can be told\n")
    (folder / "people.csv").unlink()
    assert invoke(*detailed).exit_code == ExitCode.UNREACHABLE


def test_a_chart_for_mermaid(folder: Path, invoke: Any) -> None:
    """A box for everything, and what could be taken for markup as character codes."""
    (folder / "awkward.yml").write_text(AWKWARD)
    lines = invoke("plan", "awkward.yml", "--output", "mermaid").stdout.splitlines()
    assert lines[0] == "flowchart LR"
    assert lines[1].startswith('  source_0[("<b>a #60;b#62; #34;c#34; #38; d</b><br/>people.csv')
    assert "  source_0 --> stage_0" in lines
    assert "  class stage_0 kept" in lines
    assert "  class stage_1,stage_2 unused" in lines
    assert not [line for line in lines if "<y>" in line]


def test_a_picture(folder: Path, invoke: Any) -> None:
    """Well-formed, with every table, its columns and an arrow for everything that is read."""
    result = invoke(*GIVEN, "--output", "svg")
    picture = ElementTree.fromstring(result.stdout)
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"people", "adults", "cities", "out", "name", "int64", "out.csv"} <= set(texts)
    arrows = [each for each in picture.iter() if each.get("marker-end")]
    assert len(arrows) == 3


def test_a_picture_of_awkward_names(folder: Path, invoke: Any) -> None:
    """Names stay what they are."""
    (folder / "awkward.yml").write_text(AWKWARD)
    picture = ElementTree.fromstring(invoke("plan", "awkward.yml", "--output", "svg").stdout)
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {'a <b> "c" & d', "x<y>&", "kept", "unused", "not computed"} <= set(texts)
    looks = [each for each in picture.iter() if each.get("stroke-dasharray")]
    assert len(looks) == 2


def test_boxes_do_not_cover_each_other(folder: Path, invoke: Any) -> None:
    """In a graph of several layers, also where arrows pass some of them."""
    stages = "\n".join(
        f"  - - {{name: s{layer}, query: SELECT t.age FROM people t"
        + ("" if layer == 0 else f" JOIN s{layer - 1} p ON p.age = t.age")
        + "}\n"
        + f"    - {{name: side{layer}, query: SELECT city FROM people}}"
        for layer in range(4)
    )
    head = "sources: [{type: file, name: people, format: {type: csv}, location: people.csv}]\n"
    (folder / "wide.yml").write_text(f"{head}stages:\n{stages}\n")
    picture = ElementTree.fromstring(invoke("plan", "wide.yml", "--output", "svg").stdout)
    boxes = [
        [float(each.get(key, "0")) for key in ("x", "y", "width", "height")]
        for each in picture.iter("{http://www.w3.org/2000/svg}rect")
        if each.get("rx")
    ]
    assert len(boxes) == 9
    for index, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[index + 1 :]:
            is_beside = x + width <= other_x or other_x + other_width <= x
            assert is_beside or y + height <= other_y or other_y + other_height <= y


@pytest.mark.parametrize(
    ("name", "start"),
    [("p.svg", "<svg "), ("p.mmd", "flowchart"), ("p.json", "{"), ("p.txt", "plan of ")],
)
def test_the_file_tells_the_form(folder: Path, invoke: Any, name: str, start: str) -> None:
    """By its ending, where no form is asked for."""
    result = invoke(*GIVEN, "-o", name)
    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / name).read_text().startswith(start)


def test_a_file_that_cannot_be_written(folder: Path, invoke: Any) -> None:
    """A clear error."""
    result = invoke(*GIVEN, "--out", "nowhere/p.svg")
    assert result.exit_code == 1
    assert "'nowhere/p.svg' cannot be written: No such file or directory" in result.stderr
