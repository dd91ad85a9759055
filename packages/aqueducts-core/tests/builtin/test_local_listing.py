"""Finding files on the local file system."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aqueducts.builtin.local_store import LocalStoreType
from aqueducts.connectors import Listing
from aqueducts.errors import StorageError


def _find(location: str | Path, *extensions: str) -> Listing:
    return LocalStoreType().open(str(location), {}).find(extensions or (".csv",))


def _names(listing: Listing) -> list[str]:
    return [os.path.relpath(file.path, listing.root) for file in listing.files]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., None]:
    """Return what makes files of three bytes."""

    def files(*names: str) -> None:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("a\n1")

    return files


def test_a_file_is_found_whatever_its_ending(tmp_path: Path, make: Callable[..., None]) -> None:
    """Who names one file means it."""
    make("_data.txt")
    listing = _find(tmp_path / "_data.txt")

    assert _names(listing) == ["_data.txt"]
    assert listing.files[0].size_bytes == 3
    assert not listing.is_directory


@pytest.mark.parametrize(
    "name",
    ["a b", "quo'te\"", "ünï 😀", "ha#sh", "100%", "a%20b", "new\nline", "*?[x]", "a\\b", "~"],
)
def test_any_name_works(tmp_path: Path, make: Callable[..., None], name: str) -> None:
    """As a file, as a folder, and as a URL."""
    make(f"{name}/{name}.csv")

    assert _names(_find(tmp_path / name / f"{name}.csv")) == [f"{name}.csv"]
    assert _names(_find(f"{tmp_path / name}/")) == [f"{name}.csv"]
    assert _names(_find((tmp_path / name).as_uri())) == [f"{name}.csv"]


def test_relative_paths_are_below_the_working_directory(
    tmp_path: Path, make: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also through `..`, which is taken after links are followed."""
    make("a/b/x.csv", "other/deep/y.csv", "other/x.csv")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "other" / "deep")
    monkeypatch.chdir(tmp_path / "a")

    assert _find("./b/x.csv").files[0].path == str(tmp_path / "a/b/x.csv")
    assert _find("link/../x.csv").files[0].path == str(tmp_path / "other/x.csv")


def test_a_folder_is_walked_with_all_its_subfolders(
    tmp_path: Path, make: Callable[..., None]
) -> None:
    """Sorted; compressed files too; hidden ones and metadata are no data; others are skipped."""
    make("b.csv", "a.csv.gz", "C.CSV", "x/y/z.csv.zst", "day=1/a.csv", "_key=2/a.csv")
    make(".hidden.csv", "_SUCCESS", ".a.csv.crc", "_tmp/a.csv", ".git/a.csv")
    make("read.me", "x/a.json")
    listing = _find(tmp_path)

    assert _names(listing) == sorted(
        ["b.csv", "a.csv.gz", "C.CSV", "x/y/z.csv.zst", "day=1/a.csv", "_key=2/a.csv"]
    )
    assert listing.skipped == [str(tmp_path / "read.me"), str(tmp_path / "x/a.json")]
    assert listing.is_directory
    assert listing.root == str(tmp_path)


def test_symbolic_links_are_followed_but_not_in_circles(
    tmp_path: Path, make: Callable[..., None]
) -> None:
    """A link to a folder above ends the walk there."""
    make("data/a.csv", "far/b.csv")
    (tmp_path / "data" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "data" / "far.csv").symlink_to(tmp_path / "far" / "b.csv")
    (tmp_path / "far" / "round").symlink_to(tmp_path / "data")

    assert _names(_find(tmp_path / "data")) == ["a.csv", "far.csv", "far/b.csv"]
    assert "far/b.csv" in _names(_find(f"{tmp_path}/data/**/*.csv"))


