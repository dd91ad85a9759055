"""Parameters in strings and keys: what they insert, and where everything still is."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqueducts.documents import Position, read_document
from aqueducts.template import Rendered, render, text_of


def rendered(text: str, params: Mapping[str, object] | None = None) -> Rendered:
    """The YAML text with its parameters filled in."""
    return render(read_document(text, file="pipeline.yml", format="yaml"), params or {})


def value(text: str, **params: object) -> Any:
    """The value after substitution, which must have no problems."""
    result = rendered(text, params)
    assert result.problems == ()
    return result.value


def codes(text: str, params: Mapping[str, object] | None = None) -> list[tuple[str, int | None]]:
    """Code and line of every problem."""
    return [(problem.code, problem.line) for problem in rendered(text, params).problems]


# --- substitution ---


def test_parameters_are_filled_in_everywhere() -> None:
    """In values, inside words, in lists, queries and keys."""
    text = (
        "a: ${x}\nb: s3://${x}/${y}.csv\nc: [1, '${y}', {k_${x}: ${x}${y}}]\n"
        "q: |\n  SELECT ${y}\n  FROM ${x}\n"
    )
    assert value(text, x="one", y="2") == {
        "a": "one",
        "b": "s3://one/2.csv",
        "c": [1, "2", {"k_one": "one2"}],
        "q": "SELECT 2\nFROM one\n",
    }


@pytest.mark.parametrize(
    "hostile",
    ["a: b", '"', "'", "# no", "x\ny: z", "[1, 2]", "{a: b}", "- x", "${x}", "${y}", "*a"],
)
def test_a_value_never_changes_the_structure_and_is_not_expanded(hostile: str) -> None:
    """Whatever it holds, it is text."""
    assert value("a: ${x}\nb: [${y}, '-${x}-']\n", x=hostile, y="${x}") == {
        "a": hostile,
        "b": ["${x}", f"-{hostile}-"],
    }


@pytest.mark.parametrize("text", ["$x", "$", "$ {x}", "{x}", "a$}b{"])
def test_other_dollars_are_left_alone(text: str) -> None:
    """Only `${name}` is a parameter."""
    result = render(read_document(f"a: {text!r}", file="p.yml", format="yaml"), {})
    assert (result.value, result.problems) == ({"a": text}, ())


def test_two_dollars_are_a_dollar_and_a_parameter() -> None:
    """There is no escape."""
    assert value("a: $${x}\n", x="1") == {"a": "$1"}


def test_whole_scalars_keep_their_text_and_are_known() -> None:
    """The field decides on their type."""
    text = "a: ${x}\nb: ' ${x}'\nc: [${x}]\n${x}: ${missing}\nd: ${x}${x}\n"
    result = rendered(text, {"x": "42"})
    assert result.value["a"] == "42"
    assert result.whole_scalars == {("a",), ("c", 0)}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("", ""),
        ("a=b", "a=b"),
        (5, "5"),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (1e300, "1e+300"),
        (float("-inf"), "-.inf"),
        (Decimal("1.10"), "1.10"),
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 12, 30), "2024-01-31T12:30:00"),  # noqa: DTZ001 - as users give it
        (time(12, 30), "12:30:00"),
    ],
)
def test_values_from_python_become_text(given: object, text: str) -> None:
    """As YAML writes them."""
    assert text_of(given) == text
    assert value("a: <${x}>\n", x=given) == {"a": f"<{text}>"}


@pytest.mark.parametrize("given", [None, [1], {"a": 1}, object()])
def test_values_without_a_text_are_a_problem(given: object) -> None:
    """A parameter is one value."""
    (problem,) = rendered("a: ${x}\n", {"x": given}).problems
    assert problem.code == "invalid-parameter"
    assert type(given).__name__ in problem.message


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("yaml", "a: [${x}, '${x}']\n${x}: 1\n"),
        ("json", '{"a": [${x}, "\\u0024{x}"], "${x}": 1}'),
        ("toml", "a = [${x}, '${x}']\n${x} = 1\n"),
    ],
)
def test_it_is_the_same_in_every_format(format_: Any, text: str) -> None:
    """Bare or quoted."""
    result = render(read_document(text, file="p", format=format_), {"x": "v"})
    assert (result.value, result.problems) == ({"a": ["v", "v"], "v": 1}, ())


def test_a_document_that_is_no_mapping_is_rendered_too() -> None:
    """Its shape is for others to judge."""
    assert value("[${x}]", x=1) == ["1"]
    assert value("") is None


# --- places ---


def test_places_in_a_rendered_query_are_places_in_the_file() -> None:
    """Before, inside and after inserted values, longer and shorter ones, over several lines."""
    text = "q: |\n  SELECT ${columns} FROM ${t} WHERE a\n    AND b\n"
    result = rendered(text, {"columns": "a,\n  b,\n  c", "t": "x"})
    query = result.value["q"]
    lines = text.splitlines()
    for word, line in (("SELECT", 1), ("FROM", 1), ("WHERE", 1), ("AND", 2)):
        position = result.position_inside(("q",), query.index(word))
        assert position == Position(line + 1, lines[line].index(word) + 1)
    for inserted in ("a,", "b,", "c"):
        assert result.position_inside(("q",), query.index(inserted)) == Position(2, 10)
    assert result.position_inside(("q",), query.index("x WHERE")) == Position(2, 26)
    where = query.splitlines()[2].index("WHERE") + 1
    assert result.position_of_line_column(("q",), 3, where) == Position(2, 31)
    assert result.position_of_line_column(("q",), 4, 3) == Position(3, 5)


def test_renamed_keys_keep_their_places() -> None:
    """Under the new path; also of what is below."""
    text = "a:\n  k_${x}:\n    - n_${x}: 1\n      other: ${x}\n"
    result = rendered(text, {"x": "longer"})
    path = ("a", "k_longer", 0)
    assert result.value == {"a": {"k_longer": [{"n_longer": 1, "other": "longer"}]}}
    assert result.key_span(("a", "k_longer")).start == Position(2, 3)
    assert result.key_span((*path, "n_longer")).start == Position(3, 7)
    assert result.value_span((*path, "other")).start == Position(4, 14)
    assert result.position_inside_key((*path, "n_longer"), 8) == Position(3, 13)
    assert result.position_inside((*path, "other"), 3) == Position(4, 14)
    assert (*path, "other") in result
    assert ("a", "k_${x}") in result
    assert (*path, "nothing") not in result
    assert result.key_span((*path, "nothing")).start == Position(3, 7)


def test_keys_that_become_equal_show_both_places() -> None:
    """A parameter cannot overwrite another key in silence."""
    result = rendered("a: 1\n${x}: 2\n", {"x": "a"})
    (problem,) = result.problems
    assert (problem.code, problem.line) == ("duplicate-key", 2)
    assert problem.note == "it is first given at pipeline.yml:1:1"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.text(st.sampled_from("ab \n$}"), max_size=4), min_size=1, max_size=5),
    st.text(st.sampled_from("xyz\n${}"), max_size=8),
)
def test_every_character_outside_inserted_values_maps_to_itself(
    parts: list[str], inserted: str
) -> None:
    """For any text with any value between its parts."""
    parts = [part + " " for part in parts]
    written = "${p}".join(parts)
    document = read_document('{"q": ' + _quoted(written) + "}", file="p", format="json")
    result = render(document, {"p": inserted})
    assert result.value == {"q": inserted.join(parts)}
    offset = origin = 0
    for part in parts:
        for index in range(len(part)):
            expected = document.source_map.position_inside(("q",), origin + index)
            assert result.position_inside(("q",), offset + index) == expected
        offset += len(part)
        origin += len(part)
        for index in range(len(inserted)):
            expected = document.source_map.position_inside(("q",), origin)
            if part is not parts[-1]:
                assert result.position_inside(("q",), offset + index) == expected
        offset += len(inserted)
        origin += len("${p}")


def _quoted(string: str) -> str:
    return '"' + string.replace("\n", "\\n") + '"'


# --- missing and unused parameters ---


def test_all_missing_parameters_are_reported_at_once() -> None:
    """Each at its first place, with the flag for it; the first with the flags for all."""
    text = "a: x/${bucket}/${month}\nq: >-\n  SELECT\n  ${month}\n${key}: 1\n"
    result = rendered(text)
    found = [(p.code, p.line, p.column, p.length) for p in result.problems]
    assert found == [
        ("missing-parameter", 1, 6, len("${bucket}")),
        ("missing-parameter", 1, 16, len("${month}")),
        ("missing-parameter", 5, 1, len("${key}")),
    ]
    assert result.missing == ("bucket", "month", "key")
    helps = [problem.help or "" for problem in result.problems]
    assert "-p bucket=... -p month=... -p key=..." in helps[0]
    assert helps[1:] == ["add -p month=...", "add -p key=..."]
    assert result.problems[1].note == "also needed at pipeline.yml:4:3"
    assert result.problems[1].path == ("a",)
    assert result.value["a"] == "x/${bucket}/${month}"


def test_many_places_of_one_parameter_are_cut_short() -> None:
    """An alias of a value is the same place, not a further one."""
    text = "a: &a ${x}\nb: *a\n" + "".join(f"k{n}: ${{x}}\n" for n in range(10))
    (problem,) = rendered(text).problems
    assert problem.note is not None
    assert problem.note.startswith("also needed at pipeline.yml:3:5, pipeline.yml:4:5")
    assert problem.note.endswith(" and 5 more")


def test_a_misspelt_flag_is_a_warning_and_a_hint() -> None:
    """From both sides."""
    result = rendered("a: ${month}\n", {"mnth": "jan"})
    missing, unused = result.problems
    assert missing.help == "add -p month=... (you gave -p mnth=...: is it a misspelling?)"
    assert (unused.code, unused.severity, unused.file) == ("unused-parameter", "warning", None)
    assert unused.help == "did you mean -p month=...?"


def test_an_unused_parameter_is_a_warning_that_lists_what_there_is() -> None:
    """Sorted by name."""
    (problem,) = rendered("a: ${month} ${day}\n", {"month": 1, "day": 2, "zebra": 3}).problems
    assert problem.help == "the pipeline's parameters are day, month"
    (problem,) = rendered("a: 1\n", {"zebra": 3}).problems
    assert problem.help == "the pipeline has none"


# --- secrets ---


@pytest.mark.parametrize(
    "reference",
    ["${secret:env:PG_PASSWORD}", "${secret:file:/run/secrets/pg}", "${secret:a-b:x y}"],
)
def test_secret_references_stay_as_they_are(reference: str) -> None:
    """They are resolved where they are used, in quotes or bare."""
    assert value(f"a: 'pg://u:{reference}@h'\n") == {"a": f"pg://u:{reference}@h"}


@pytest.mark.parametrize(
    "reference",
    [
        "${secret:env}",
        "${secret:env:}",
        "${secret::X}",
        "${secret:}",
        "${secret:env:X",
        "${secret:1:X}",
    ],
)
def test_malformed_secret_references_are_a_problem(reference: str) -> None:
    """With the place in the string and the right form."""
    (problem,) = rendered(f'a: "x\\n{reference}"\n').problems
    assert (problem.code, problem.line, problem.column) == ("malformed-secret", 1, 8)
    assert "${secret:env:PG_PASSWORD}" in (problem.help or "")


def test_secret_is_a_name_like_any_other() -> None:
    """Without a colon it is a parameter."""
    assert value("a: ${secret}\n", secret=1) == {"a": "1"}


def test_a_parameter_may_be_part_of_a_reference_in_the_file() -> None:
    """The file says that it names a secret, the parameter says which."""
    assert value("a: ${secret:env:PG_${stage}}\n", stage="DEV") == {"a": "${secret:env:PG_DEV}"}


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("a: ${x}", {"x": "${secret:env:HOME}"}),
        ("a: pre-${x}-post", {"x": "1${secret:env:HOME}2"}),
        ("a: '${x}{secret:env:HOME}'", {"x": "$"}),
        ("a: '${x}${y}'", {"x": "${sec", "y": "ret:env:HOME}"}),
        ("${x}: 1", {"x": "${secret:env:HOME}"}),
    ],
)
def test_a_given_value_cannot_make_a_secret_reference(text: str, params: dict[str, str]) -> None:
    """Who may give a parameter may not thereby read the secrets of the process."""
    (problem,) = rendered(text, params).problems
    assert problem.code == "secret-in-parameter"
    assert "'x'" in problem.message
    assert "HOME" not in problem.message + str(problem.help)


def test_a_default_may_be_a_secret_reference() -> None:
    """It is written in the file."""
    text = "params: {pw: {default: '${secret:env:PW}'}}\na: ${pw}\n"
    assert value(text) == {"a": "${secret:env:PW}"}


def test_what_looks_like_a_parameter_and_is_none_is_a_warning() -> None:
    """A hyphen in a name is the usual case; the text stays."""
    result = rendered("a: x ${my-month} ${ok}\n", {"ok": 1})
    (problem,) = result.problems
    assert (problem.code, problem.severity, problem.column) == (
        "malformed-placeholder",
        "warning",
        6,
    )
    assert problem.length == len("${my-month}")
    assert result.value == {"a": "x ${my-month} 1"}
    assert rendered("a: '${a-${x}}'\n", {"x": 1}).value == {"a": "${a-1}"}


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("data/${month.csv", "write ${name}"),
        ("${{ github.ref }}", "write ${name}"),
        ("${month:-jan}", "params: {month: {default: jan}}, and write ${month}"),
        ("${env:HOME}", "write ${secret:env:HOME}"),
        ("{{ month }}", "write ${month}"),
        ("{% if x %}", "write ${name}"),
    ],
)
def test_placeholders_of_other_tools_are_warnings(text: str, advice: str) -> None:
    """They stay as they are, and the help says what to write."""
    result = render(read_document(f"a: {text!r}", file="p.yml", format="yaml"), {})
    assert result.value == {"a": text}
    assert result.problems
    for problem in result.problems:
        assert (problem.code, problem.severity) == ("malformed-placeholder", "warning")
        assert advice in (problem.help or "")
