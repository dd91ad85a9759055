"""The suite of stores fails for each mistake it is there for, and says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import msgspec
import pytest

from aqueducts import hookimpl
from aqueducts.builtin import plugin as builtin_plugin
from aqueducts.builtin.local_store import LocalStore
from aqueducts.connectors import (
    Listing,
    ObjectStoreType,
    RunContext,
    StagedWrite,
    Store,
)
from aqueducts.errors import StorageError
from aqueducts.plugins import Plugins
from aqueducts.testing import ObjectStoreSuite


class _Staged(StagedWrite):
    """A staged write that goes on to another one; the mistakes below are changes of it."""

    def __init__(self, inner: StagedWrite, target: Path) -> None:
        self.inner = inner
        self.target = target
        self.path = inner.path

    def commit(self) -> None:
        self.inner.commit()

    def abort(self) -> None:
        self.inner.abort()

    def forbid_commit(self) -> None:
        self.inner.forbid_commit()


class _Store(Store):
    """A store that goes on to the local one; the mistakes below are changes of its parts."""

    staged: type[_Staged] = _Staged

    def __init__(self, path: str) -> None:
        self.path = path
        self.local = LocalStore(path)

    def find(self, extensions: Sequence[str]) -> Listing:
        return self.changed(self.local.find(extensions))

    def changed(self, listing: Listing) -> Listing:
        return listing

    def find_target(self, extensions: Sequence[str]) -> Listing | None:
        return self.local.find_target(extensions)

    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        self.local.check_target(is_single_file=is_single_file, extensions=extensions)

    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        inner = self.local.stage(context, is_single_file=is_single_file)
        return self.staged(inner, Path(self.path))


class _Good(ObjectStoreType):
    """Paths behind `mine://`."""

    schemes: ClassVar[tuple[str, ...]] = ("mine",)
    store: type[_Store] = _Store

    def open(self, location: str, options: Mapping[str, str]) -> Store:
        if not location.startswith("mine:///"):
            raise StorageError(f"{location!r} has no path", hint="write mine:///path")
        return self.store(location.removeprefix("mine://"))


class _Suite(ObjectStoreSuite):
    offered: type[ObjectStoreType] = _Good

    def installed_plugins(self) -> Plugins:
        def aqueducts_object_stores() -> list[type[ObjectStoreType]]:
            return [self.offered]

        module = ModuleType("mine")
        vars(module)["aqueducts_object_stores"] = hookimpl(aqueducts_object_stores)
        return Plugins.of(builtin=builtin_plugin, mine=module)

    def store_type(self) -> type[ObjectStoreType]:
        return self.offered

    def location(self, folder: Path) -> str:
        return f"mine://{folder}"

    def read_file(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def bad_location(self) -> str:
        return "mine://elsewhere"


_CHECKS = sorted(name for name in dir(_Suite) if name.startswith("test_"))


def test_nothing_is_left_out() -> None:
    """All checks are there; each has a mistake below."""
    assert len(_CHECKS) == 15
    assert {check for check, _, _ in _MISTAKES} == set(_CHECKS)


def _run(suite: ObjectStoreSuite, check: str, folder: Path) -> None:
    function = getattr(suite, check)
    arguments = [folder] if function.__code__.co_argcount > 1 else []
    function(*arguments)


@pytest.mark.parametrize("check", _CHECKS)
def test_a_good_store_passes(check: str, tmp_path: Path) -> None:
    """What is right is not told to be wrong."""
    _run(_Suite(), check, tmp_path)


class _Capitals(_Good):
    schemes = ("Mine",)


class _Anything(_Good):
    def open(self, location: str, options: Mapping[str, str]) -> Store:
        raise ValueError(location)


class _Empty(_Store):
    def find(self, extensions: Sequence[str]) -> Listing:
        try:
            return super().find(extensions)
        except StorageError:
            return Listing(root="/", files=[])


class _Wordless(_Store):
    def find(self, extensions: Sequence[str]) -> Listing:
        try:
            return super().find(extensions)
        except StorageError as error:
            raise StorageError("nothing is there") from error


class _Sizeless(_Store):
    def changed(self, listing: Listing) -> Listing:
        files = [msgspec.structs.replace(file, size_bytes=0) for file in listing.files]
        return msgspec.structs.replace(listing, files=files)


class _Folders(_Store):
    def changed(self, listing: Listing) -> Listing:
        return msgspec.structs.replace(listing, is_directory=True)


class _Unsorted(_Store):
    def changed(self, listing: Listing) -> Listing:
        return msgspec.structs.replace(listing, files=list(reversed(listing.files)))


class _Secretive(_Store):
    def changed(self, listing: Listing) -> Listing:
        return msgspec.structs.replace(listing, skipped=())


class _Flat(_Store):
    def changed(self, listing: Listing) -> Listing:
        files = [file for file in listing.files if "/sub/" not in file.path]
        return msgspec.structs.replace(listing, files=files)


class _NoGlobs(_Store):
    def find(self, extensions: Sequence[str]) -> Listing:
        if "*" in self.path:
            raise StorageError(f"there is no {self.path!r}")
        return super().find(extensions)


class _MadeStaged(_Staged):
    def __init__(self, inner: StagedWrite, target: Path) -> None:
        super().__init__(inner, target)
        self.path.touch()


class _Made(_Store):
    staged = _MadeStaged


class _NamelessStaged(_Staged):
    def __init__(self, inner: StagedWrite, target: Path) -> None:
        super().__init__(inner, target)
        self.path = self.path.with_name("data")


class _Nameless(_Store):
    staged = _NamelessStaged


class _Beside(StagedWrite):
    """Stages beside the target, tells nobody, and forgets nothing."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name("." + target.name)
        self.path = self.path if self.path.suffix else self.path.with_suffix(".csv")

    def commit(self) -> None:
        if self.target.is_dir():
            shutil.copytree(self.path, self.target, dirs_exist_ok=True)
        else:
            self.path.replace(self.target)

    def abort(self) -> None:
        self.path.unlink(missing_ok=True)

    def forbid_commit(self) -> None:
        """Forget it."""


