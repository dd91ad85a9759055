"""Words of queries and their places."""

import pytest

from aqueducts.query_words import Subject, SubjectKind, find_subject, read_words


@pytest.mark.parametrize(
    ("kind", "name", "query", "found"),
    [
        ("column", "nope", "SELECT nope FROM t", "nope"),
        ("column", 't."Nope"', 'SELECT 1,\n  t."Nope"\nFROM t', 't."Nope"'),
        ("column", "t.nope", "SELECT T.Nope FROM t", "T.Nope"),
        ("column", "t.nope", "SELECT Nope FROM t", "Nope"),
        ("column", "nope", "SELECT nope2, nope FROM t", "nope"),
        ("column", "nope", "SELECT 'nope' AS a -- nope\n, nope FROM t", "nope"),
        ("column", "nope", "SELECT /* nope */ a AS nope FROM t WHERE nope", "nope"),
        ("column", "other", "SELECT a", None),
        ("function", "upperr", "SELECT upperr, upperr(a)", "upperr"),
        ("function", "upperr", "SELECT upperr", None),
        ("table", "public.nope", "SELECT nope FROM nope", "nope"),
        ("table", "public.nope", "SELECT * FROM public.nope", "public.nope"),
        ("table", '"a/b.csv"', "SELECT * FROM 'a/b.csv'", "'a/b.csv'"),
        ("text", "it's", "SELECT 'it''s'", "'it''s'"),
        ("text", "ann", "SELECT CAST(name AS int) FROM t", "CAST"),
        ("text", "ann", "SELECT name::int, other::int FROM t", None),
        ("type", "money", "SELECT money, CAST(a AS money) FROM t", "money"),
        ("type", "money", "SELECT a::money FROM t", "money"),
        ("keyword", "WHERE", "SELECT a FROM t\nwhere a", "where"),
        ("operator", "+", "SELECT a + 1", "+"),
        ("operator", "+", "SELECT a + 1 + 2", None),
    ],
)
def test_subjects_are_found(kind: SubjectKind, name: str, query: str, found: str | None) -> None:
    """The text at the place is what the error is about; nothing is guessed."""
    place = find_subject(query, Subject(kind, name))
    assert (None if place is None else query[place[0] : sum(place)]) == found


def test_the_use_of_a_name_is_found_not_where_it_is_given() -> None:
    """A name behind AS is given there, and used elsewhere."""
    query = "SELECT a AS nope FROM t WHERE nope > 1"
    assert find_subject(query, Subject("column", "nope")) == (query.rindex("nope"), 4)


def test_comments_and_quotes_are_understood() -> None:
    """Quotes may be doubled, names may stand in backticks, comments are left out."""
    words = read_words("a \"b\"\"c\" `d` 'e''f' -- g\n/* h */ 1.5 ->> ::")
    assert [word.text for word in words] == ["a", 'b"c', "d", "e'f", "1.5", "->>", "::"]
