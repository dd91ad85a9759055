"""What DataFusion says about a query that it refuses, in our words and about our tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from aqueducts.builtin.datafusion_engine.engine_types import in_our_words
from aqueducts.builtin.datafusion_engine.function_names import (
    READERS,
    WINDOW_FUNCTIONS,
    other_names,
)
from aqueducts.diagnostics import nearest
from aqueducts.errors import QueryError
from aqueducts.query_words import name_parts
from aqueducts.table_names import quote

__all__ = ["query_error"]

_MOST_NAMES = 20
"""Columns that a note lists."""

_LONGEST = 300
"""Characters of the engine's own words that a note repeats."""

_SQL_TYPES = (
    *("BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "REAL", "FLOAT", "DOUBLE"),
    *("DECIMAL(10,2)", "VARCHAR", "TEXT", "STRING", "BYTEA", "DATE", "TIME", "TIMESTAMP"),
    "INTERVAL",
)

_PLAIN_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z")


def query_error(text: str) -> QueryError | None:
    """One of our errors for a message about a query, or None for a message about anything else.

    `text` is what is left of the engine's message without its prefixes.
    """
    for pattern, explain in _EXPLANATIONS:
        match = pattern.search(text)
        if match is not None:
            return explain(match)
    return None


# --- names ---


def _unknown_column(match: re.Match[str]) -> QueryError:
    wanted = name_parts(match[1])
    known = [name_parts(each) for each in _split(match[2] or "")]
    table = wanted[-2] if len(wanted) > 1 else None
    tables = list(dict.fromkeys(parts[-2] for parts in known if len(parts) > 1))
    columns = list(dict.fromkeys(parts[-1] for parts in known))
    subject = ("column", match[1])
    if table is not None and table not in tables:
        guess = nearest(table, tables) or (tables[0] if len(tables) == 1 else None)
        return QueryError(
            f"there is no table or alias '{table}' here",
            problem_code="unknown-table",
            subject=subject,
            hint=f"did you mean {guess}.{wanted[-1]}?" if guess else f"known: {_listed(tables)}",
        )
    if table is not None:
        columns = [parts[-1] for parts in known if len(parts) > 1 and parts[-2] == table]
    where = f" in '{table}'" if table is not None else ""
    return QueryError(
        f"there is no column '{wanted[-1]}'{where}",
        problem_code="unknown-column",
        subject=subject,
        hint=_column_advice(wanted[-1], columns, table),
        note=f"columns {'there' if where else 'here'}: {_listed(columns)}",
    )


def _column_advice(name: str, columns: Sequence[str], table: str | None) -> str | None:
    prefix = f"{table}." if table is not None else ""
    same = next((each for each in columns if each.lower() == name.lower()), None)
    if same is not None and _PLAIN_IDENTIFIER.match(same):
        return f"write {prefix}{same}: names in double quotes keep their capital letters"
    if same is not None:
        return (
            f"write {prefix}{quote(same)}: names with capital letters need double quotes, "
            "others are taken as lower case"
        )
    guess = nearest(name, columns)
    if guess is not None:
        needs_quotes = not _PLAIN_IDENTIFIER.match(guess)
        return f"did you mean {prefix}{quote(guess) if needs_quotes else guess}?"
    joined = next((each for each in columns if re.search(r"[;|\t]", each)), None)
    if joined is not None:
        mark = re.findall(r"[;|\t]", joined)[0]
        shown = "\\t" if mark == "\t" else mark
        return (
            f"the column '{joined}' looks like several: set delimiter: \"{shown}\" in the options "
            "of the source's format"
        )
    return None


def _unknown_table(match: re.Match[str]) -> QueryError:
    name = match[1].removeprefix("datafusion.public.").removeprefix("datafusion.")
    hint = None
    if re.search(r"[/\\]|\.(csv|json|parquet|gz)\b", name):
        hint = "a query reads tables by their names: add a source of type file for this path"
    return QueryError(
        f"table '{name}' is not known",
        problem_code="unknown-table",
        subject=("table", quote(name) if "/" in name else match[1].removeprefix("datafusion.")),
        hint=hint,
    )


def _unknown_reader(match: re.Match[str]) -> QueryError:
    name = match[1]
    hint = "a query reads the pipeline's sources and stages"
    if name.lower() in READERS:
        hint = (
            f"add a source of type file with format {{type: {READERS[name.lower()]}}}, and read it "
            "by its name"
        )
    return QueryError(
        f"there is no table function '{name}'",
        problem_code="unknown-function",
        subject=("function", name),
        hint=hint,
    )


def _unknown_function(match: re.Match[str]) -> QueryError:
    name, suggestion = match[1], match[2]
    subject = ("function", name)
    if name.lower() in WINDOW_FUNCTIONS:
        return QueryError(
            f"the function '{name}' needs a window",
            problem_code="unknown-function",
            subject=subject,
            hint=f"write {name}(...) OVER (ORDER BY ...)",
        )
    other = other_names(name)
    if other is not None:
        hint = f"write {other}"
    elif suggestion is not None and nearest(name, [suggestion]):
        hint = f"did you mean {suggestion}?"
    else:
        hint = "the functions are those of DataFusion SQL"
    return QueryError(
        f"there is no function '{name}'",
        problem_code="unknown-function",
        subject=subject,
        hint=hint,
    )


def _unknown_type(match: re.Match[str]) -> QueryError:
    name = match[1]
    guess = nearest(name.upper(), _SQL_TYPES)
    return QueryError(
        f"there is no SQL type '{name}'",
        problem_code="sql-type",
        subject=("type", name),
        hint=f"did you mean {guess}?" if guess else f"types are {', '.join(_SQL_TYPES)}",
    )


def _ambiguous(match: re.Match[str]) -> QueryError:
    name = name_parts(match[1])[-1]
    return QueryError(
        f"more than one table has a column '{name}'",
        problem_code="ambiguous-column",
        subject=("column", match[1]),
        hint=f"write the table's name or alias before it: table.{name}",
    )


# --- types ---


def _wrong_arguments(match: re.Match[str]) -> QueryError:
    function, given = match[1], in_our_words(match[2])
    text = match.string
    counts = re.search(r"expects (\d+) arguments but received (\d+)", text)
    candidates = re.findall(rf"^\s*({re.escape(function)}\(.*\))$", text, re.MULTILINE)
    if "UserDefined" in "".join(candidates):
        candidates = []
    message = f"the function '{function}' does not take ({given})"
    hint = "convert the value: CAST(... AS type)"
    if counts is not None and "failed to match any signature" not in text:
        message = f"the function '{function}' takes {_arguments(counts[1])}, not {counts[2]}"
        hint = "correct the arguments"
    elif not given:
        message, hint = f"the function '{function}' needs arguments", "write them in the brackets"
    takes = ", ".join(dict.fromkeys(map(in_our_words, candidates)))
    return QueryError(
        message,
        problem_code="sql-type",
        subject=("function", function),
        hint=hint,
        note=f"it can be called as {_cut(takes)}" if takes else None,
    )


def _arguments(count: str) -> str:
    return "1 argument" if count == "1" else f"{count} arguments"


def _no_arithmetic(match: re.Match[str]) -> QueryError:
    left, operator, right = (in_our_words(match[index]) for index in (1, 2, 3))
    return QueryError(
        f"{left} {operator} {right} cannot be computed",
        problem_code="sql-type",
        subject=("operator", operator),
        hint="convert one side, such as CAST(column AS DOUBLE)",
    )


def _no_common_type(match: re.Match[str]) -> QueryError:
    left, operator, right = (in_our_words(match[index]) for index in (1, 2, 3))
    is_logical = operator in ("AND", "OR")
    kind = "keyword" if operator.isalpha() else "operator"
    return QueryError(
        f"{left} {operator} {right} cannot be combined",
        problem_code="sql-type",
        subject=(kind, operator),
        hint=f"both sides of {operator} are conditions, such as column = 'value'"
        if is_logical
        else "convert one side: CAST(... AS type)",
    )


def _no_common_type_in(match: re.Match[str]) -> QueryError:
    left, right = in_our_words(match[1]), in_our_words(match[2])
    return QueryError(
        f"{left} and {right} cannot be compared by {match[3]}",
        problem_code="sql-type",
        subject=("keyword", match[3]),
        hint="convert one side: CAST(... AS type)",
    )


def _not_boolean(match: re.Match[str]) -> QueryError:
    name = match[1].rpartition(".")[2]
    return QueryError(
        f"a condition is true or false, and '{name}' is of type {in_our_words(match[2])}",
        problem_code="sql-type",
        subject=("column", match[1]),
        hint=f"compare it with something, such as {name} > 0",
    )


def _bad_value(match: re.Match[str]) -> QueryError:
    value, target = match[1], in_our_words(match[2])
    return QueryError(
        f"the text '{value}' cannot be converted to {target}",
        problem_code="sql-value",
        subject=("text", value),
        hint="correct the value, or write try_cast(... AS type), which gives null for what does "
        "not fit",
    )


def _no_fields(match: re.Match[str]) -> QueryError:
    return QueryError(
        f"a value of type {in_our_words(match[1])} has no fields to take one from",
        problem_code="sql-type",
        hint="only structs and maps have fields; for JSON in a text use the JSON functions",
    )


# --- rules of SQL ---


def _not_grouped(match: re.Match[str]) -> QueryError:
    name = name_parts(match[1])[-1]
    return QueryError(
        f"the column '{name}' is neither in GROUP BY nor inside an aggregate",
        subject=("column", name),
        hint=f"add {name} to GROUP BY, or take one value of it, such as max({name})",
    )


def _same_names(match: re.Match[str]) -> QueryError:
    first = name_parts(match[1].rpartition(" AS ")[2])[-1]
    return QueryError(
        f"the result has two columns called '{first}'",
        problem_code="duplicate-column",
        subject=("column", first),
        hint=f"give one of them another name: ... AS {first}_2",
    )


def _nested_aggregate(match: re.Match[str]) -> QueryError:
    inner, outer = match[1], match[2].partition("(")[0]
    return QueryError(
        f"the aggregate {inner} stands inside another one, {outer}(...)",
        subject=("function", inner.partition("(")[0]),
        hint="compute the inner one in a stage of its own, before this one",
    )


def _aggregate_in_where(_match: re.Match[str]) -> QueryError:
    return QueryError(
        "WHERE looks at single rows, and cannot use an aggregate",
        subject=("keyword", "WHERE"),
        hint="write the condition on the aggregate behind GROUP BY, as HAVING ...",
    )


def _union_widths(_match: re.Match[str]) -> QueryError:
    return QueryError(
        "the two sides of UNION have different numbers of columns",
        subject=("keyword", "UNION"),
        hint="select the same columns on both sides; NULL AS name stands for one that is missing",
    )


def _subquery_columns(match: re.Match[str]) -> QueryError:
    names = [name_parts(each)[-1] for each in _split(match[1])]
    return QueryError(
        f"a subquery in this place gives one column, not {len(names)}: {', '.join(names)}",
        hint="select one of them",
    )


def _negative_limit(match: re.Match[str]) -> QueryError:
    return QueryError(
        f"LIMIT and OFFSET cannot be negative: {match[1]}",
        subject=("keyword", "LIMIT"),
        hint="write a number from 0, or leave it out",
    )


def _placeholder(match: re.Match[str]) -> QueryError:
    return QueryError(
        f"'{match[1]}' has no value",
        problem_code="sql",
        hint="parameters of a pipeline are written ${name}, and given with -p name=value",
    )


def _not_there(match: re.Match[str]) -> QueryError:
    what = re.split(r" \{ |\{", match[1])[0].strip()
    if what == "TOP":
        return QueryError(
            "the engine has no SELECT TOP",
            subject=("keyword", "TOP"),
            hint="write LIMIT and the number at the end of the query",
        )
    operator = re.match(r"Operator (\S+) is not yet supported", what)
    if operator is not None:
        return QueryError(
            f"the engine has no operator {operator[1]}",
            subject=("operator", operator[1]),
            hint=_FUNCTIONS_FOR_OPERATORS.get(operator[1], "use a function instead"),
        )
    return QueryError(f"the engine cannot do this: {_cut(in_our_words(what))}")


_FUNCTIONS_FOR_OPERATORS = {
    "->": "-> takes a key in quotes or a whole number; others: json_get(column, key)",
    "->>": "->> takes a key in quotes or a whole number; others: json_as_text(column, key)",
    "?": "write json_contains(column, 'key')",
}


# --- values, found when the query runs ---


def _division_by_zero(_match: re.Match[str]) -> QueryError:
    return QueryError(
        "a division by zero",
        problem_code="sql-value",
        subject=("operator", "/"),
        hint="write x / nullif(y, 0), which gives null where y is 0",
    )


def _bad_pattern(match: re.Match[str]) -> QueryError:
    pattern, reason = match[1].strip(), match[2].strip()
    return QueryError(
        f"'{pattern}' is not a regular expression: {reason}",
        problem_code="sql-value",
        subject=("text", pattern),
        hint="write a backslash before a character that means itself: \\( \\. \\+",
    )


def _bad_unit(match: re.Match[str]) -> QueryError:
    guess = nearest(match[2], match[3].split(", "))
    return QueryError(
        f"'{match[2]}' is not a unit of {match[1]}",
        problem_code="sql-value",
        subject=("text", match[2]),
        hint=f"did you mean '{guess}'?" if guess else f"units are {match[3]}",
        note=f"units are {match[3]}" if guess else None,
    )


def _bad_time(match: re.Match[str]) -> QueryError:
    return QueryError(
        f"the text '{match[1]}' is not a date and time: {match[2]}",
        problem_code="sql-value",
        subject=("text", match[1]),
        hint="times look like 2024-01-31T12:30:00; for other forms use to_timestamp(text, format)",
    )


_EXPLANATIONS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], QueryError]]] = tuple(
    (re.compile(pattern, re.DOTALL), explain)
    for pattern, explain in (
        (r"No field named (.+?)\.(?=\s|\Z)(?:.*?Valid fields are ([^\n]*)\.)?", _unknown_column),
        (r"table '(.+?)' not found", _unknown_table),
        (r"table function '([^']+)' not found", _unknown_reader),
        (r"Invalid qualifier (\S+)()", _unknown_column),
        (r"Invalid function '([^']+)'\.(?:\s*Did you mean '([^']+)'\?)?", _unknown_function),
        (r"Unsupported SQL type ([^\n]+)", _unknown_type),
        (r"Ambiguous reference to (?:un)?qualified field (\S+)", _ambiguous),
        (r"argument types '([\w$]+)\(([^']*)\)'", _wrong_arguments),
        (r"Cannot coerce arithmetic expression (.+) (\S+) (.+) to valid types", _no_arithmetic),
        (
            r"Cannot infer common argument type for [a-z ]+ operation (.+) (\S+) ([^\n]+)",
            _no_common_type,
        ),
        (r"common type to coerce (\S+) and (\S+) in (\w+) expression", _no_common_type_in),
        (r"non-boolean predicate '(.+)' returning ([^\n]+)", _not_boolean),
        (r"Cannot cast string '(.*?)' to value of (.+?) type", _bad_value),
        (r"Cannot access field at argument 1: type (.+?) is not", _no_fields),
        (r'column "(.+?)" must appear in the GROUP BY', _not_grouped),
        (r'unique expression names but the expression "(.+?)" at position', _same_names),
        (r"cannot be nested: '(.+?)' is nested inside '(.+?)'", _nested_aggregate),
        (r"Aggregate functions are not allowed in the WHERE", _aggregate_in_where),
        (r"UNION queries have different number of columns", _union_widths),
        (r"subquery should only return one column: ([^\n]*)", _subquery_columns),
        (r"(?:LIMIT|OFFSET) must be >= ?0, '(.+?)' was provided", _negative_limit),
        (r"Placeholder '(.+?)' was not provided a value", _placeholder),
        (r'variable \["(.+?)"\] has no type information', _placeholder),
        (r"This feature is not implemented: ([^\n]+)", _not_there),
        (r"Divide by zero", _division_by_zero),
        (r"regex parse error:\s*([^\n]*?)\s*\n\s*\^+\s*error: ([^\n]+)", _bad_pattern),
        (r"Unsupported (\w+) granularity: '(.+?)'\. Supported values are: ([^\n]+)", _bad_unit),
        (r"Error parsing timestamp from '(.*?)': ([^\n]+)", _bad_time),
    )
)


def _split(names: str) -> list[str]:
    """Names in a list, of which quoted ones may hold anything."""
    return re.findall(r'(?:"(?:[^"]|"")*"|[^",\s])+', names)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES]) or "none"
    return f"{shown} and {more} more" if more > 0 else shown


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
