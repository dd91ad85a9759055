"""What a suite of a destination says of it, and checks of the values that are written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from aqueducts.connectors import Destination
from aqueducts.errors import DestinationError
from aqueducts.testing.bench import Bench
from aqueducts.testing.frames import ScriptedFrame
from aqueducts.testing.suite import Suite, explained, fail, needs, optional, require
from aqueducts.testing.tables import (
    ALL_TYPES,
    AWKWARD_NAMES,
    AWKWARD_TEXTS,
    difference,
    small_table,
    table_of_types,
)

__all__ = ["DestinationValues"]


class DestinationValues(Suite, ABC):
    """What `DestinationSuite` is told, and its checks of types, names and texts."""

    appends: bool = False
    """Whether rows are added to those that are there; otherwise they are replaced."""
    keeps_rows: bool = True
    """Whether `read_back` gives the rows; False where the target holds something made of them, and
    `state` is overridden."""
    supports_commit_ban: bool = True
    """Whether the target stays as it is once a run is stopped; see RunContext.staged."""
    supports_kill: bool = False
    """Whether a process may be killed while it writes. The suite then has to be a class at the top
    of a module of its own file, and the target in `folder` or in another process."""
    bounds_memory: bool = True
    """Whether memory does not grow with the result; False where the target is this memory."""
    keeps_columns_of_empty: bool = True
    """Whether a result without rows leaves its columns at the target."""
    preserves_types: Collection[str] = ALL_TYPES
    """Names of the types that come back as they were, of those in `ALL_TYPES`."""
    awkward_texts: Sequence[str | None] = AWKWARD_TEXTS
    """Texts that have to survive."""
    preserves_nulls: bool = True
    """Whether a null comes back as a null."""

    @abstractmethod
    def config(self, folder: Path) -> Mapping[str, Any]:
        """The destination's part of a pipeline file, without its `name`.

        Its target is in `folder` or elsewhere, and new for each folder.
        """

    @optional
    def read_back(self, folder: Path) -> pa.Table | None:  # noqa: ARG002 - for overrides
        """What is at the target now, read without this destination; None where nothing is."""
        fail(
            "the suite cannot look at the target",
            "override read_back, or override state and say keeps_rows = False",
        )

    def state(self, folder: Path) -> object:
        """Anything that is equal as long as the target is the same."""
        found = self.read_back(folder)
        return None if found is None else sorted(map(repr, found.to_pylist()))

    @optional
    def refused_table(self) -> tuple[pa.Schema, Collection[str]]:
        """A schema that cannot be written, and the columns that the error has to name."""
        raise NotImplementedError

    @optional
    def missing_config(self, folder: Path) -> Mapping[str, Any]:
        """A valid config of a place that cannot be written: a closed port, a folder in a file."""
        raise NotImplementedError

    @optional
    def secret_config(self, folder: Path, secret: str) -> Mapping[str, Any]:
        """A config in which `secret`, a reference, is the password, or a part of a location.

        The target need not be there: errors have to keep secrets as well.
        """
        raise NotImplementedError

    def session(self) -> Any:
        """The session that a caller of `run` passes, in the engine's own type; None for none."""
        return None

    @needs("keeps_rows", "preserves_types")
    def test_types_survive(self, tmp_path: Path) -> None:
        """Columns of all types in `preserves_types` come back as they were."""
        changed = {}
        for kind in sorted(self.preserves_types):
            problem = self._comes_back(
                tmp_path / kind, table_of_types({kind}, has_nulls=self.preserves_nulls)
            )
            if problem is not None:
                changed[kind] = problem
        require(
            not changed,
            "; ".join(f"{kind}: {problem}" for kind, problem in changed.items()),
            "mend these, or refuse them in check and say: preserves_types = ALL_TYPES - "
            f"{sorted(changed)!r}",
        )

    @needs("keeps_rows")
    def test_other_types_are_refused_or_written(self, tmp_path: Path) -> None:
        """A type that does not survive is refused by `check`, or its rows are there."""
        for kind in sorted(ALL_TYPES - set(self.preserves_types)):
            table = table_of_types({kind}).rename_columns([f"the_{kind}"])
            with self.open_bench(tmp_path / kind) as bench:
                destination = self._destination(bench)
                try:
                    destination.check(table.schema, bench.context)
                except DestinationError as error:
                    require(
                        f"the_{kind}" in str(error),
                        f"the error for a column the_{kind} does not name it: {error.message}",
                        "name every column that cannot be written",
                    )
                    continue
                with explained(
                    f"check takes a column of type {kind}, and write fails",
                    "refuse in check what cannot be written: no data has moved then",
                ):
                    destination.write(ScriptedFrame.of(bench, table), bench.context)
                found = self.read_back(bench.folder)
                require(
                    found is not None and found.num_rows == table.num_rows,
                    f"rows with a column of type {kind} are lost without a word",
                    "write them, or refuse the type in check",
                )

    @needs("keeps_rows")
    def test_awkward_names_survive(self, tmp_path: Path) -> None:
        """Columns whose names hold quotes, blanks, capitals and words of SQL."""
        column = self._table(2).column(0)
        table = pa.table(dict.fromkeys(AWKWARD_NAMES, column))
        remedy = (
            "quote names of columns wherever they are put in a statement, or refuse them in check"
        )
        self._check_table(tmp_path, table, remedy, may_refuse=True)

    @needs("keeps_rows")
    def test_awkward_texts_survive(self, tmp_path: Path) -> None:
        """Texts in other alphabets, with quotes and with words that look like values; nulls."""
        texts = [each for each in self.awkward_texts if each is not None or self.preserves_nulls]
        table = self._table(len(texts)).set_column(1, "label", pa.array(texts, pa.string()))
        self._check_table(tmp_path, table, "bind values instead of putting them in a statement")

    def open_bench(self, folder: Path) -> Bench:
        """What a check works with; for checks of your own as well."""
        return Bench(folder, self.installed_plugins(), self.session())

    def _destination(self, bench: Bench) -> Destination[Any]:
        return bench.destination(self.config(bench.folder))

    def _state(self, folder: Path) -> object:
        try:
            return self.state(folder)
        # Half a target may be unreadable in any way.
        except Exception as error:  # noqa: BLE001
            return f"what cannot be read: {type(error).__name__}"

    def _table(self, rows: int, start: int = 0) -> pa.Table:
        return small_table(self.preserves_types, rows=rows, start=start)

    def _check_table(
        self, folder: Path, table: pa.Table, remedy: str, *, may_refuse: bool = False
    ) -> None:
        problem = self._comes_back(folder, table, may_refuse=may_refuse)
        require(problem is None, f"{problem}", remedy)

    def _comes_back(self, folder: Path, table: pa.Table, *, may_refuse: bool = False) -> str | None:
        with self.open_bench(folder) as bench:
            destination = self._destination(bench)
            try:
                destination.check(table.schema, bench.context)
            except DestinationError as error:
                return None if may_refuse else f"refused: {error.message}"
            try:
                destination.write(ScriptedFrame.of(bench, table), bench.context)
                found = self.read_back(bench.folder)
            # A stranger's connector may raise anything; the check lists it.
            except Exception as error:  # noqa: BLE001
                return f"{type(error).__name__}: {error}"
            return "nothing is there" if found is None else difference(table, found)
