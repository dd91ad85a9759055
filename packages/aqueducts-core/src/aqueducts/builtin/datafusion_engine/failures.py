"""DataFusion's error texts as our errors: what operator, what file, no internals."""

from __future__ import annotations

import re

from aqueducts.builtin.datafusion_engine.engine_types import in_our_words
from aqueducts.builtin.datafusion_engine.function_failures import function_error
from aqueducts.builtin.datafusion_engine.query_failures import query_error
from aqueducts.errors import EngineError, OutOfMemoryError

__all__ = ["clean_message", "engine_error"]

_PREFIXES = re.compile(
    r"(?:DataFusion error|Execution error|Arrow error|External error|Parquet error|"
    r"Error during planning|Schema error|Optimizer rule '[^']*' failed|caused by:?|Context|"
    r"Object Store error|type_coercion|SQL error|Parser error|Csv error|Json error):? ?"
)
_BACKTRACE = re.compile(r"\n\s*backtrace:.*", re.DOTALL | re.IGNORECASE)
_BUG_NOTE = re.compile(r"This issue was likely caused by a bug.*", re.DOTALL)
_CONSUMER = re.compile(r"additional [\d.]+ ?\w+ for ([A-Za-z]+)")
_FALLBACK_CONSUMER = re.compile(r"\b([A-Z][A-Za-z]*(?:Sorter|Merge|Join|Aggregate)[A-Za-z]*)\b")


def engine_error(error: BaseException) -> EngineError:
    """One of our errors for whatever the engine raised."""
    text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    message = clean_message(text)
    if "Resources exhausted" in text or "Not enough memory" in text:
        return _out_of_memory(text)
    if "exceeded the allowable limit" in text:
        return EngineError(
            "the query spilled more to disk than the engine allows",
            hint="give it more memory with --max-memory, or filter earlier",
        )
    if "No space left on device" in text or "os error 28" in text:
        return EngineError(
            "no space left on the disk that holds temporary files or the result",
            hint="free some space, or choose another disk with --spill-dir",
        )
    if "finalizing writes" in text:
        return EngineError(
            "the result could not be written whole",
            hint="the disk may be full; what was there before is untouched",
        )
    of_function = function_error(text)
    if of_function is not None:
        return of_function
    # Without the noise only at its ends: what the engine suggests is behind the notes.
    about_query = query_error(_PREFIXES.sub("", _BACKTRACE.sub("", text)))
    if about_query is not None:
        return about_query
    return EngineError(in_our_words(message), hint=_hint(text))


def clean_message(text: str) -> str:
    """The engine's message without prefixes, backtraces and notes for its developers."""
    text = _BACKTRACE.sub("", text)
    text = _BUG_NOTE.sub("", text)
    text = _PREFIXES.sub("", text)
    lines = [line.strip() for line in text.splitlines() if line.strip(" :")]
    text = "; ".join(dict.fromkeys(lines)).replace(".; ", ". ")
    return text or "the engine failed without a message"


def _out_of_memory(text: str) -> OutOfMemoryError:
    match = _CONSUMER.search(text) or _FALLBACK_CONSUMER.search(text)
    operator = match[1] if match else "an operator"
    names = {
        "HashJoinInput": "the build side of a hash join",
        "NestedLoopJoinLoad": "the build side of a nested loop join",
        "CrossJoinExec": "one side of a cross join",
        "ExternalSorter": "a sort",
        "ExternalSorterMerge": "the merge of a spilled sort",
        "SortPreservingMergeExec": "the merge of sorted data",
        "GroupedHashAggregateStream": "an aggregate",
        "ParquetSink": "the writer of Parquet files, one open per partition folder,",
    }
    return OutOfMemoryError(
        f"out of memory: {names.get(operator, operator)} does not fit in the memory limit",
        operator=operator,
        hint="raise --max-memory, or filter and select fewer columns before this step",
    )


def _hint(text: str) -> str | None:
    if "while parsing value" in text:
        return (
            "types are those of the format's schema, or what the first rows look like; declare the "
            "column there as one that holds all values, for example string"
        )
    if "decoding field" in text:
        return "text, numbers and objects cannot share a column: make the values of one kind first"
    if "unequal lengths between records" in text or "incorrect number of fields" in text:
        return "every row needs as many fields as the header; check delimiter and quotes"
    if "invalid utf-8" in text.lower():
        return "files must be UTF-8; convert this one first, for example with iconv"
    return None
