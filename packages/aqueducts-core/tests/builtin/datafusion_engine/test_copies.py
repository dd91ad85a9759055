"""Copies of files that are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aqueducts.builtin.datafusion_engine.copies import brought_near, local_path
from aqueducts.data_files import open_file
from aqueducts.errors import EngineError, StorageError
from aqueducts.relations import DataFile, FileScan


class _Shelf:
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, path: str, start: int, end: int) -> Iterator[memoryview]:
        content = self.files[path][start:end]
        yield memoryview(content[:3])
        yield memoryview(content[3:])

    def scan(self) -> FileScan:
        files = [DataFile(path, len(text), reader=self) for path, text in self.files.items()]
        return FileScan("csv", files)


def test_files_of_this_machine_are_left_alone(tmp_path: Path) -> None:
    """Nothing is made."""
    scan = FileScan("csv", [DataFile("/a.csv", 1)])
    assert brought_near(scan, tmp_path / "copies") == (scan, scan)
    assert local_path(scan.files[0]) == "/a.csv"
    assert not (tmp_path / "copies").exists()


def test_copies_keep_their_names(tmp_path: Path) -> None:
    """Messages name what the user wrote, reading and linking take the copy."""
    shelf = _Shelf({"x://a.csv": b"a\n1\n22\n", "x://b.csv": b"a\n3\n"})
    scan = brought_near(shelf.scan(), tmp_path / "copies")[0]
    assert [file.path for file in scan.files] == ["x://a.csv", "x://b.csv"]
    shelf.files.clear()
    for file, text in zip(scan.files, (b"a\n1\n22\n", b"a\n3\n"), strict=True):
        assert Path(local_path(file)).read_bytes() == text
        with open_file(file) as opened:
            opened.seek(2)
            assert opened.read() == text[2:]
    assert brought_near(scan, tmp_path / "copies") == (scan, scan)


def test_what_was_not_copied_has_no_path() -> None:
    """A mistake of the engine is told as one."""
    with pytest.raises(EngineError, match="no copy"):
        local_path(_Shelf({"x://a": b""}).scan().files[0])


def test_a_disk_without_room_is_told(tmp_path: Path) -> None:
    """Where the copies go is named."""
    folder = tmp_path / "copies"
    folder.write_text("a file in the way")
    with pytest.raises((StorageError, FileExistsError)):
        brought_near(_Shelf({"x://a": b"a"}).scan(), folder)
