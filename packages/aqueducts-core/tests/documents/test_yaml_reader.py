"""YAML: YAML 1.2 values, anchors and merges with limits, and errors with both places."""

import math

import pytest
import yaml

from aqueducts.diagnostics import Problem
from aqueducts.documents import Document, Position, read_document, yaml_nodes, yaml_reader
from aqueducts.errors import SyntaxProblem


@pytest.fixture(autouse=True, params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run everything with the C parser and with the Python one, which stands in without it."""
    monkeypatch.setattr(yaml_nodes, "_LOADER", getattr(yaml, request.param))


def read(text: str) -> Document:
    """The document of a text."""
    return read_document(text, file="pipeline.yml", format="yaml")


def problems(text: str) -> list[Problem]:
    """What reading a broken text reports."""
    with pytest.raises(SyntaxProblem) as raised:
        read(text)
    return [problem for problem in raised.value.problems if isinstance(problem, Problem)]


def written(document: Document, *path: str | int) -> str:
    """The text of the value at a path."""
    span = document.source_map.value_span(path)
    return document.source_map.text[span.start_offset : span.end_offset]


def key_written(document: Document, *path: str | int) -> str:
    """The text of the key at a path."""
    span = document.source_map.key_span(path)
    return document.source_map.text[span.start_offset : span.end_offset]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "")),
        *((word, word) for word in ("yes", "no", "on", "off", "Yes", "NO", "y", "n", "tRUE")),
        *((word, word) for word in ("2024-01-31", "2024-01-31T00:00:00Z", "12:30:45", "190:20:30")),
        *((word, word) for word in ("007", "-01", "1_000", "0x", "0xg", "1e", ".", "+", "1e999")),
        *((word, word) for word in ("--1", "+-1", "0o8", "inf", "nan", "1.2.3", "=")),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("0xFF", 255),
        ("-0x10", -16),
        ("0o17", 15),
        ("0b101", 5),
        ("18446744073709551615", 18446744073709551615),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("'true'", "true"),
        ('"12"', "12"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 12", 12.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!seq []", []),
        ("!!map {}", {}),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    """Words, dates and times stay strings; numbers are numbers."""
    found = read(f"key: {text}\n").value["key"]
    assert (found, type(found)) == (value, type(value))


def test_nan_is_a_float() -> None:
    """It equals nothing, so it has a test of its own."""
    assert math.isnan(read("[.nan]").value[0])


def test_an_empty_text_is_none() -> None:
    """Also with nothing but comments, or the mark of an empty document."""
    assert read("").value is None
    assert read("# nothing\n").value is None
    assert read("---\n...\n").value is None


def test_every_key_and_value_has_its_place() -> None:
    """Spans leave out anchors, tags, comments and blank lines that follow."""
    document = read(
        "# head\nsources:\n  - name: orders  # one\n    tags: [a, 'b']\n\n"
        "  - &second !!map\n    # note\n    name: !!str '12'\n\n\nend: {a: 1}\n"
    )
    assert key_written(document, "sources") == "sources"
    assert written(document, "sources", 0) == "name: orders  # one\n    tags: [a, 'b']"
    assert written(document, "sources", 0, "name") == "orders"
    assert written(document, "sources", 0, "tags") == "[a, 'b']"
    assert written(document, "sources", 0, "tags", 1) == "'b'"
    assert written(document, "sources", 1) == "name: !!str '12'"
    assert written(document, "sources", 1, "name") == "'12'"
    assert written(document, "end") == "{a: 1}"
    assert document.source_map.value_span(("sources", 1, "name")).start == Position(8, 17)


def test_carriage_returns_and_byte_order_marks_do_not_move_places() -> None:
    """Lines are the lines of an editor, columns count characters."""
    document = read("\ufeffa: 1\r\nb: \U0001f600 x\r\nc: 日本 y\r\n")
    assert document.value == {"a": 1, "b": "\U0001f600 x", "c": "日本 y"}
    assert document.source_map.key_span(("a",)).start == Position(1, 1)
    assert document.source_map.position_inside(("b",), 2) == Position(2, 6)
    assert document.source_map.position_inside(("c",), 3) == Position(3, 7)


# --- anchors, aliases, merges ---


def test_an_alias_is_the_value_of_its_anchor() -> None:
    """The alias has its own place; what is inside has the place where it is written."""
    document = read("base: &b {region: eu}\nquery: &q SELECT 1\nx: *b\ny: *q\n")
    assert document.value["x"] == {"region": "eu"}
    assert document.value["x"] is not document.value["base"]
    assert written(document, "x") == "*b"
    assert document.source_map.value_span(("x", "region")).start == Position(1, 19)
    assert document.source_map.position_inside(("y",), 7) == Position(2, 18)


def test_merges_fill_in_what_a_mapping_lacks() -> None:
    """Own keys count first, then the merges in their order; merged keys keep their places."""
    document = read(
        "a: &a {x: 1, y: 1}\nb: &b\n  <<: *a\n  y: 2\n  z: 2\n"
        "c:\n  <<: [*b, {z: 3, w: 3}]\n  w: 4\nd: {'<<': 5}\n"
    )
    assert document.value["b"] == {"x": 1, "y": 2, "z": 2}
    assert document.value["c"] == {"x": 1, "y": 2, "z": 2, "w": 4}
    assert document.value["d"] == {"<<": 5}
    assert document.source_map.key_span(("c", "y")).start == Position(4, 3)


def test_a_later_anchor_of_the_same_name_counts_from_there_on() -> None:
    """As YAML has it."""
    assert read("- &a 1\n- *a\n- &a 2\n- *a\n").value == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: *missing\n", "the alias '*missing' has no anchor before it"),
        ("a: &a [*a]\n", "the alias '*a' stands inside its own anchor"),
        ("a: &a\n  b: {c: *a}\n", "the alias '*a' stands inside its own anchor"),
        ("a: {<<: 5}\n", "'<<' can only merge mappings"),
        ("a: {<<: [5]}\n", "'<<' can only merge mappings"),
        ("a: !Custom 5\n", "the tag '!Custom' has no meaning in a pipeline file"),
        ("a: !!python/object:os.system []\n", "has no meaning in a pipeline file"),
        ("a: !!int many\n", "'many' is not of the type that its tag !!int says"),
        ("a: !!timestamp 2024-01-01\n", "has no meaning in a pipeline file"),
        ("a: !!map text\n", "is not of the type that its tag !!map says"),
    ],
)
def test_what_has_no_meaning_is_refused(text: str, words: str) -> None:
    """Each with one problem that has a place and tells what to do."""
    (problem,) = problems(text)
    assert words in problem.message
    assert problem.line is not None
    assert problem.help


def test_aliases_cannot_expand_without_bound() -> None:
    """Ten levels of ten aliases are ten billion values: refused at once."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
    (problem,) = problems("\n".join(lines))
    assert problem.code == "alias-expansion"


def test_merges_cannot_expand_without_bound() -> None:
    """Neither as a wide tree of merges nor as a long chain of them."""
    lines = ["m0: &m0 {x: {y: 1}}"]
    lines += [f"m{n}: &m{n} {{<<: *m{n - 1}, k{n}: {{v: 1}}}}" for n in range(1, 1000)]
    (problem,) = problems("\n".join(lines))
    assert problem.code == "alias-expansion"


def test_merging_the_same_again_and_again_is_refused() -> None:
    """The work counts, not only what is left of it."""
    keys = ", ".join(f"k{n}: 1" for n in range(2000))
    (problem,) = problems(f"a: &a {{{keys}}}\nb: {{<<: [{', '.join(['*a'] * 2000)}]}}\n")
    assert problem.code == "alias-expansion"


def test_only_what_aliases_add_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document may be long; with a low limit, so that the test is quick."""
    monkeypatch.setattr(yaml_reader, "MAX_EXPANDED", 100)
    assert len(read("- a\n" * 500).value) == 500
    assert len(read("- &a [x]\n" + "- *a\n" * 50).value) == 51
    (problem,) = problems("- &a [x]\n" + "- *a\n" * 51)
    assert (problem.code, problem.line) == ("alias-expansion", 52)


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 101 + "]" * 101, "- " * 5000, "{a: " * 101])
def test_deep_nesting_is_refused(text: str) -> None:
    """Without running out of stack."""
    (problem,) = problems(text)
    assert problem.code in ("too-deep", "yaml-syntax")


def test_deep_nesting_by_aliases_is_refused() -> None:
    """A chain of anchors nests as deeply as brackets do."""
    lines = ["- &a0 [x]"] + [f"- &a{n} [[[[[[[[[*a{n - 1}]]]]]]]]]" for n in range(1, 30)]
    (problem,) = problems("\n".join(lines))
    assert problem.code == "too-deep"
    assert len(read("[" * 100 + "]" * 100).value) == 1


# --- keys ---


def test_duplicate_keys_show_both_places() -> None:
    """All of them at once."""
    found = problems("a: 1\nb: {x: 1, x: 2}\n'a': 3\n<<: {}\n<<: {}\n")
    assert [(p.code, p.line, p.column, p.note) for p in found] == [
        ("duplicate-key", 2, 11, "it is first given at pipeline.yml:2:5"),
        ("duplicate-key", 3, 1, "it is first given at pipeline.yml:1:1"),
        ("duplicate-key", 5, 1, "it is first given at pipeline.yml:4:1"),
    ]
    assert found[1].length == len("'a'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1: a\n", "the key 1 is not a string"),
        ("true: a\n", "the key true is not a string"),
        ("1.5: a\n", "the key 1.5 is not a string"),
        ("~: a\n", "the key ~ is not a string"),
        ("? \n: a\n", "a key is missing before ':'"),
        ("? [a, b]\n: c\n", "a key cannot be a sequence"),
        ("? {a: b}\n: c\n", "a key cannot be a mapping"),
    ],
)
def test_keys_are_strings(text: str, message: str) -> None:
    """Anything else is reported where it stands."""
    (problem,) = problems(text)
    assert (problem.code, problem.message, problem.line) == ("non-string-key", message, 1)


def test_words_of_yaml_1_1_are_keys() -> None:
    """`on:` was true once."""
    assert read("on: 1\nyes: 2\n2024-01-01: 3\n").value == {"on": 1, "yes": 2, "2024-01-01": 3}


# --- placeholders ---


def test_bare_placeholders_are_strings_everywhere() -> None:
    """Also in flow collections, where YAML alone would take the braces for a mapping."""
    document = read(
        'a: ${x}\nb: [${y}, a-${y}-b, {${k}: ${v}}]\n"c": [\'${q}\', "${q}\\ue000"]\n'
        "d: {s: ${secret:env:KEY}}\n"
    )
    assert document.value == {
        "a": "${x}",
        "b": ["${y}", "a-${y}-b", {"${k}": "${v}"}],
        "c": ["${q}", "${q}\ue000"],
        "d": {"s": "${secret:env:KEY}"},
    }
    assert written(document, "b", 1) == "a-${y}-b"
    assert document.source_map.position_inside(("b", 1), 2) == Position(2, 13)
    assert document.source_map.position_inside_key(("b", 2, "${k}"), 0) == Position(2, 22)


# --- errors ---


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: b: c\n", 1, "': '"),
        ("a: [1, 2\nb: 3\n", 1, "never closed"),
        ("a:\n\t- b\n", 2, "tab"),
        ("a: 'x\n", 1, "never closed"),
        ("a: 1\n  b: 2\n", 2, "'b' is indented deeper than 'a'"),
        ("- a: 1\n   b: 2\n", 2, "'b' is indented deeper than 'a'"),
        ("a:b\nc: d\n", 1, "a space is missing"),
        ("a: |\nSELECT 1\nb: c\n", 2, "must be indented deeper"),
        ("a: 'it's'\n", 1, "ends here, and more follows"),
        ("\u00a0\u00a0name: 1\n", 1, "U+00A0"),
        ("- a\nb: c\n", 2, ""),
        ('a: "\\q"\n', 1, "no valid escape"),
        ("a: @x\n", 1, "cannot begin with '@'"),
        ("a: %x\n", 1, "cannot begin with '%'"),
        ("a: !t!x y\n", 1, "not declared"),
        ("a: b\n--- \nc: d\n", 2, "second YAML document"),
        ("a: 1\n---\n...\n", 2, "second YAML document"),
        ("a: x\x07y\n", 1, "U+0007"),
        ("a: x\0\n", 1, "U+0000"),
        ("key\nb: c\n", 1, "no ':' behind its key"),
        ("a: - b\n", 1, "cannot begin here"),
        (": a\n", 1, ""),
    ],
)
def test_syntax_errors_have_a_place_and_one_sentence(text: str, line: int, words: str) -> None:
    """The words say what is wrong, not what the parser did."""
    (problem,) = problems(text)
    assert problem.line == line
    assert words in problem.message
    assert "\n" not in problem.message
    assert problem.help