class _Untold(_Store):
    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        return _Beside(Path(self.path))


class _Direct(_Beside):
    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self.path = target
        target.unlink(missing_ok=True)

    def commit(self) -> None:
        """It is there already."""


class _InPlace(_Store):
    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        if Path(self.path).exists():
            return _Direct(Path(self.path))
        return super().stage(context, is_single_file=is_single_file)


class _RevivingStaged(_Staged):
    def commit(self) -> None:
        try:
            self.inner.commit()
        except StorageError:
            self.target.write_text("new")


class _Reviving(_Store):
    staged = _RevivingStaged


class _Merging(_Store):
    def stage(self, context: RunContext, *, is_single_file: bool) -> StagedWrite:
        if Path(self.path).is_dir():
            return _Beside(Path(self.path))
        return super().stage(context, is_single_file=is_single_file)


class _Touching(_Store):
    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        Path(self.path).touch()


class _Seeing(_Store):
    def find_target(self, extensions: Sequence[str]) -> Listing | None:
        return Listing(root="/", files=[])


class _Hoping(_Store):
    def find_target(self, extensions: Sequence[str]) -> Listing | None:
        return super().find_target(extensions) or Listing(root="/", files=[])


class _Mute(_Store):
    def find_target(self, extensions: Sequence[str]) -> Listing | None:
        raise NotImplementedError


class _Careless(_Store):
    def check_target(self, *, is_single_file: bool, extensions: Sequence[str]) -> None:
        """Whatever is there."""


def _type_of(store: type[_Store]) -> type[ObjectStoreType]:
    return type(store.__name__, (_Good,), {"store": store})


_MISTAKES: list[tuple[str, type[ObjectStoreType], str]] = [
    ("test_schemes_are_schemes", _Capitals, r"schemes is \('Mine',\)"),
    ("test_bad_locations_are_refused", _Anything, "ValueError is raised"),
    ("test_nothing_there_is_an_error", _type_of(_Empty), "nothing is raised"),
    ("test_nothing_there_is_an_error", _type_of(_Wordless), "does not name the location"),
    ("test_files_are_written_and_found", _type_of(_Sizeless), "its size is 0 bytes of 4"),
    ("test_files_are_written_and_found", _type_of(_Folders), "a file is called a directory"),
    ("test_folders_are_walked", _type_of(_Unsorted), "sort the files by path"),
    ("test_folders_are_walked", _type_of(_Secretive), r"skipped is \[\]"),
    ("test_folders_are_walked", _type_of(_Flat), r"find gives \['a.csv', 'b.csv'\]"),
    ("test_globs_are_expanded", _type_of(_NoGlobs), "find fails for"),
    ("test_staged_paths_are_new", _type_of(_Made), "staged.path is .*that does not exist"),
    ("test_staged_paths_are_new", _type_of(_Nameless), "is called 'data'"),
    ("test_the_run_is_told", _type_of(_Untold), "at the end of the run staged.path is there"),
    ("test_nothing_is_seen_before_commit", _type_of(_InPlace), "before commit the target holds"),
    ("test_aborted_writes_leave_nothing", _type_of(_Reviving), "on commit after abort, nothing"),
    ("test_forbidden_writes_are_not_committed", _type_of(_Reviving), "nothing is raised"),
    ("test_folders_are_replaced_as_a_whole", _type_of(_Merging), "the folder has"),
    ("test_looking_changes_nothing", _type_of(_Touching), "after check_target the folder has"),
    ("test_targets_are_found", _type_of(_Seeing), r"where a.csv is, find_target gives \[\]"),
    ("test_targets_are_found", _type_of(_Hoping), "where nothing is, find_target gives Listing"),
    ("test_other_files_are_protected", _type_of(_Careless), "for a folder with other files"),
]
"""A check, a store with the mistake that it is there for, and what it says."""


@pytest.mark.parametrize(
    ("check", "offered", "words"),
    [pytest.param(*each, id=f"{each[0][5:]}:{each[1].__name__}") for each in _MISTAKES],
)
def test_a_mistake_is_found(
    check: str, offered: type[ObjectStoreType], words: str, tmp_path: Path
) -> None:
    """The check fails, in words that name the mistake and what to do about it."""
    suite = _Suite()
    suite.offered = offered
    with pytest.raises(pytest.fail.Exception, match=f"(?s){words}") as caught:
        _run(suite, check, tmp_path)
    assert "\n  help: " in str(caught.value)


def test_what_is_not_supported_is_left_out() -> None:
    """Stores without globs, or with nothing to protect, say so."""

    class Plain(_Suite):
        supports_globs = False
        protects_other_files = False

    left_out = {check for check in _CHECKS if not callable(getattr(Plain, check))}
    assert left_out == {"test_globs_are_expanded", "test_other_files_are_protected"}


def test_a_store_may_not_know_its_targets(tmp_path: Path) -> None:
    """Then plans tell nothing of them."""
    suite = _Suite()
    suite.offered = _type_of(_Mute)
    _run(suite, "test_targets_are_found", tmp_path)
