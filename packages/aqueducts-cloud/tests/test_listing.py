"""Folders and globs: the same files as on a disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from aqueducts.plugins import Plugins
from aqueducts.storage import open_store
from aqueducts_cloud.bucket import Found
from aqueducts_cloud.listing import data_endings, folder_of_glob, in_folder, matching

_KEYS = (
    *("a/one.csv", "a/two.csv.gz", "a/three.json", "a/four", "a/_SUCCESS", "a/.hidden.csv"),
    *("a/d=1/x.csv", "a/d=2/y.csv", "a/_d=3/z.csv", "a/_old/w.csv", "a/.tmp/v.csv"),
    *("a/deep/er/u.csv", "a/deep/t.txt", "b/one.csv", "a[1]/s.csv", "c.csv"),
)
_ENDINGS = (".csv",)


def _found(keys: Sequence[str]) -> list[Found]:
    return [Found(key, 1, 0.0, None) for key in sorted(keys)]


@pytest.mark.parametrize(
    "pattern",
    [
        *("a/*.csv", "a/*", "a/**", "a/**/*.csv", "**/one.csv", "a/d=*/*.csv", "a/d=[12]/x.csv"),
        *("?/one.csv", "*/*", "a/deep/*.txt", "a/*.t*", "a/_*/*.csv", "*.csv", "a/t*", "**/t.txt"),
        *("a/**/er", "a/nothing*.csv", "**"),
    ],
)
def test_globs_find_what_they_find_on_a_disk(pattern: str, tmp_path: Path) -> None:
    """Every file, and every file that is passed over."""
    for key in _KEYS:
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    store = open_store(Plugins.discover(), f"{tmp_path}/{pattern}", {})
    try:
        listing = store.find(_ENDINGS)
        local = [file.path for file in listing.files]
        skipped = list(listing.skipped)
    except Exception:  # noqa: BLE001 - there is no data, which is said in two ways
        local, skipped = [], []
    selection = matching(_found(_KEYS), pattern, data_endings(_ENDINGS))
    keys = [each.key for each in selection.files]
    assert sorted(keys) == sorted(path.removeprefix(f"{tmp_path}/") for path in local)
    if local:
        passed = sorted(each.key for each in selection.skipped)
        assert passed == sorted(path.removeprefix(f"{tmp_path}/") for path in skipped)


@pytest.mark.parametrize("folder", ["a", "a/deep", "b"])
def test_folders_have_what_they_have_on_a_disk(folder: str, tmp_path: Path) -> None:
    """With all their subfolders, but for hidden ones."""
    for key in _KEYS:
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    listing = open_store(Plugins.discover(), f"{tmp_path}/{folder}", {}).find(_ENDINGS)
    below = [each for each in _found(_KEYS) if each.key.startswith(f"{folder}/")]
    selection = in_folder(below, folder, data_endings(_ENDINGS))
    assert sorted(each.key for each in selection.files) == sorted(
        file.path.removeprefix(f"{tmp_path}/") for file in listing.files
    )
    assert sorted(each.key for each in selection.skipped) == sorted(
        path.removeprefix(f"{tmp_path}/") for path in listing.skipped
    )


@pytest.mark.parametrize(
    ("pattern", "folder"), [("a/b/*.csv", "a/b"), ("*.csv", ""), ("a/d=*/x.csv", "a")]
)
def test_the_folder_above_a_glob(pattern: str, folder: str) -> None:
    """What is listed."""
    assert folder_of_glob(pattern) == folder
