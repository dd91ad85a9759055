"""What is said of memory that ran out."""

from __future__ import annotations

import pytest

from aqueducts.errors import CommitUnknownError
from aqueducts.shortage import Begun, Shortage, Strain

GB = 1_000_000_000

WINDOW = Strain("WindowAggExec", "the window function", "totals", can_spill=False)


def test_the_error_names_stage_operator_limit_and_remedy() -> None:
    """With what the process held, where it was ended from outside."""
    error = Shortage(1, 2 * GB, 1_930_000_000, WINDOW, is_final=True).error()
    assert error.message == (
        "out of memory: the window function does not fit in 2GB "
        "(the run was ended when it held 1.93GB)"
    )
    assert error.step == "totals"
    assert error.operator == "WindowAggExec"
    assert (error.hint or "").startswith(
        "raise --max-memory (how much is enough cannot be told of what is held as a whole: 4GB is "
        "a try), "
    )


def test_what_would_do_is_said_where_a_plan_tells() -> None:
    """With a quarter more, since it is an estimate; one below the limit was wrong already."""
    shortage = Shortage(1, GB, GB, WINDOW, is_final=True)
    assert "by its number of rows it takes about 3.1GB: try 4GB" in (
        shortage.error(3_100_000_000).hint or ""
    )
    assert "cannot be told" in (shortage.error(900_000_000).hint or "")


def test_what_the_engine_said_is_kept() -> None:
    """Where it gave up by itself, after several attempts."""
    error = Shortage(3, GB, 0, message="out of memory: a sort", is_final=True).error()
    assert error.message == (
        "out of memory: a sort; 3 attempts failed, each with a plan that needs less"
    )
    assert error.operator == "an operator"


def test_a_commit_that_had_begun_is_another_error() -> None:
    """Running it again may write twice: that is for the user to decide."""
    shortage = Shortage(1, GB, GB, WINDOW, is_final=True, begun=Begun("out", "0123456789ab"))
    error = shortage.error()
    assert isinstance(error, CommitUnknownError)
    assert error.code == "commit-unknown"
    assert "destination 'out' had begun to commit run 0123456789ab" in error.message
    assert (error.hint or "").startswith("look at the target before it is run again")


@pytest.mark.parametrize(
    ("limit_bytes", "words"),
    [(280_000_000, "600MB is a try"), (1_500_000_000, "3GB is"), (2_200_000_000, "5GB is")],
)
def test_the_limit_to_try_is_a_round_number(limit_bytes: int, words: str) -> None:
    """Twice the limit, rounded up."""
    assert words in (Shortage(1, limit_bytes, 0).error().hint or "")
