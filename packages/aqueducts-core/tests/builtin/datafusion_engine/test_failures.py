"""The engine's error texts as our errors."""

import pytest

from aqueducts.builtin.datafusion_engine.failures import clean_message, engine_error
from aqueducts.errors import EngineError, OutOfMemoryError

HASH_JOIN = (
    "DataFusion error: Resources exhausted: Failed to allocate additional 470.2 KB for "
    "HashJoinInput[1] with 242.5 MB already allocated for this reservation - 93.0 KB remain "
    "available for the total memory pool: fair(pool_size: 512.0 MB)"
)
SORT = (
    "DataFusion error: Not enough memory to continue external sort. Consider increasing the "
    "memory limit config: 'datafusion.runtime.memory_limit'. caused by Resources exhausted: "
    "Failed to allocate additional 1.0 MB for ExternalSorterMerge[0] with 0.0 B already allocated"
)


@pytest.mark.parametrize(
    ("text", "operator", "words"),
    [
        (HASH_JOIN, "HashJoinInput", "the build side of a hash join"),
        (SORT, "ExternalSorterMerge", "the merge of a spilled sort"),
        (
            "Resources exhausted: GroupedHashAggregateStream[0]",
            "GroupedHashAggregateStream",
            "an aggregate",
        ),
        ("Resources exhausted: somewhere", "an operator", "an operator"),
    ],
)
def test_memory_that_is_used_up(text: str, operator: str, words: str) -> None:
    """The operator is named in words, and the hint tells the flag."""
    error = engine_error(Exception(text))
    assert isinstance(error, OutOfMemoryError)
    assert error.operator == operator
    assert error.message == f"out of memory: {words} does not fit in the memory limit"
    assert "--max-memory" in (error.hint or "")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "The used disk space has exceeded the allowable limit of 500.0 MB",
            "spilled more to disk",
            "--max-memory",
        ),
        (
            "Arrow error: Io error: No space left on device (os error 28)",
            "no space left",
            "--spill-dir",
        ),
        ("Csv error: incorrect number of fields for line 2", "line 2", "delimiter"),
        ("Encountered unequal lengths between records", "unequal", "delimiter"),
        ("Error while parsing value 'x' as type 'Int64'", "'x'", "declare the column"),
        ("invalid UTF-8 data", "UTF-8", "iconv"),
    ],
)
def test_hints(text: str, message: str, hint: str) -> None:
    """What to do about what users meet."""
    error = engine_error(Exception(text))
    assert type(error) is EngineError
    assert message in error.message
    assert hint in (error.hint or "")


def test_other_errors_have_no_hint() -> None:
    """Rather than one that does not fit; a KeyError's text is without its quotes."""
    error = engine_error(KeyError("No table named 'x'"))
    assert (error.message, error.hint) == ("No table named 'x'", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DataFusion error: Execution error: Divide by zero error", "Divide by zero error"),
        (
            "Error during planning: Invalid function 'x'\n\n\nbacktrace: 0: std\n 1: main",
            "Invalid function 'x'",
        ),
        ("External error: boom\ncaused by\nboom", "boom"),
        ("a\na\n\nb", "a; b"),
        ("x\nThis issue was likely caused by a bug in DataFusion's code. Please help", "x"),
        ("DataFusion error: ", "the engine failed without a message"),
    ],
)
def test_messages_without_internals(text: str, message: str) -> None:
    """No prefixes, backtraces, doubled lines or notes for developers."""
    assert clean_message(text) == message


def test_a_write_that_did_not_end_well() -> None:
    """The engine speaks of partial results, which nobody gets to see, and not of the disk."""
    text = "Internal error: Error encountered while finalizing writes! Partial results may have"
    error = engine_error(Exception(text))
    assert error.message == "the result could not be written whole"
    assert "disk" in (error.hint or "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Error while parsing value 'x' as type 'Int64' for column 0 at line 3", "schema"),
        ("Json error: whilst decoding field 'a': expected string got 1", "of one kind"),
        ("Csv error: incorrect number of fields for line 1, expected 1 got 2", "delimiter"),
    ],
)
def test_values_that_do_not_fit(text: str, words: str) -> None:
    """What to do about the file, or about the pipeline."""
    assert words in (engine_error(Exception(text)).hint or "")
