"""The `params:` mapping: defaults, descriptions and choices."""

from collections.abc import Mapping

import pytest

from aqueducts.documents import read_document
from aqueducts.template import Rendered, render


def rendered(text: str, params: Mapping[str, object] | None = None) -> Rendered:
    """The YAML text with its parameters filled in."""
    return render(read_document(text, file="pipeline.yml", format="yaml"), params or {})


def test_defaults_are_used_and_the_mapping_is_removed() -> None:
    """A value that is given counts first; values other than text become text."""
    declared = "params:\n  x: {default: 5}\n  y: {default: true}\n  z: {default: '${x}'}\n"
    text = declared + "a: ${x} ${y} ${z}\n"
    result = rendered(text, {"y": "no"})
    assert (result.value, result.problems) == ({"a": "5 no ${x}"}, ())


@pytest.mark.parametrize("declaration", ["null", "", "{}", "{default: null}", "{description: d}"])
def test_without_a_default_a_parameter_is_required(declaration: str) -> None:
    """Null or an empty mapping means required."""
    text = f"params:\n  x: {declaration}\na: ${{x}}\n"
    (problem,) = rendered(text).problems
    assert (problem.code, problem.line) == ("missing-parameter", 3)
    assert problem.note is not None
    assert problem.note.startswith("declared at pipeline.yml:2:3")
    assert rendered(text, {"x": 1}).value == {"a": "1"}


def test_a_missing_parameter_shows_its_description_and_choices() -> None:
    """What there is to choose from."""
    text = "params: {month: {description: The month, choices: [jan, feb]}}\na: ${month}\n"
    (problem,) = rendered(text).problems
    assert problem.note == "declared at pipeline.yml:1:10: The month, one of jan, feb"


def test_undeclared_parameters_are_allowed() -> None:
    """The mapping is documentation and defaults, not a gate."""
    assert rendered("params: {x: {default: 1}}\na: ${x}${y}\n", {"y": 2}).problems == ()


def test_a_value_outside_the_choices_is_a_problem_of_the_flag() -> None:
    """With the nearest choice."""
    text = "params:\n  month: {choices: [january, february, 3]}\na: ${month}\n"
    (problem,) = rendered(text, {"month": "janaury"}).problems
    assert (problem.code, problem.file, problem.line) == ("invalid-choice", None, None)
    assert problem.message == "-p month=janaury: the value is not one of january, february, 3"
    assert problem.note == "'month' is declared at pipeline.yml:2:3"
    assert problem.help == "pass -p month=january"
    assert rendered(text, {"month": 3}).problems == ()


def test_unknown_keys_of_a_declaration_are_warnings() -> None:
    """With the nearest known one, or all."""
    text = "params:\n  x: {defalt: 1, zebra: 2, default: 3}\na: ${x}\n"
    first, second = rendered(text).problems
    assert (first.code, first.severity, first.line, first.column) == (
        "unknown-field",
        "warning",
        2,
        7,
    )
    assert first.help == "did you mean 'default'?"
    assert second.help == "known are default, description, choices"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("[x]", "'params' is not a mapping"),
        ("text", "'params' is not a mapping"),
        ("{x: jan}", "the declaration of parameter 'x' is not a mapping"),
        ("{x: [1]}", "the declaration of parameter 'x' is not a mapping"),
        ("{my-x: {default: 1}}", "a parameter cannot be named 'my-x'"),
        ("{x: {default: [1]}}", "the default of parameter 'x' is a list or mapping"),
        ("{x: {default: c, choices: [a, b]}}", "the default 'c' of parameter 'x' is not among"),
        ("{x: {choices: a}}", "the choices of parameter 'x' are not a list"),
        ("{x: {choices: []}}", "the choices of parameter 'x' are not a list"),
        ("{x: {choices: [[a]]}}", "the choices of parameter 'x' are not a list"),
        ("{x: {description: 5}}", "the description of parameter 'x' is not text"),
    ],
)
def test_a_wrong_declaration_is_a_problem(params: str, words: str) -> None:
    """At its place, with what to write instead."""
    found = [
        p
        for p in rendered(f"params: {params}\na: ${{x}}\n").problems
        if p.code == "invalid-parameter"
    ]
    assert len(found) == 1
    assert words in found[0].message
    assert found[0].line == 1
    assert found[0].help


def test_a_scalar_declaration_is_told_how_to_be_a_default() -> None:
    """The usual guess."""
    problem = rendered("params: {x: jan}\na: ${x}\n", {"x": 1}).problems[0]
    assert problem.help == "write x: {default: jan}"


def test_a_declared_parameter_that_nothing_uses_is_a_warning() -> None:
    """Once, at its declaration, whether it is given or not; it is not missing."""
    for params in ({}, {"x": "1"}):
        (problem,) = rendered("params:\n  x: null\na: 1\n", params).problems
        assert (problem.code, problem.severity, problem.line) == ("unused-parameter", "warning", 2)


def test_a_params_key_elsewhere_is_a_key_like_any_other() -> None:
    """As in the write modes of a Delta table."""
    text = "destination: {write_mode: {operation: upsert, params: ['${k}']}}\n"
    assert rendered(text, {"k": "id"}).value["destination"]["write_mode"]["params"] == ["id"]