def test_a_broken_link_is_no_missing_data(tmp_path: Path, make: Callable[..., None]) -> None:
    """Passing over it would lose rows."""
    make("data/a.csv")
    (tmp_path / "data" / "b.csv").symlink_to("nowhere.csv")

    with pytest.raises(StorageError, match="does not exist"):
        _find(tmp_path / "data")
    with pytest.raises(StorageError, match=r"symbolic link to .*nowhere"):
        _find(tmp_path / "data" / "b.csv")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("2024-*.csv", ["2024-1.csv", "2024-2.csv"]),
        ("2024-?.csv", ["2024-1.csv", "2024-2.csv"]),
        ("2024-[!1].csv", ["2024-2.csv"]),
        ("*.txt", ["notes.txt"]),
        ("2024-*", ["2024-1.csv", "2024-2.csv", "2024-3/a.csv"]),
        ("*", ["2024-1.csv", "2024-2.csv", "2024-3/a.csv", "part-0", "year=2023/month=1/x.csv"]),
        ("part-*", ["part-0"]),
        ("year=*/month=*/*.csv", ["year=2023/month=1/x.csv"]),
        ("year=*/month=*/", ["year=2023/month=1/x.csv"]),
        ("year=*", ["year=2023/month=1/x.csv"]),
        ("**/x.csv", ["year=2023/month=1/x.csv"]),
        ("**/*.csv", ["2024-1.csv", "2024-2.csv", "2024-3/a.csv", "year=2023/month=1/x.csv"]),
        (
            "**",
            ["2024-1.csv", "2024-2.csv", "2024-3/a.csv", "part-0", "year=2023/month=1/x.csv"],
        ),
        ("_*.csv", ["_2024.csv"]),
        ("*/a.csv", ["2024-3/a.csv"]),
    ],
)
def test_globs(tmp_path: Path, make: Callable[..., None], pattern: str, found: list[str]) -> None:
    """Folders that match are walked; endings count where the pattern has none."""
    make("2024-1.csv", "2024-2.csv", "2024-3/a.csv", "2024-3/b.txt", "2024-1.csv.md5")
    make("notes.txt", "_2024.csv", "part-0", "year=2023/month=1/x.csv", "year=2023/_SUCCESS")
    listing = _find(f"{tmp_path}/{pattern}")

    assert _names(listing) == found
    assert listing.is_directory


def test_a_path_that_exists_is_no_glob(tmp_path: Path, make: Callable[..., None]) -> None:
    """`a[1].csv` as downloaded wins over `a1.csv`."""
    make("a[1].csv", "a1.csv", "b1.csv")

    assert _names(_find(tmp_path / "a[1].csv")) == ["a[1].csv"]
    assert _names(_find(tmp_path / "b[1].csv")) == ["b1.csv"]


def test_errors_say_what_is_there(tmp_path: Path, make: Callable[..., None]) -> None:
    """A typing error in a path is found, never zero rows."""
    make("data/sales.csv", "data/read.me", "empty/.keep")
    for location, message in {
        "data/sale.csv": "does not exist.*did you mean '.*/data/sales.csv'",
        "dta/sales.csv": "there is no 'dta' in .*did you mean '.*/data'",
        "data/sales.csv/": "is a file, not a folder.*remove the slash",
        "data/sales.csv/x": "sales.csv' is a file, not a folder",
        "data/*.parquet": "no file matches.*holds 'read.me', 'sales.csv'",
        "nothing*/x.csv": "no file matches",
        "empty": "no file that ends in .csv in",
        "data/r*": "there are only 'read.me'",
    }.items():
        with pytest.raises(StorageError, match=f"(?s){message}"):
            _find(tmp_path / location if location[-1] != "/" else f"{tmp_path}/{location}")
    with pytest.raises(StorageError, match=r"(?s)no file that ends in \.json, \.jsonl .*'read.me'"):
        _find(tmp_path / "data", ".json", ".jsonl")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """A pipe would block forever, and cannot be read twice."""
    os.mkfifo(tmp_path / "pipe.csv")

    with pytest.raises(StorageError, match="not a regular file"):
        _find(tmp_path / "pipe.csv")
    with pytest.raises(StorageError, match="not a regular file"):
        _find(tmp_path)


@pytest.mark.parametrize("url", ["file://host/a.csv", "file://data.csv"])
def test_urls_of_other_machines_are_refused(url: str) -> None:
    """Two slashes instead of three are the usual mistake."""
    with pytest.raises(StorageError, match="three slashes"):
        _find(url)


def test_ten_thousand_files_are_found_quickly(tmp_path: Path) -> None:
    """The time is that of asking the system for names and sizes."""
    for folder in range(10):
        (tmp_path / f"day={folder}").mkdir()
        for number in range(1000):
            (tmp_path / f"day={folder}" / f"{number}.csv").touch()
    started = time.process_time()
    listing = _find(tmp_path)

    assert len(listing.files) == 10_000
    assert time.process_time() - started < 2
