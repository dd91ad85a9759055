"""Checks of a kind of store."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from aqueducts.connectors import Listing, ObjectStoreType, StagedWrite, Store
from aqueducts.errors import StorageError
from aqueducts.testing.bench import Bench
from aqueducts.testing.suite import Suite, expect_error, explained, needs, optional, require

__all__ = ["ObjectStoreSuite"]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z")
_STAGE = "let nothing be seen at the location before commit, and nothing be left after abort"
_ENDINGS = (".csv",)


class ObjectStoreSuite(Suite, ABC):
    """Checks of a store. Override `store_type`, `location` and `read_file`."""

    supports_globs: bool = True
    """Whether a location may be a glob."""
    protects_other_files: bool = True
    """Whether a folder that holds other things than data is never replaced."""

    @abstractmethod
    def store_type(self) -> type[ObjectStoreType]:
        """The class under test."""

    @abstractmethod
    def location(self, folder: Path) -> str:
        """The location of an empty place for files, new for each folder; no slash at the end."""

    @abstractmethod
    def read_file(self, path: str) -> bytes:
        """The bytes of a file by the path that `find` gives, read without this store."""

    def options(self) -> Mapping[str, str]:
        """What `storage_config` holds in a pipeline file."""
        return {}

    @optional
    def bad_location(self) -> str:
        """A location that the store can never serve."""
        raise NotImplementedError

    def test_schemes_are_schemes(self) -> None:
        """Schemes are in lower case, and the plugin offers the store by each."""
        kind = self.store_type()
        schemes = getattr(kind, "schemes", ())
        require(
            isinstance(schemes, tuple) and schemes and all(map(_SCHEME.match, schemes)),
            f"{kind.__name__}.schemes is {schemes!r}",
            'give schemes without colon: schemes = ("mine",)',
        )
        missing = [
            each for each in schemes if self.installed_plugins().object_stores.get(each) is not kind
        ]
        require(
            not missing,
            f"no installed plugin offers {kind.__name__} for {', '.join(missing)}",
            "return the class from the hook aqueducts_object_stores",
        )

    @needs("bad_location")
    def test_bad_locations_are_refused(self) -> None:
        """A location that cannot be is a StorageError."""
        remedy = "check the location in open, and raise StorageError that quotes it"
        with expect_error((StorageError,), "for a bad location", remedy):
            self.store_type()().open(self.bad_location(), self.options()).find(_ENDINGS)

    def test_nothing_there_is_an_error(self, tmp_path: Path) -> None:
        """`find` raises StorageError where there is nothing, and names the location."""
        with self.open_bench(tmp_path) as bench:
            remedy = "raise StorageError, with what is there instead as its hint"
            with expect_error((StorageError,), "where nothing is", remedy) as caught:
                self._store(bench, "missing.csv").find(_ENDINGS)
            require(
                "missing.csv" in str(caught[0]),
                f"the error does not name the location: {caught[0].message}",
                "quote the location as it was given",
            )

    def test_files_are_written_and_found(self, tmp_path: Path) -> None:
        """A committed file is found with its size, and holds what was written."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "a.csv", b"a\n1\n")
            listing = self._find(bench, "a.csv")
            require(
                len(listing.files) == 1, f"find gives {len(listing.files)} files", "give the one"
            )
            [file] = listing.files
            require(file.size_bytes == 4, f"its size is {file.size_bytes} bytes of 4", "tell bytes")
            require(
                not listing.is_directory, "a file is called a directory", "say is_directory=False"
            )
            content = self.read_file(file.path)
            require(content == b"a\n1\n", f"it holds {content!r}", "commit what is at staged.path")

    def test_folders_are_walked(self, tmp_path: Path) -> None:
        """A folder gives its files and those of its subfolders, sorted; others are told of."""
        with self.open_bench(tmp_path) as bench:
            for name in ("in/b.csv", "in/a.csv", "in/sub/c.csv", "in/note.txt"):
                self._put(bench, name, b"x")
            listing = self._find(bench, "in")
            found = [file.path for file in listing.files]
            names = [path.rpartition("/")[2] for path in found]
            require(
                sorted(names) == ["a.csv", "b.csv", "c.csv"],
                f"find gives {names} in a folder of a.csv, b.csv, sub/c.csv and note.txt",
                "walk the folder, and give what ends in one of `extensions`",
            )
            require(found == sorted(found), f"the paths are {found}", "sort the files by path")
            require(listing.is_directory, "a folder is not called one", "say is_directory=True")
            require(
                all(path.startswith(listing.root) for path in found),
                f"the root is {listing.root!r}, a file is {found[0]!r}",
                "root is what the paths of all files begin with",
            )
            skipped = [path.rpartition("/")[2] for path in listing.skipped]
            require(
                skipped == ["note.txt"],
                f"skipped is {skipped}",
                "tell files with other endings in Listing.skipped: users mistype formats",
            )

    @needs("supports_globs")
    def test_globs_are_expanded(self, tmp_path: Path) -> None:
        """A star stands for a part of a name; nothing that matches is an error."""
        with self.open_bench(tmp_path) as bench:
            for name in ("x-1.csv", "x-2.csv", "y-1.csv"):
                self._put(bench, name, b"x")
            names = [file.path.rpartition("/")[2] for file in self._find(bench, "x-*.csv").files]
            require(names == ["x-1.csv", "x-2.csv"], f"x-*.csv gives {names}", "expand the glob")
            with expect_error(
                (StorageError,), "for a glob that matches nothing", "raise StorageError"
            ):
                self._store(bench, "z-*.csv").find(_ENDINGS)

    def test_staged_paths_are_new(self, tmp_path: Path) -> None:
        """What is staged has a local path that is not there yet and ends like the target."""
        with self.open_bench(tmp_path) as bench:
            staged = self._stage(bench, "a.csv.gz")
            require(
                not staged.path.exists(),
                f"staged.path is {staged.path!r}",
                "give a local path that does not exist, in a folder that does",
            )
            require(staged.path.parent.is_dir(), "the folder of staged.path is missing", "make it")
            require(
                staged.path.name.endswith(".csv.gz"),
                f"the staged file of a.csv.gz is called {staged.path.name!r}",
                "let it end like the target: writers choose the compression by it",
            )
            staged.abort()

    def test_the_run_is_told(self, tmp_path: Path) -> None:
        """`stage` tells the run, which removes what is left at its end."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "a.csv", b"old")
            staged = self._stage(bench, "a.csv")
            staged.path.write_bytes(b"new")
            bench.context.abort_staged()
            remedy = "call context.staged(write) in stage"
            require(not staged.path.exists(), "at the end of the run staged.path is there", remedy)
            self._require(bench, b"old", "after the run has ended")

    def test_nothing_is_seen_before_commit(self, tmp_path: Path) -> None:
        """The target is as it was until commit, then it is the new one."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "a.csv", b"old")
            staged = self._stage(bench, "a.csv")
            staged.path.write_bytes(b"new")
            self._require(bench, b"old", "before commit")
            beside = self._names(bench)
            require(beside == ["a.csv"], f"before commit the folder has {beside}", _STAGE)
            staged.commit()
            self._require(bench, b"new", "after commit")
            staged.abort()
            self._require(bench, b"new", "after abort that follows commit")
            require(
                not staged.path.exists(), "staged.path is left after commit", "move or remove it"
            )

    def test_aborted_writes_leave_nothing(self, tmp_path: Path) -> None:
        """After abort, from any thread, commit fails and the target is as it was."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "a.csv", b"old")
            for name in ("a.csv", "new.csv"):
                staged = self._stage(bench, name)
                staged.path.write_bytes(b"new")
                thread = threading.Thread(target=staged.abort)
                thread.start()
                thread.join(30)
                with explained(
                    "a second abort fails", "abort may be called at any time, and again"
                ):
                    staged.abort()
                require(not staged.path.exists(), "staged.path is left after abort", _STAGE)
                with expect_error((StorageError,), "on commit after abort", "raise StorageError"):
                    staged.commit()
            self._require(bench, b"old", "after abort")
            names = self._names(bench)
            require(names == ["a.csv"], f"after abort the folder has {names}", _STAGE)

    def test_forbidden_writes_are_not_committed(self, tmp_path: Path) -> None:
        """After forbid_commit, commit fails and the target is as it was."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "a.csv", b"old")
            staged = self._stage(bench, "a.csv")
            staged.path.write_bytes(b"new")
            staged.forbid_commit()
            remedy = "remember it in forbid_commit, and raise StorageError in commit"
            with expect_error((StorageError,), "on commit after forbid_commit", remedy):
                staged.commit()
            self._require(bench, b"old", "after forbid_commit")
            staged.abort()

    def test_folders_are_replaced_as_a_whole(self, tmp_path: Path) -> None:
        """What a folder held before is gone once another is committed, and only then."""
        with self.open_bench(tmp_path) as bench:
            for version, names in (("one", ["a.csv", "b.csv"]), ("two", ["c.csv"])):
                staged = self._store(bench, "out").stage(bench.context, is_single_file=False)
                staged.path.mkdir()
                for name in names:
                    (staged.path / name).write_text(version)
                staged.commit()
            files = self._find(bench, "out").files
            names = [file.path.rpartition("/")[2] for file in files]
            require(
                names == ["c.csv"], f"after the second write the folder has {names}", "replace it"
            )
            content = self.read_file(files[0].path)
            require(content == b"two", f"c.csv holds {content!r}", "commit what was staged")

    def test_looking_changes_nothing(self, tmp_path: Path) -> None:
        """`check_target` makes nothing, and takes a place where a file was written before."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "a.csv", b"old")
            for name in ("a.csv", "new.csv"):
                with explained(
                    "check_target refuses a plain file", "refuse only what is destroyed"
                ):
                    self._store(bench, name).check_target(is_single_file=True, extensions=_ENDINGS)
            names = self._names(bench)
            require(names == ["a.csv"], f"after check_target the folder has {names}", "only look")
            self._require(bench, b"old", "after check_target")

    def test_targets_are_found(self, tmp_path: Path) -> None:
        """What a write would replace is told, or that the store cannot tell."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "a.csv", b"old")
            try:
                there = self._store(bench, "a.csv").find_target(_ENDINGS)
                missing = self._store(bench, "new.csv").find_target(_ENDINGS)
            except NotImplementedError:
                return
            names = [file.path.rpartition("/")[2] for file in (there.files if there else ())]
            require(names == ["a.csv"], f"where a.csv is, find_target gives {names}", "give it")
            require(
                missing is None,
                f"where nothing is, find_target gives {missing}",
                "return None: there is nothing to replace",
            )

    @needs("protects_other_files")
    def test_other_files_are_protected(self, tmp_path: Path) -> None:
        """A folder that holds more than data is not replaced, nor is a folder by a file."""
        with self.open_bench(tmp_path) as bench:
            self._put(bench, "out/data.csv", b"x")
            self._put(bench, "out/thesis.doc", b"x")
            remedy = "look at what is there: replace only what a run may have written"
            with expect_error((StorageError,), "for a folder with other files", remedy):
                self._store(bench, "out").check_target(is_single_file=False, extensions=_ENDINGS)
            with expect_error((StorageError,), "for a file where a folder is", remedy):
                self._store(bench, "out").check_target(is_single_file=True, extensions=_ENDINGS)

    def open_bench(self, folder: Path) -> Bench:
        """What a check works with; for checks of your own as well."""
        return Bench(folder, self.installed_plugins())

    def _store(self, bench: Bench, name: str) -> Store:
        location = f"{self.location(bench.folder)}/{name}"
        return self.store_type()().open(location, self.options())

    def _stage(self, bench: Bench, name: str) -> StagedWrite:
        with explained("stage fails", "see the error below"):
            return self._store(bench, name).stage(bench.context, is_single_file=True)

    def _put(self, bench: Bench, name: str, content: bytes) -> None:
        staged = self._stage(bench, name)
        staged.path.write_bytes(content)
        with explained("commit fails", "see the error below"):
            staged.commit()

    def _find(self, bench: Bench, name: str) -> Listing:
        with explained(f"find fails for {name}, which was committed before", "see the error below"):
            return self._store(bench, name).find(_ENDINGS)

    def _require(self, bench: Bench, content: bytes, when: str) -> None:
        [file] = self._find(bench, "a.csv").files
        found = self.read_file(file.path)
        require(
            found == content, f"{when} the target holds {found!r} instead of {content!r}", _STAGE
        )

    def _names(self, bench: Bench) -> list[str]:
        location = self.location(bench.folder)
        listing = self.store_type()().open(location, self.options()).find(_ENDINGS)
        return [
            path.rpartition("/")[2] for path in (*(f.path for f in listing.files), *listing.skipped)
        ]
