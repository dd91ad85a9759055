"""The kit as a package: public names, and what it needs."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from aqueducts import testing
from aqueducts.testing import ALL_TYPES, Suite, difference, needs, optional, table_of_types


def _python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_public_names_are_there() -> None:
    """In the order of the alphabet."""
    assert testing.__all__ == sorted(testing.__all__)
    assert all(hasattr(testing, name) for name in testing.__all__)


def test_missing_pytest_is_told() -> None:
    """With the command that installs it."""
    done = _python("import sys; sys.modules['pytest'] = None; import aqueducts.testing")
    assert done.returncode == 1
    assert "aqueducts.testing needs pytest" in done.stderr
    assert "pip install 'aqueducts-core[testing]'" in done.stderr


def test_nothing_in_core_imports_the_kit() -> None:
    """A run does without it, and without pytest."""
    done = _python(
        "import sys, aqueducts, aqueducts.cli.run, aqueducts.run, aqueducts.load\n"
        "aqueducts.Plugins.discover().pipeline_model()\n"
        "print([name for name in sys.modules if name.startswith(('aqueducts.testing', 'pytest'))])"
    )
    assert done.stdout == "[]\n"


def test_all_types_have_a_column() -> None:
    """Each with two values and a null, or without it."""
    table = table_of_types()
    assert set(table.schema.names) == ALL_TYPES
    assert [column.null_count for column in table.columns] == [1] * len(ALL_TYPES)
    plain = table_of_types({"int8"}, has_nulls=False)
    assert plain.column("int8").to_pylist() == [-128, 127]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"b": [1, 2]}, r"the columns are \['b'\] instead of \['a'\]"),
        ({"a": [1.0, 2.0]}, "column 'a' is double instead of int64"),
        ({"a": [1]}, "there are 1 rows instead of 2"),
        ({"a": [1, 3]}, "there is {'a': 3} where {'a': 2} is expected"),
    ],
)
def test_differences_are_told(other: dict[str, list[float]], words: str) -> None:
    """Columns, types, rows."""
    found = difference(pa.table({"a": [1, 2]}), pa.table(other))
    assert found is not None
    with pytest.raises(ValueError, match=words):
        raise ValueError(found)


def test_order_counts_where_it_is_asked_for() -> None:
    """Not a number equals itself, rows may come in any order."""
    one, other = pa.table({"a": [1.0, float("nan")]}), pa.table({"a": [float("nan"), 1.0]})
    assert difference(one, other) is None
    assert difference(one, other, is_ordered=True) == "row 0 is {'a': nan} instead of {'a': 1.0}"


def test_suites_of_ones_own_have_capabilities() -> None:
    """A check is there where all that it needs is."""

    class Own(Suite):
        is_fast = False

        @optional
        def place(self) -> str:
            raise NotImplementedError

        @needs("is_fast", "place")
        def test_it(self) -> None:
            """Look."""

    class Half(Own):
        is_fast = True

    class Whole(Half):
        def place(self) -> str:
            return "here"

    class Without(Whole):
        test_it = None  # type: ignore[assignment]  # by hand

    class Below(Without):
        pass

    suites = (Own, Half, Whole, Without, Below)
    assert [callable(each.test_it) for each in suites] == [False, False, True, False, False]
