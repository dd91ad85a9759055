"""The mistakes that everybody makes first: each is answered with its place and its remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PIPELINE = """\
sources:
  - type: file
    name: sales
    format:
      type: csv
      options:
        schema:
          - {name: shop, data_type: string}
          - {name: amount, data_type: int64}
    location: ${folder}/sales.csv
stages:
  - - name: large
      query: SELECT shop, amount FROM sales WHERE amount > 1
  - - name: totals
      query: SELECT shop, sum(amount) AS total FROM large GROUP BY shop
  - - name: ranking
      query: |
        SELECT shop,
               total
        FROM totals
        ORDER BY total
destination:
  type: file
  name: ranking
  format: {type: csv}
  location: ranking.csv
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sales."""
    (tmp_path / "sales.csv").write_text("shop,amount\nnorth,3\nsouth,2\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "flags", "place", "sentence", "remedy"),
    [
        (
            "    location: ${folder}",
            "    loaction: ${folder}",
            ["-p", "folder=."],
            "10:5",
            "'location' is missing in source 'sales', and 'loaction' is not a known key",
            "did you mean 'location'?",
        ),
        (
            "data_type: int64",
            "data_type: int46",
            ["-p", "folder=."],
            "9:39",
            "unknown data type 'int46'",
            "did you mean 'int64'?",
        ),
        (
            "",
            "",
            [],
            "10:15",
            "parameter 'folder' has no value",
            "add -p folder=...",
        ),
        (
            "               total\n",
            "               totl\n",
            ["-p", "folder=."],
            "19:16",
            "stage 'ranking': there is no column 'totl'",
            "did you mean total?",
        ),
        (
            "  type: file\n  name: ranking",
            "  type: delta\n  name: ranking",
            ["-p", "folder=."],
            "23:9",
            "destination type 'delta' is not installed",
            "run: pip install 'aqueducts-core[delta]'",
        ),
    ],
    ids=["misspelt key", "wrong type", "missing parameter", "unknown column", "missing connector"],
)
def test_first_mistakes(
    shop: Path,
    invoke: Any,
    old: str,
    new: str,
    flags: list[str],
    place: str,
    sentence: str,
    remedy: str,
) -> None:
    """One error, at its place in the file, with what to write; nothing was written."""
    (shop / "pipeline.yml").write_text(PIPELINE.replace(old, new, 1) if old else PIPELINE)
    result = invoke("run", "-q", "pipeline.yml", *flags)
    assert result.exit_code == 2
    assert result.stderr.count("error[") == 1
    assert f"]: {sentence}\n" in result.stderr
    assert f" --> pipeline.yml:{place}\n" in result.stderr
    assert f"= help: {remedy}\n" in result.stderr
    assert not (shop / "ranking.csv").exists()


def test_without_a_mistake_it_runs(shop: Path, invoke: Any) -> None:
    """The pipeline is right but for what each test breaks."""
    (shop / "pipeline.yml").write_text(PIPELINE)
    assert invoke("run", "-q", "pipeline.yml", "-p", "folder=.").exit_code == 0
    assert (shop / "ranking.csv").read_text() == "shop,total\nsouth,2\nnorth,3\n"
