"""Folders of links, and texts of the engine in which they are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqueducts.builtin.datafusion_engine.links import Links
from aqueducts.relations import DataFile


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Links in a folder of their own."""
    return Links(tmp_path / "links")


def test_one_file_is_one_link(links: Links, tmp_path: Path) -> None:
    """Its ending is the one that the engine wants."""
    folder = links.folder("t", [DataFile("/data/a[1].txt", 5)], ".csv")
    assert folder.location == str(tmp_path / "links" / "0" / "000000.csv")
    assert Path(folder.location).readlink() == Path("/data/a[1].txt")


def test_values_of_partitions_become_folders(links: Links, tmp_path: Path) -> None:
    """Encoded; files of one value share a folder."""
    files = [
        DataFile("/a", 1, ("x/y", "1")),
        DataFile("/b", 1, ("x/y", "1")),
        DataFile("/c", 1, ("z", None)),
    ]
    folder = links.folder("t", files, ".json", ["p", "q"])
    found = sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*.json"))
    assert folder.location == f"{folder.path}/"
    assert found == ["p=x%2Fy/q=1/000000.json", "p=x%2Fy/q=1/000001.json", "p=z/q=/000002.json"]


def test_owners_and_files_are_found_in_texts(links: Links, tmp_path: Path) -> None:
    """With a leading slash, as a URL, or without either; other paths stay as they are."""
    links.folder("first", [DataFile("/data/first.csv", 1)], ".csv")
    links.folder(
        "second",
        [DataFile("/data/x.csv", 1, ("1",)), DataFile("/data/y.csv", 1, ("2",))],
        ".csv.gz",
        ["p"],
    )
    root = tmp_path / "links"
    plan = (
        f"file_groups=[[{str(root).lstrip('/')}/1/p=2/000001.csv.gz:0..10]], other=/x/0/000000.csv"
    )
    assert links.owner_of(plan) == "second"
    assert links.owner_of("nothing here") is None
    assert links.restore(plan) == "file_groups=[[/data/y.csv:0..10]], other=/x/0/000000.csv"
    assert (
        links.restore(f"cannot read file://{root}/0/000000.csv: why")
        == "cannot read /data/first.csv: why"
    )
    assert links.restore(f"unknown {root}/7/000000.csv") == f"unknown {root}/7/000000.csv"
    assert links.restore("nothing here") == "nothing here"
